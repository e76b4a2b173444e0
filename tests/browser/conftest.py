"""Chromium without a window. Of Debian's two programs it is the one built for that, which takes half the processor."""

import os
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.clerks import Bureau, Clerk
from tests.browser.guided import Guide, Guided
from tests.browser.small_ledger import fill
from tests.servers import environment_of_new_ledger, serving

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skips the tests of pages on machines without a browser."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(PROGRAM is None, reason="there is no chromium on this machine"))


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
