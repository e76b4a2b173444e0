"""Transfers and reversals of their trades at once: a reversed trade never has a live transfer, and nothing deadlocks.

Each lock has a negative control on PostgreSQL. SQLite has one writer: the second begins after the first has ended.
"""

import itertools
from collections.abc import Callable
from uuid import UUID

import pytest
import sqlalchemy as sa

from schemas.transactions import TradeSchema
from service.commands.committer import Committer
from service.commands.posting import NewEntry, Post, Reverse
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.idempotency import key_digest, reversal_fingerprint, trade_fingerprint
from service.domain.keys import OPERATOR_RIGHTS
from service.ledger import Ledger
from service.storage import transferred
from service.storage.tables import journal, transfer_line, transfer_reversal
from tests.builders import a_trade
from tests.conftest import Caller
from tests.transfers.market import buy, of, to_processor
from tests.transfers.races import RESIDENTS, both, bought, in_threads, postgresql_only, wait_behind

THREADS = 64
_numbers = itertools.count(1)


def _reverse(ledger: Ledger, transaction_id: str) -> str:
    """Reverses a trade as the committer of a server does."""
    number, trade = next(_numbers), UUID(transaction_id)
    digest = key_digest(0, "race", f"reversal-{number}")
    fingerprint = reversal_fingerprint(trade, "x")
    entry = Reverse(digest, fingerprint, f"r-{number}", trade, "x", rights=OPERATOR_RIGHTS)
    return _submit(ledger, entry)


def _submit(ledger: Ledger, *entries: NewEntry) -> str:
    committer = Committer(ledger)
    try:
        [refusal, *_] = [outcome.refusal for outcome in committer.submit(list(entries))]
    finally:
        committer.close()
    return "posted" if refusal is None else refusal.code


def _transfer_before_reversal(ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    [bought] = buy(admin)
    wait_behind(monkeypatch, transferred, "read_states")

    def send() -> str:
        post_transfer(ledgers[0], to_processor(), of(bought))
        return "posted"

    return both(send, lambda: _reverse(ledgers[1], bought))


def _reversal_before_transfer(ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    [bought] = buy(admin)
    wait_behind(monkeypatch, transferred, "find_live_transfers")

    def send() -> str:
        post_transfer(ledgers[0], to_processor(), of(bought))
        return "posted"

    return both(lambda: _reverse(ledgers[1], bought), send)


def _reversed_trades_that_have_gone_on(ledger: Ledger) -> int:
    reversal = journal.alias("reversal")
    wanted = (
        sa.select(sa.func.count())
        .select_from(transfer_line)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .join(reversal, reversal.c.reverses == journal.c.transaction_id)
        .where(~sa.exists().where(transfer_reversal.c.transfer == transfer_line.c.transfer))
    )
    with ledger.database.reading() as connection:
        return int(connection.execute(wanted).scalar_one())


def test_a_reversal_waits_for_a_transfer_of_its_trade(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _transfer_before_reversal(ledgers, admin, monkeypatch) == ["posted", "has-transfers"]


def test_a_transfer_waits_for_a_reversal_of_its_trade(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _reversal_before_transfer(ledgers, admin, monkeypatch) == ["posted", "already-reversed"]


@pytest.mark.parametrize("race", [_transfer_before_reversal, _reversal_before_transfer])
def test_without_the_lock_a_reversed_trade_goes_on(
    ledgers: list[Ledger],
    admin: Caller,
    monkeypatch: pytest.MonkeyPatch,
    engine_name: str,
    race: Callable[..., list[str]],
) -> None:
    """The negative control."""
    postgresql_only(engine_name)
    monkeypatch.setattr(transferred, "lock", lambda _connection, _trades: None)
    assert race(ledgers, admin, monkeypatch) == ["posted", "posted"]
    assert _reversed_trades_that_have_gone_on(ledgers[0]) == 1


def test_without_the_check_a_trade_that_has_gone_on_is_reversed(
    ledgers: list[Ledger], admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the check in the judge."""
    [bought] = buy(admin)
    post_transfer(ledgers[0], to_processor(), of(bought))
    monkeypatch.setattr(transferred, "find_live_transfers", lambda _connection, _ids: {})
    assert _reverse(ledgers[1], bought) == "posted"
    assert _reversed_trades_that_have_gone_on(ledgers[0]) == 1


def test_transfers_reversals_and_posts_at_once_neither_deadlock_nor_break_a_rule(
    ledgers: list[Ledger], admin: Caller
) -> None:
    ids = [one for _ in range(4) for one in bought(admin)]

    def work(number: int) -> str:
        which, place = ledgers[number % 4], number // 4
        if number % 4 == 0:
            named = ids if place % 2 else ids[::-1]
            return _sent_and_perhaps_reversed(which, named[place % 3 :: 3], is_reversed=place % 2 == 0)
        if number % 4 == 1:
            return _reverse(which, ids[place])
        return _post_of_all(which, number)

    became = in_threads(work, THREADS)

    assert set(became) <= {"posted", "quantity-exceeded", "already-reversed", "has-transfers"}, became
    assert became["posted"] >= THREADS // 2
    assert _reversed_trades_that_have_gone_on(ledgers[0]) == 0


def _sent_and_perhaps_reversed(ledger: Ledger, ids: list[str], *, is_reversed: bool) -> str:
    posted = post_transfer(ledger, to_processor(), of(*ids, quantity_g=7_000))
    if is_reversed:
        reverse_transfer(ledger, posted.transfer.number, "x")
    return "posted"


def _post_of_all(ledger: Ledger, number: int) -> str:
    """A batch of trades of all residents, in one order or the other."""
    ordinals = range(1, RESIDENTS + 1)
    entries = []
    for ordinal in ordinals if number % 8 < 4 else reversed(ordinals):
        trade = TradeSchema().read(a_trade(resident_id=f"R{ordinal:08d}"))
        digest = key_digest(0, "race", f"post-{number}-{ordinal}")
        entries.append(Post(digest, trade_fingerprint(trade), f"p-{number}", trade))
    return _submit(ledger, *entries)
