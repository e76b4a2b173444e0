"""A fold never goes beyond a place that is still on its way, and waits for nobody but those who write (PostgreSQL)."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from loadtests.ledgers import fresh_posts, register_residents
from service.commands.folding import fold, fold_all
from service.commands.posting import post
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.queries.ledger import get_head, tail_length
from service.queries.verifying import Wrong, verify
from service.storage import journal, settling
from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable, NotWritten
from tests.recounting import read_journal

pytestmark = pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)

WRITERS = 5
TRANSACTIONS_EACH = 200


def _a_first_entry(ledger: Ledger) -> Transaction:
    register_residents(ledger, 3)
    post(ledger, fresh_posts(1, 3))
    [first] = read_journal(ledger)
    return first


def _write_in_random_order(ledger: Ledger, like: Transaction, seed: int, done: list[int]) -> None:
    """Draws places and commits them late, or gives them up; the pauses decide who overtakes whom.

    Each writer has connections of its own, as another process has.
    """
    chance = random.Random(seed)
    database = Database(ledger.database.url.render_as_string(hide_password=False))
    for _ in range(TRANSACTIONS_EACH):
        try:
            with database.writing() as connection:
                time.sleep(chance.random() / 2000)
                for _ in range(chance.choice((1, 1, 3))):
                    journal.insert(connection, [like._replace(transaction_id=ledger.new_id())])
                time.sleep(chance.random() / 500)
                if chance.random() < 0.1:
                    raise _GivenUp
        except _GivenUp:
            continue
    database.close()
    done.append(seed)


class _GivenUp(Exception):
    pass


def _fold_beside_random_writers(ledger: Ledger) -> int:
    """Folds without a pause while 1,000 transactions interleave; how many blocks were sealed meanwhile."""
    first, done, blocks = _a_first_entry(ledger), list[int](), 0
    threads = [
        threading.Thread(target=_write_in_random_order, args=(ledger, first, seed, done)) for seed in range(WRITERS)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        blocks += fold(ledger) is not None
    fold_all(ledger)
    assert len(done) == WRITERS
    return blocks


def _in_blocks_and_in_the_journal(ledger: Ledger) -> tuple[int, int]:
    return get_head(ledger).transactions, len(read_journal(ledger))


def test_no_late_commit_is_skipped_in_a_thousand_interleavings(ledger: Ledger) -> None:
    blocks = _fold_beside_random_writers(ledger)
    folded, there = _in_blocks_and_in_the_journal(ledger)
    assert folded == there > 1000
    assert blocks > 20


def test_without_waiting_for_writers_entries_are_skipped(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control."""
    monkeypatch.setattr(settling, "_writers", lambda _connection: frozenset())
    _fold_beside_random_writers(ledger)
    folded, there = _in_blocks_and_in_the_journal(ledger)
    assert folded < there
    with pytest.raises(Wrong):
        verify(ledger)


@contextmanager
def _vacuuming(ledger: Ledger) -> Iterator[None]:
    """A VACUUM of the journal that is throttled so much that it goes on until it is cancelled."""
    url = ledger.database.url
    place = {"host": url.query["host"], "user": url.username, "dbname": url.database}
    with psycopg.connect(**place, autocommit=True) as connection:  # type: ignore[arg-type] # (a place is text)
        connection.execute("SET vacuum_cost_delay = '100ms'")
        connection.execute("SET vacuum_cost_limit = 1")
        ended: list[Exception] = []

        def vacuum() -> None:
            try:
                connection.execute("VACUUM (FREEZE) journal")
            except psycopg.Error as error:
                ended.append(error)

        thread = threading.Thread(target=vacuum)
        thread.start()
        _wait_for_its_lock(ledger.database)
        try:
            yield
        finally:
            was_running = thread.is_alive()
            connection.cancel()
            thread.join()
            assert was_running, "the VACUUM ended before the test did"


def _wait_for_its_lock(database: Database) -> None:
    held = sa.text("SELECT count(*) FROM pg_locks WHERE mode = 'ShareUpdateExclusiveLock' AND granted")
    for _ in range(400):
        with database.reading() as connection:
            if connection.execute(held).scalar_one():
                return
        time.sleep(0.005)
    raise AssertionError("no VACUUM began")


def test_posts_and_folds_go_on_while_a_vacuum_runs(ledger: Ledger) -> None:
    register_residents(ledger, 20)
    post(ledger, fresh_posts(600, 20))
    with _vacuuming(ledger):
        began = time.monotonic()
        for seed in range(2, 7):
            post(ledger, fresh_posts(5, 20, seed))
            assert fold(ledger) is not None
        assert time.monotonic() - began < 5
    assert tail_length(ledger) == 0
    verify(ledger)


def test_a_lock_on_the_table_would_wait_for_the_vacuum(ledger: Ledger) -> None:
    """A negative control: what a fold asked for until now."""
    register_residents(ledger, 20)
    post(ledger, fresh_posts(600, 20))
    with _vacuuming(ledger), pytest.raises(NotWritten, match="lock timeout"):
        _lock_the_journal(ledger)


def _lock_the_journal(ledger: Ledger) -> None:
    with ledger.database.writing() as connection:
        connection.execute(sa.text("SET LOCAL lock_timeout = '300ms'"))
        connection.execute(sa.text("LOCK TABLE journal IN SHARE MODE"))


def test_a_writer_that_does_not_end_stops_only_the_fold(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "WRITERS_END_WITHIN_S", 0.2)
    first = _a_first_entry(ledger)
    with ledger.database.writing() as connection:
        journal.insert(connection, [first._replace(transaction_id=ledger.new_id())])
        with pytest.raises(DatabaseUnavailable, match="does not end"):
            fold(ledger)
        post(ledger, fresh_posts(5, 3, seed=2))
    assert fold_all(ledger) == 7
