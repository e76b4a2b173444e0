"""Several servers in one URL: the primary is found in time, also after a fail-over, and old connections are dropped."""

import contextlib
import pathlib
import socket
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest

from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import hosts, postgresql
from service.storage.faults import DatabaseUnavailable, NoPrimary, ReadOnlyDatabase
from service.storage.ledger_state import Watch
from tests.postgresql import USER, PostgreSQL, running, standby_of
from tests.storage.test_vanished_peers import RECOVERED_WITHIN_S
from tests.waiting import wait_until

NAME = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"

END_THE_OLDEST = """\
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'hushi'
ORDER BY backend_start LIMIT 1"""


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgreSQL]:
    with running() as server:
        server.execute("CREATE DATABASE hushi")
        yield server


@pytest.fixture
def standby(primary: PostgreSQL) -> Iterator[PostgreSQL]:
    with standby_of(primary) as server:
        yield server


@pytest.fixture
def opened(environment: dict[str, str]) -> Iterator[Callable[..., Ledger]]:
    """Opens a ledger behind a list of hosts."""
    ledgers: list[Ledger] = []

    def open_at(*listed: pathlib.Path | str, database: str = "hushi", more: str = "") -> Ledger:
        url = f"postgresql+psycopg://{USER}@/{database}?host={','.join(map(str, listed))}{more}"
        ledgers.append(open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url})))
        return ledgers[-1]

    yield open_at
    for ledger in ledgers:
        ledger.database.close()


@contextlib.contextmanager
def _silent(count: int) -> Iterator[list[str]]:
    """Hosts that accept connections and say nothing."""
    with contextlib.ExitStack() as stack:
        listening = [stack.enter_context(socket.create_server((f"127.0.0.{n}", 5432))) for n in range(91, 91 + count)]
        yield [one.getsockname()[0] for one in listening]


def _written_at(ledger: Ledger) -> str:
    with ledger.database.writing(looks_at_revision=False) as connection:
        return str(connection.exec_driver_sql(NAME).scalar_one())


def _read_at(ledger: Ledger) -> str:
    with ledger.database.reading() as connection:
        return str(connection.exec_driver_sql(NAME).scalar_one())


def test_hosts_that_are_silent_or_standbys_are_passed_over_in_time(
    primary: PostgreSQL, standby: PostgreSQL, opened: Callable[..., Ledger]
) -> None:
    with _silent(2) as silent:
        ledger = opened(*silent, standby.folder, primary.folder)
        started = time.monotonic()
        assert _written_at(ledger) == _read_at(ledger) == str(primary.folder / "data")
        assert time.monotonic() - started < postgresql.CONNECT_TIMEOUT_S


def test_asked_one_after_the_other_silent_hosts_take_too_long(
    primary: PostgreSQL, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: each silent host takes the whole time for a connection."""
    monkeypatch.setattr(hosts, "NEXT_HOST_AFTER_S", 60)
    with _silent(1) as silent, pytest.raises(DatabaseUnavailable):
        _written_at(opened(*silent, primary.folder, more="&connect_timeout=2"))


def test_all_hosts_together_take_no_longer_than_one(opened: Callable[..., Ledger]) -> None:
    with _silent(3) as silent:
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            _written_at(opened(*silent))
        assert postgresql.CONNECT_TIMEOUT_S <= time.monotonic() - started < postgresql.CONNECT_TIMEOUT_S + 1


def test_what_is_promised_for_one_host_holds_for_several() -> None:
    """A fourth silent host would still be asked before the time is over."""
    assert hosts.NEXT_HOST_AFTER_S * 4 < postgresql.CONNECT_TIMEOUT_S
    assert postgresql.ANSWER_WITHIN_S + 1 + postgresql.CONNECT_TIMEOUT_S <= RECOVERED_WITHIN_S


def test_without_a_primary_the_fault_says_so(
    standby: PostgreSQL, opened: Callable[..., Ledger], tmp_path: pathlib.Path
) -> None:
    with pytest.raises(NoPrimary):
        _written_at(opened(standby.folder, tmp_path))


def test_a_primary_that_is_away_refuses_and_no_password_is_told(
    opened: Callable[..., Ledger], tmp_path: pathlib.Path
) -> None:
    ledger = opened(tmp_path / "a", tmp_path / "b", more="&password=s3cret")
    with pytest.raises(DatabaseUnavailable) as refused:
        _written_at(ledger)
    told, shown = refused.value, []
    while told is not None:
        shown.append(str(told))
        told = told.__cause__ or told.__context__  # type: ignore[assignment] # (any exception)
    assert "s3cret" not in "".join(shown)
    assert "s3cret" not in repr(ledger.database.url)


def test_after_a_fail_over_no_connection_to_the_old_primary_is_used(
    opened: Callable[..., Ledger],
) -> None:
    """The old primary still runs, as one that is cut off from the others does, and its connections are alive."""
    with running() as old:
        old.execute("CREATE DATABASE hushi")
        with standby_of(old) as new:
            ledger = opened(old.folder, new.folder)
            watch = Watch(ledger.database)
            for _ in range(2):
                assert _written_at(ledger) == _read_at(ledger) == str(old.folder / "data")
            connection = ledger.database.open_watching()
            new.promote()
            _refuse_new_connections(old)
            old.execute(END_THE_OLDEST)
            wait_until(lambda: str(new.folder / "data") in {_written_at(ledger), _read_at(ledger)})
            assert _written_at(ledger) == _read_at(ledger) == str(new.folder / "data")
            with pytest.raises(psycopg.Error):
                connection.execute("SELECT 1")
            watch.close()


def _refuse_new_connections(server: PostgreSQL) -> None:
    """The server admits nobody new, and leaves those alone that it has."""
    server.execute("ALTER DATABASE hushi ALLOW_CONNECTIONS false")


def test_a_server_that_takes_no_writes_any_more_is_left_at_once(
    primary: PostgreSQL, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler or a balancer may hand an old connection on to a standby; a new one may lead to the primary."""
    monkeypatch.setattr(postgresql, "LOOK_FOR_THE_PRIMARY_AGAIN_S", 0.0)
    ledger = opened(primary.folder)
    assert _written_at(ledger)
    _let_old_connections_only_read(ledger)
    assert _written_at(ledger)


def test_without_a_new_connection_the_ledger_stays_read_only(
    primary: PostgreSQL, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    monkeypatch.setattr(postgresql, "LOOK_FOR_THE_PRIMARY_AGAIN_S", 60.0)
    ledger = opened(primary.folder)
    assert _written_at(ledger)
    _let_old_connections_only_read(ledger)
    for _ in range(2):
        with pytest.raises(ReadOnlyDatabase):
            _written_at(ledger)


def _let_old_connections_only_read(ledger: Ledger) -> None:
    """The session that is in the pool now can only read; new sessions can write."""
    with ledger.database.engines[0].connect() as connection:
        connection.exec_driver_sql("SET default_transaction_read_only = on")
