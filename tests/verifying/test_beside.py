"""Two processes that verify a ledger side by side find what one finds."""

import multiprocessing
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from service.commands.folding import fold
from service.config import Settings, read_settings
from service.ledger import Ledger
from service.queries.verifying import Wrong, beside, verify
from service.queries.verifying.beside import Helper, reading_beside, start_helper
from service.storage.engine import Connection
from service.storage.tables import journal
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import UNPROTECTED, engine_of
from tests.waiting import wait_until


@pytest.fixture
def settings(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of the ledger, of which a second process verifies a part however short it is."""
    monkeypatch.setattr(beside, "ENTRIES_MIN", 0)
    return read_settings(environment)


@pytest.fixture
def posted(ledger: Ledger, admin: Caller) -> None:
    """Five trades: three of them in a block, and two behind it."""
    admin.register(1)
    for number in range(5):
        assert admin.trade(a_trade(amount_cny=f"{number + 1}00.00")).status_code == 201
        if number == 2:
            fold(ledger)


@pytest.fixture
def helper(settings: Settings) -> Iterator[Helper]:
    """A second process that counts the entries of the journal."""
    helper = start_helper(settings, [count_entries])
    yield helper
    helper.end()


def count_entries(connection: Connection, _ledger: Ledger) -> int:
    """A part of a verification that tells how many entries its snapshot has."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(journal)).scalar_one())


def test_two_processes_find_what_one_finds(ledger: Ledger, posted: None, settings: Settings) -> None:
    assert verify(ledger, settings=settings) == verify(ledger)


CHANGES = {
    "keys": "UPDATE idempotency SET mac = digest",
    "allowances": "UPDATE allowance_use SET exempt_fen = exempt_fen - 1",
    "cells": "UPDATE cell SET amount_fen = amount_fen + 1",
}
"""Faults of parts that either process may do, and of what comes before them."""


@pytest.mark.parametrize("change", CHANGES)
def test_two_processes_name_the_same_fault_as_one(
    ledger: Ledger, posted: None, settings: Settings, change: str
) -> None:
    later = "UPDATE allowance_use SET limit_fen = limit_fen + 1"
    with ledger.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_of(ledger)], CHANGES[change], later):
            connection.exec_driver_sql(statement)
    with pytest.raises(Wrong) as of_one:
        verify(ledger)
    with pytest.raises(Wrong) as of_two:
        verify(ledger, settings=settings)
    assert str(of_two.value) == str(of_one.value)


def test_what_a_process_that_dies_has_not_done_is_done(
    ledger: Ledger, posted: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Helper.begin

    def begin_and_die(self: Helper, token: str | None) -> bool:
        is_begun = found(self, token)
        for process in multiprocessing.active_children():
            process.kill()
        return is_begun

    expected = verify(ledger)
    with monkeypatch.context() as patched:
        patched.setattr(Helper, "begin", begin_and_die)
        assert verify(ledger, settings=settings) == expected


def test_both_processes_see_the_same_snapshot(ledger: Ledger, posted: None, helper: Helper, admin: Caller) -> None:
    with reading_beside(ledger, helper) as (connection, with_helper):
        assert with_helper is helper
        assert admin.trade(a_trade()).status_code == 201
        assert (count_entries(connection, ledger), helper.outcomes()[0].value) == (5, 5)


def test_without_a_shared_snapshot_they_would_see_another_one(
    ledger: Ledger, posted: None, helper: Helper, admin: Caller
) -> None:
    wait_until(helper.is_ready)
    with ledger.database.reading() as connection:
        assert count_entries(connection, ledger) == 5
        assert admin.trade(a_trade()).status_code == 201
        assert helper.begin(None)
        assert (count_entries(connection, ledger), helper.outcomes()[0].value) == (5, 6)


def test_where_nothing_can_be_shared_one_process_does_all(
    ledger: Ledger, posted: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse: Callable[[Helper, str | None], bool] = lambda _helper, _token: False  # noqa: E731 (one line, one use)
    monkeypatch.setattr(Helper, "begin", refuse)
    assert verify(ledger, settings=settings).transactions > 0
