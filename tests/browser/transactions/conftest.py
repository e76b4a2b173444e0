"""A served hall with trades, and a visitor of its pages for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.transactions.hall import Hall, Visitor
from tests.servers import environment_of_new_ledger, serving


@pytest.fixture(scope="package")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """A ledger on SQLite with the trades of two clerks, served by a process of its own."""
    folder = tmp_path_factory.mktemp("hall")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Hall(server, environment)
        found.fill()
        yield found


@pytest.fixture
def visitor(hall: Hall, chromium: Any) -> Iterator[Visitor]:
    """Somebody who reads English on a light screen."""
    found = Visitor(hall, chromium, color_scheme="light")
    yield found
    found.context.close()
