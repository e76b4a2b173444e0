"""Chromium without a window: of Debian's two programs the one that was built for that; it takes half the processor."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of pages are skipped where nothing can show them."""
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
