"""A served market without trades, and a clerk at its counter for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.record.counters import Counter, Market
from tests.servers import environment_of_new_ledger, serving


@pytest.fixture(scope="package")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    """A ledger without trades on SQLite, served by a process of its own."""
    folder = tmp_path_factory.mktemp("counter")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Market(server, environment)
        found.fill()
        yield found


@pytest.fixture
def clerk(market: Market, chromium: Any) -> Iterator[Counter]:
    """A clerk who reads English on a light screen."""
    found = Counter(market, chromium, color_scheme="light")
    yield found
    found.context.close()
