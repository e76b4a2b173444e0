"""A served market with enterprises, and a forwarder at its browser for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.delivery.yards import Forwarder, Yard
from tests.servers import environment_of_new_ledger, serving


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A ledger with residents and two enterprises on SQLite, served by a process of its own."""
    folder = tmp_path_factory.mktemp("yard")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Yard(server, environment)
        found.fill()
        yield found


@pytest.fixture
def forwarder(yard: Yard, chromium: Any) -> Iterator[Forwarder]:
    """A clerk who reads English on a light screen."""
    found = Forwarder(yard, chromium, color_scheme="light")
    yield found
    found.context.close()
