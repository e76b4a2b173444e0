"""Long work beside a service: on SQLite those who post keep at least half of the writer's time."""

import contextlib
import datetime
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from schemas.transactions import TradeSchema
from service.commands.committer import Committer
from service.commands.folding import fold_all
from service.commands.posting import NewEntry, Outcome, Post, post
from service.commands.residents import Registration, register
from service.domain.idempotency import key_digest, trade_fingerprint
from service.importing.sharing import ENTRIES_PER_TURN, SharingCommitter
from service.ledger import Ledger
from tests.builders import a_citizen_number, a_key, a_trade

LONG_WORK = 12_000


@pytest.fixture
def engine_name() -> str:
    """On PostgreSQL writers do not wait for each other."""
    return "sqlite"


@pytest.fixture(autouse=True)
def residents(ledger: Ledger) -> None:
    """Two, so that nobody reads the allowance of the other."""
    for number in range(2):
        born = a_citizen_number(number)
        register(ledger, Registration("巴特尔", born, datetime.date(2023, 6, 1), None, None, None))


def _entries(count: int, resident: int = 1) -> list[Post]:
    trade = TradeSchema().read(a_trade(resident_id=f"R{resident:08d}", amount_cny="1.00"))
    fingerprint = trade_fingerprint(trade)
    return [Post(key_digest(1, "t", a_key()), fingerprint, "t", trade) for _ in range(count)]


@contextlib.contextmanager
def _others_posting(ledger: Ledger) -> Iterator[None]:
    """Somebody posts one trade after the other."""
    until = threading.Event()

    def work() -> None:
        while not until.is_set():
            post(ledger, _entries(1, resident=2))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        until.set()
        thread.join()


def _share_of_time(ledger: Ledger, committer: Committer, work: SharingCommitter | Committer) -> float:
    """How much of the time long work has the turn, or keeps others from it by asking for it."""
    held_s = 0.0
    submit = committer.submit

    def measured(entries: Sequence[NewEntry], **more: float | None) -> list[Outcome]:
        nonlocal held_s
        began = time.monotonic()
        try:
            return submit(entries, **more)  # type: ignore[arg-type] # (a time-out, if any)
        finally:
            held_s += time.monotonic() - began - ledger.database.waited_s

    committer.submit = measured  # type: ignore[method-assign] # (what is measured)
    began = time.monotonic()
    assert all(outcome.transaction for outcome in work.submit(_entries(LONG_WORK)))
    return held_s / (time.monotonic() - began)


def test_long_work_leaves_half_of_the_time_to_those_who_post(ledger: Ledger, other_ledger: Ledger) -> None:
    with contextlib.closing(SharingCommitter(ledger)) as work, _others_posting(other_ledger):
        assert _share_of_time(ledger, work._committer, work) <= 0.5


def test_without_a_rest_it_takes_nearly_all(ledger: Ledger, other_ledger: Ledger) -> None:
    """The negative control."""
    with contextlib.closing(Committer(ledger)) as work, _others_posting(other_ledger):
        assert _share_of_time(ledger, work, work) > 0.8


def test_where_nobody_posts_it_does_not_rest(ledger: Ledger, other_ledger: Ledger) -> None:
    """Not even where somebody folds."""
    entries = _entries(4 * ENTRIES_PER_TURN)
    rested: list[bool] = []
    with contextlib.closing(SharingCommitter(ledger)) as work:
        rest = work._rest

        def note_and_rest(rest_s: float) -> bool:
            rested.append(True)
            return rest(rest_s)

        work._rest = note_and_rest  # type: ignore[method-assign] # (a spy)
        outcomes = work.submit(entries[:ENTRIES_PER_TURN])
        fold_all(other_ledger)
        outcomes += work.submit(entries[ENTRIES_PER_TURN:])
    assert rested == []
    assert len(outcomes) == len(entries)
    assert [outcome.transaction is not None for outcome in outcomes] == [True] * len(entries)


def test_outcomes_come_in_the_order_of_their_entries(ledger: Ledger) -> None:
    entries = _entries(ENTRIES_PER_TURN + 10)
    with contextlib.closing(SharingCommitter(ledger)) as work:
        first = work.submit(entries)
        again = work.submit(entries)
    assert [one.transaction for one in first] == [one.transaction for one in again]
    assert [one.replayed for one in again] == [True] * len(entries)
