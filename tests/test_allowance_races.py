"""An allowance stays right among several processes on PostgreSQL, by a lock on its rows that all take in one order.

SQLite has one writer, so these tests pass there without a lock, and the negative controls run on PostgreSQL only.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.transactions import TradeSchema
from service.commands.committer import Committer
from service.commands.posting import Post, post
from service.config import read_settings
from service.domain.idempotency import key_digest, trade_fingerprint
from service.ledger import Ledger, open_ledger
from service.storage import allowance
from service.storage.faults import NotWritten
from service.storage.prepared import Prepared
from service.storage.tables import allowance_use, journal
from tests.builders import a_key, a_trade
from tests.conftest import Caller

LIMIT_FEN = 800_000
PROCESSES, POSTS = 4, 6


def _posting(**changes: Any) -> Post:
    trade = TradeSchema().read(a_trade(**changes))
    return Post(key_digest(1, "race", a_key()), trade_fingerprint(trade), "race", trade)


@pytest.fixture
def ledgers(ledger: Ledger, environment: dict[str, str], admin: Caller) -> Iterator[list[Ledger]]:
    """One ledger with two residents, opened as by several processes."""
    admin.register(2)
    opened = [open_ledger(read_settings(environment)) for _ in range(PROCESSES)]
    yield opened
    for one in opened:
        one.database.close()


def _in_threads(work: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _exempt_and_used_fen(ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch) -> tuple[int, int]:
    """After four processes have posted 1,000.00 six times each for one resident, whose row exists already."""
    post(ledgers[0], [_posting()])
    save = allowance.save

    def save_slowly(*arguments: Any) -> None:
        time.sleep(0.01)  # Time enough for the others to judge as well, if nothing makes them wait.
        save(*arguments)

    monkeypatch.setattr(allowance, "save", save_slowly)

    def post_some(number: int) -> None:
        committer = Committer(ledgers[number])
        for _ in range(POSTS):
            assert committer.submit([_posting()])[0].transaction is not None
        committer.close()

    _in_threads(post_some, PROCESSES)
    with ledgers[0].database.reading() as connection:
        exempt = connection.execute(sa.select(sa.func.sum(journal.c.exempt_fen))).scalar_one()
        used = connection.execute(sa.select(sa.func.sum(allowance_use.c.exempt_fen))).scalar_one()
    return int(exempt), int(used)


def test_several_committers_use_one_allowance_exactly_once(
    ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _exempt_and_used_fen(ledgers, monkeypatch) == (LIMIT_FEN, LIMIT_FEN)


def test_without_the_lock_they_give_out_more(
    ledgers: list[Ledger], monkeypatch: pytest.MonkeyPatch, engine_name: str
) -> None:
    _postgresql_only(engine_name)
    monkeypatch.setattr(allowance, "_LOCK", allowance._FIND)
    assert _exempt_and_used_fen(ledgers, monkeypatch)[0] > LIMIT_FEN


DAYS = ("2024-06-01", "2024-06-02", "2024-06-03")
MIDDLE = "resident = 1 AND day = 20240602 AND list_group = ''"
OPEN_MIDDLE = "INSERT INTO allowance_use VALUES (1, 20240602, '', 0, 0, 800000, 0)"


def _of_days(days: Sequence[str]) -> list[Post]:
    return [_posting(traded_at=f"{day}T12:00:00+08:00", amount_cny="1.00") for day in days]


def _rolled_back(ledgers: list[Ledger], holding_the_middle: str) -> list[str]:
    """Why transactions of two processes that name the same three rows in opposite orders were run again.

    A third one holds the row in the middle until both wait: then each has what it could take before that one.
    """
    failures: list[str] = []
    with ledgers[0].database.writing() as connection:
        # PostgreSQL looks for deadlocks after a second; a test need not wait for it so long.
        name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'")

    def post_all(process: int) -> None:
        entries = _of_days(DAYS if process == 1 else DAYS[::-1])
        for _ in range(5):
            try:
                post(ledgers[process], entries)
            except NotWritten as failure:
                failures.append(str(failure))
            else:
                return

    threads = [threading.Thread(target=post_all, args=(process,)) for process in (1, 2)]
    with suppress(_LetGo), ledgers[3].database.writing() as connection:
        connection.exec_driver_sql(holding_the_middle)
        for thread in threads:
            thread.start()
        _wait_until_two_wait(ledgers[0])
        raise _LetGo
    for thread in threads:
        thread.join()
    return failures


class _LetGo(Exception):
    """Rolls the transaction back that held the row in the middle."""


def _wait_until_two_wait(ledger: Ledger) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(400):
        with ledger.database.reading() as connection:
            if connection.exec_driver_sql(waiting).scalar_one() == 2:
                return
        time.sleep(0.025)
    raise AssertionError("nobody has waited for ten seconds")


def _postgresql_only(engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer: nobody ever waits for two")


def test_rows_that_exist_are_locked_in_one_order(ledgers: list[Ledger], engine_name: str) -> None:
    _postgresql_only(engine_name)
    post(ledgers[0], _of_days(DAYS))
    assert _rolled_back(ledgers, f"SELECT 1 FROM allowance_use WHERE {MIDDLE} FOR UPDATE") == []


class _InTheOrderOfTheBatch(Prepared):
    """Finds one row after the other by index; read whole, three rows would come in the order of the table."""

    def __init__(self) -> None:
        super().__init__(lambda dialect: allowance._reading(dialect).with_for_update(of=allowance_use))

    def run(self, connection: sa.Connection, **parameters: str) -> sa.CursorResult[Any]:
        for way in ("seqscan", "hashjoin", "mergejoin", "bitmapscan"):
            connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        return super().run(connection, **parameters)


def test_locked_in_the_order_of_the_batch_they_deadlock(
    ledgers: list[Ledger], engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control."""
    _postgresql_only(engine_name)
    post(ledgers[0], _of_days(DAYS))
    monkeypatch.setattr(allowance, "_LOCK", _InTheOrderOfTheBatch())
    assert "deadlock" in "".join(_rolled_back(ledgers, f"SELECT 1 FROM allowance_use WHERE {MIDDLE} FOR UPDATE"))


def test_rows_are_opened_in_one_order(ledgers: list[Ledger], engine_name: str) -> None:
    """One of the two meets the other at the primary key, and judges again: that is a race, and no deadlock."""
    _postgresql_only(engine_name)
    [failure] = _rolled_back(ledgers, OPEN_MIDDLE)
    assert "duplicate key" in failure


def test_opened_in_the_order_of_the_batch_they_deadlock(
    ledgers: list[Ledger], engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control."""
    _postgresql_only(engine_name)
    monkeypatch.setattr(allowance, "sorted", list, raising=False)
    assert "deadlock" in "".join(_rolled_back(ledgers, OPEN_MIDDLE))
