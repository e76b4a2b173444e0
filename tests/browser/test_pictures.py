"""A picture of every page, in every language, light and dark, wide and on a phone, to be looked at.

`HUSHI_PICTURES=folder python -m pytest tests/browser/test_pictures.py` keeps them; docs/dashboard.png is the first.
"""

import os
import pathlib
import struct
from typing import Any

import pytest

from tests.browser.test_dashboard import CHROMIUM, QUESTION, Bureau, Clerk, bureau, chromium

__all__ = ["bureau", "chromium"]

SIZES = {"wide": (1280, 900), "phone": (360, 800)}
LOOKS = [("light", "wide"), ("dark", "wide"), ("light", "phone"), ("dark", "phone")]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no chromium on this machine"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """Where the pictures are put."""
    kept = os.environ.get("HUSHI_PICTURES")
    found = pathlib.Path(kept) if kept else tmp_path_factory.mktemp("pictures")
    found.mkdir(exist_ok=True)
    return found


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
@pytest.mark.parametrize(("scheme", "size"), LOOKS)
def test_every_page_can_be_looked_at(
    bureau: Bureau, chromium: Any, folder: pathlib.Path, scheme: str, size: str, lang: str
) -> None:
    wide, high = SIZES[size]
    officer = Clerk(bureau, chromium, color_scheme=scheme, viewport={"width": wide, "height": high}, locale=lang)
    pages = {
        "dashboard": f"/?{QUESTION}&lang={lang}",
        "record": f"/record?lang={lang}",
        "bulletin": f"/v1/reports/bulletin?month=2024-04&format=html&lang={lang}",
        "signin": f"/signin?lang={lang}",
    }
    officer.sign_in(f"{QUESTION}&lang={lang}")
    for name, address in pages.items():
        officer.page.goto(bureau.address + address)
        if name == "dashboard":
            officer.wait_for_report()
            officer.settle()
        elif name == "record":
            officer.page.wait_for_selector("html[data-ready]")
        picture = folder / f"{name}-{lang}-{scheme}-{size}.png"
        officer.page.screenshot(path=picture, full_page=size == "phone")
        shown = picture.read_bytes()
        assert struct.unpack(">I", shown[16:20]) == (wide,), "nothing makes the page wider than its window"
        assert len(shown) > 5_000, "there is something on it"
    officer.context.close()
