"""A picture of every page, in every language, light and dark, wide and on a phone, to be looked at.

`HUSHI_PICTURES=folder python -m pytest tests/browser/test_pictures.py` keeps them. With `HUSHI_PICTURES_OF=URL`,
`HUSHI_PICTURES_KEY` and `HUSHI_PICTURES_ASK` they are of a running service, such as that of `make run`: so
docs/dashboard.png was made (ytd=2024-04-30, English, light, wide).
"""

import os
import pathlib
import struct
from typing import Any

import pytest

from tests.browser.test_dashboard import CHROMIUM, QUESTION, Bureau, Clerk, bureau, chromium

__all__ = ["bureau", "chromium"]

ASK = os.environ.get("HUSHI_PICTURES_ASK", QUESTION)
SIZES = {"wide": (1280, 900), "phone": (360, 800)}
LOOKS = [("light", "wide"), ("dark", "wide"), ("light", "phone"), ("dark", "phone")]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no chromium on this machine"),
]


class Elsewhere:
    """A service that runs already, with one key for everything."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.key = os.environ["HUSHI_PICTURES_KEY"]

    def new_key(self, _scope: str) -> str:
        return self.key


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest) -> Any:
    """What the pictures are of."""
    address = os.environ.get("HUSHI_PICTURES_OF")
    return Elsewhere(address) if address else request.getfixturevalue("bureau")


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
    place: Bureau | Elsewhere, chromium: Any, folder: pathlib.Path, scheme: str, size: str, lang: str
) -> None:
    wide, high = SIZES[size]
    officer = Clerk(place, chromium, color_scheme=scheme, viewport={"width": wide, "height": high}, locale=lang)
    pages = {
        "dashboard": f"/?{ASK}&lang={lang}",
        "record": f"/record?lang={lang}",
        "bulletin": f"/v1/reports/bulletin?month=2024-04&format=html&lang={lang}",
        "signin": f"/signin?lang={lang}",
    }
    officer.page.goto(f"{place.address}/signin?next=/#key={place.new_key('admin')}")
    officer.wait_for_report()
    for name, address in pages.items():
        officer.page.goto(place.address + address)
        if name == "dashboard":
            officer.wait_for_report()
            officer.settle()
        elif name == "record":
            officer.page.wait_for_selector("html[data-ready]")
            officer.page.fill("#who-is", "R00000001")
            officer.page.press("#who-is", "Enter")
            officer.page.wait_for_selector("#allowance-text")
        picture = folder / f"{name}-{lang}-{scheme}-{size}.png"
        officer.page.screenshot(path=picture, full_page=size == "phone")
        shown = picture.read_bytes()
        assert struct.unpack(">I", shown[16:20]) == (wide,), "nothing makes the page wider than its window"
        assert len(shown) > 5_000, "there is something on it"
    officer.context.close()
