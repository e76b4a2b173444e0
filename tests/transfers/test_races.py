"""Transfers at once: never more than there is.

Each lock has a negative control on PostgreSQL. SQLite has one writer: the second begins after the first has ended.
"""

import itertools

import pytest
import sqlalchemy as sa

from service.commands.once import Attempt
from service.commands.transfers import post_transfer
from service.ledger import Ledger
from service.storage import residents, transferred
from tests.conftest import Caller
from tests.transfers.market import buy, gone, of, to_processor
from tests.transfers.races import RESIDENTS, both, bought, in_threads, postgresql_only, wait_behind

THREADS = 64
_numbers = itertools.count(1)


def test_sixty_four_threads_never_send_more_than_there_is(ledgers: list[Ledger], admin: Caller) -> None:
    ids = bought(admin)

    def send(number: int) -> str:
        named = ids if number % 2 else ids[::-1]
        post_transfer(ledgers[number % 4], to_processor(), of(*named, quantity_g=3_000))
        return "posted"

    assert in_threads(send, THREADS) == {"posted": 16, "quantity-exceeded": THREADS - 16}
    assert gone(ledgers[0]) == [(48_000, 96_000)] * RESIDENTS


def _send_two_at_once(ledgers: list[Ledger], ids: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two transfers of the same whole trades; the second begins when the first has judged, if nothing stops it."""
    wait_behind(monkeypatch, transferred, "read_states")

    def send(which: Ledger) -> str:
        post_transfer(which, to_processor(), of(*ids))
        return "posted"

    return both(lambda: send(ledgers[0]), lambda: send(ledgers[1]))


def test_the_second_transfer_waits_for_the_first(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _send_two_at_once(ledgers, bought(admin), monkeypatch) == ["posted", "quantity-exceeded"]


def _send_two_without_locks(ledgers: list[Ledger], ids: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    post_transfer(ledgers[0], to_processor(), of(*ids, quantity_g=1_000))
    monkeypatch.setattr(residents, "lock_registrations", lambda _connection: None)
    monkeypatch.setattr(transferred, "lock", lambda _connection, _trades: None)
    # They would meet at the number of the transfer as well.
    monkeypatch.setattr("service.storage.transfers._next_number", lambda _connection: next(_numbers) + 100)
    return _send_two_at_once(ledgers, ids, monkeypatch)


def test_without_the_locks_only_the_constraint_stops_the_second(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    """A negative control of the locks; the rule that the table states for itself still holds."""
    postgresql_only(engine_name)
    first, second = _send_two_without_locks(ledgers, bought(admin), monkeypatch)
    assert first == "posted"
    assert "ck_transferred_no_more_than" in second
    assert gone(ledgers[0]) == [(50_000, 100_000)] * RESIDENTS


def test_without_locks_and_constraints_more_goes_on_than_there_is(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    """The negative control of both."""
    postgresql_only(engine_name)
    with ledgers[0].database.engines[0].begin() as connection:
        for rule in ("no_more_than_there_is", "no_more_than_it_is_worth"):
            connection.execute(sa.text(f"ALTER TABLE transferred DROP CONSTRAINT ck_transferred_{rule}"))
    assert _send_two_without_locks(ledgers, bought(admin), monkeypatch) == ["posted", "posted"]
    assert gone(ledgers[0]) == [(99_000, 198_000)] * RESIDENTS


def test_one_key_at_once_records_one_transfer(ledgers: list[Ledger], admin: Caller) -> None:
    [bought] = buy(admin)
    numbers: list[int] = []

    def send(number: int) -> str:
        attempt = Attempt(b"k" * 16, b"m" * 16, f"r-{number}")
        found = post_transfer(ledgers[number % 4], to_processor(), of(bought, quantity_g=1_000), attempt=attempt)
        numbers.append(found.transfer.number)
        return "posted"

    assert in_threads(send, 16) == {"posted": 16}
    assert (set(numbers), gone(ledgers[0])) == ({1}, [(1_000, 2_000)])
