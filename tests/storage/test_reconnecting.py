"""After a database was restarted, the next request gets a new connection, and no error."""

import time
from contextlib import ExitStack, nullcontext

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage import beginning, postgresql
from service.storage.faults import DatabaseUnavailable, NotWritten
from service.storage.ledger_state import Watch


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def _fill_pools(ledger: Ledger) -> None:
    """Several connections of each kind, all of them idle."""
    with ExitStack() as stack:
        for is_post in (True, False, False):
            stack.enter_context(ledger.database.reading())
            stack.enter_context(ledger.database.writing(is_post=is_post))


def _end_all(other_ledger: Ledger) -> None:
    """Ends all connections, as a restart or an administrator does."""
    ending = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with other_ledger.database.engines[0].connect() as connection:
        connection.execute(sa.text(ending))


def test_whoever_asks_after_a_restart_gets_an_answer(ledger: Ledger, other_ledger: Ledger) -> None:
    watch = Watch(ledger.database)
    state = watch.read()
    for _ in range(2):
        _fill_pools(ledger)
        _end_all(other_ledger)
        assert watch.read() == state
        with ledger.database.writing() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
        with ledger.database.reading() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    watch.close()


def test_without_a_second_attempt_somebody_gets_an_error(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what is found dead when a transaction begins is not replaced."""
    monkeypatch.setattr(beginning, "ATTEMPTS", (False,))
    _fill_pools(ledger)
    _end_all(other_ledger)
    with pytest.raises(DatabaseUnavailable), ledger.database.reading():
        pass


@pytest.mark.parametrize("is_limited", [True, False])
def test_a_writer_that_stops_in_its_transaction_is_ended(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch, is_limited: bool
) -> None:
    """It was suspended, or its machine vanished; others wait for what it has locked. Not so at length."""
    soon = postgresql._WRITING.replace(f"={postgresql.IDLE_IN_TRANSACTION_MS}", "=200")
    monkeypatch.setattr(postgresql, "_WRITING", soon)
    lock = "LOCK TABLE journal IN EXCLUSIVE MODE"
    with pytest.raises(NotWritten) if is_limited else nullcontext(), ExitStack() as stack:
        stopped = stack.enter_context(ledger.database.writing(at_length=not is_limited))
        stopped.exec_driver_sql(lock)
        time.sleep(0.4)
        with other_ledger.database.reading() as connection:
            waiting = connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE relation = 'journal'::regclass")
            assert waiting.scalar_one() == (0 if is_limited else 1)
        stopped.exec_driver_sql("SELECT 1")
