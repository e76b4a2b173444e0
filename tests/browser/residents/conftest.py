"""A served market with a few residents, and a registrar at its browser for each test."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.residents.offices import Office, Registrar
from tests.servers import environment_of_new_ledger, serving


@pytest.fixture(scope="package")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """A ledger with a few residents on SQLite, served by a process of its own."""
    folder = tmp_path_factory.mktemp("office")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Office(server, environment)
        found.folder = folder
        found.fill()
        yield found


@pytest.fixture
def registrar(office: Office, chromium: Any) -> Iterator[Registrar]:
    """A registrar who reads English on a light screen."""
    found = Registrar(office, chromium, color_scheme="light")
    yield found
    found.context.close()
