"""Fixtures of the tests of transfers."""

from collections.abc import Iterator

import pytest

from service.config import read_settings
from service.ledger import Ledger, open_ledger
from tests.conftest import Caller
from tests.transfers.market import register_enterprises
from tests.transfers.races import RESIDENTS


@pytest.fixture
def ledgers(ledger: Ledger, admin: Caller, environment: dict[str, str]) -> Iterator[list[Ledger]]:
    """The same ledger, opened as by several processes, with enterprises and residents."""
    register_enterprises(ledger)
    admin.register(RESIDENTS)
    opened = [open_ledger(read_settings(environment)) for _ in range(4)]
    yield opened
    for one in opened:
        one.database.close()
