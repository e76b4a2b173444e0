"""Chromium without a window. Of Debian's two programs it is the one built for that, which takes half the processor."""

import os
import pathlib
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.clerks import Bureau, Clerk
from tests.browser.guided import Guide, Guided
from tests.browser.small_ledger import fill
from tests.servers import environment_of_new_ledger, serving

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
DRAWN = {"guide", "folder"}
"""The fixtures of tests that take pictures, and look at them."""


def _has_chinese_type() -> bool:
    """Whether a font on this machine has Chinese letters. Without one, each is drawn as an empty box."""
    program = shutil.which("fc-list")
    return program is not None and bool(subprocess.check_output([program, ":lang=zh"]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests of pages on machines without a browser, and the pictures where no font has Chinese letters."""
    has_no_type = not _has_chinese_type()
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "chromium" in fixtures:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(PROGRAM is None, reason="there is no chromium on this machine"))
            if fixtures & DRAWN:
                reason = "no font on this machine has Chinese letters (Debian: fonts-noto-cjk)"
                item.add_marker(pytest.mark.skipif(has_no_type, reason=reason))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A small ledger on SQLite, served by a process of its own."""
    folder = tmp_path_factory.mktemp("bureau")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Bureau(server, environment)
        fill(server, found.new_key("admin"))
        yield found


@pytest.fixture
def clerk(bureau: Bureau, chromium: Any) -> Iterator[Clerk]:
    """A clerk who reads English on a light screen."""
    found = Clerk(bureau, chromium, color_scheme="light")
    yield found
    found.context.close()


@pytest.fixture
def guide(place: Guided, chromium: Any, tmp_path: pathlib.Path) -> Iterator[Guide]:
    """The person who takes the pictures of a guide, in the market (`place`) that the module of its tests has made."""
    asked = os.environ.get("HUSHI_GUIDE_PICTURES")
    folder = pathlib.Path(asked) if asked else tmp_path
    folder.mkdir(exist_ok=True)
    found = Guide(place, chromium, folder)
    yield found
    found.context.close()
