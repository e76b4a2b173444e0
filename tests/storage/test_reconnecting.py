"""After a database was restarted, the next request gets a new connection, and no error."""

import re
import time
from contextlib import ExitStack, nullcontext
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage import beginning, postgresql
from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable, NotWritten
from service.storage.ledger_state import Watch
from tests import postgresql as server_of_tests
from tests.servers import free_port


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
def test_a_writer_that_stops_in_the_middle_of_what_it_sends_is_ended(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch, is_limited: bool
) -> None:
    """The control: without the limit of the whole transaction it keeps its locks, whatever the other limits are."""
    soon = re.sub("_timeout=[0-9]+", "_timeout=200", postgresql._WRITING)
    monkeypatch.setattr(postgresql, "_WRITING", soon)
    monkeypatch.setattr(postgresql, "TRANSACTION_TIMEOUT_MS", 400 if is_limited else 0)
    locked = "SELECT count(*) FROM pg_locks WHERE relation = 'journal'::regclass"

    def stop_half_way() -> None:
        with ledger.database.writing(is_post=True) as stopped:
            driver: Any = stopped.connection.driver_connection
            _send_without_end(driver, b"LOCK TABLE journal IN EXCLUSIVE MODE")
            time.sleep(1.0)
            with other_ledger.database.reading() as connection:
                assert connection.exec_driver_sql(locked).scalar_one() == (0 if is_limited else 1)
            driver.close()
            stopped.exec_driver_sql("SELECT 1")

    with pytest.raises(NotWritten):
        stop_half_way()


@pytest.mark.parametrize(("is_post", "limit"), [(True, "1min"), (False, "0")])
def test_only_a_post_is_limited_as_a_whole(ledger: Ledger, is_post: bool, limit: str) -> None:
    """A repair of many cells is one transaction, and may take longer."""
    with ledger.database.writing(is_post=is_post) as connection:
        assert connection.exec_driver_sql("SHOW transaction_timeout").scalar_one() == limit


def _send_without_end(driver: Any, statement: bytes) -> None:
    """Sends a statement, and not the message that ends what is sent together."""
    driver.pgconn.enter_pipeline_mode()
    driver.pgconn.send_query_params(statement, [])
    driver.pgconn.send_flush_request()
    driver.pgconn.flush()


def test_the_server_notices_a_client_that_has_vanished() -> None:
    """By itself its system waits for two hours."""
    port = free_port()
    with server_of_tests.running({"listen_addresses": "127.0.0.1", "port": str(port)}):
        database = Database(f"postgresql+psycopg://{server_of_tests.USER}@127.0.0.1:{port}/postgres")
        with database.engines[0].connect() as connection:
            named = "SELECT setting FROM pg_settings WHERE name LIKE 'tcp_keepalives_%%' ORDER BY name"
            found = [int(setting) for setting in connection.exec_driver_sql(named).scalars()]
        database.close()
    assert found == [postgresql.KEEPALIVES_MAX, postgresql.KEEPALIVE_IDLE_S, postgresql.KEEPALIVE_INTERVAL_S]


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
