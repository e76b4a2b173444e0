"""A database that falls silent: without a FIN, in the middle of a statement, or frozen beside a machine that receives.

The waiting is scaled down here; that the real figures add up to less than 15 s is a test of its own.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import postgresql, silence
from service.storage.faults import DatabaseUnavailable, NotWritten
from service.storage.ledger_state import Watch
from tests import networks
from tests.postgresql import USER, PostgreSQL
from tests.servers import free_port

RECOVERED_WITHIN_S = 15
SCALED = {
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 1,
    "tcp_user_timeout": 1500,
    "connect_timeout": 2,
}
SCALED_WITHIN_S = 5.0
NEVER_S = 60


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


@pytest.fixture(scope="module")
def machine(postgresql: PostgreSQL) -> Iterator[networks.Machine]:
    if not networks.can_be_made():
        pytest.skip("this process may not make a network of its own")
    with networks.machine(postgresql.folder / ".s.PGSQL.5432") as machine:
        yield machine


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Iterator[Callable[..., Ledger]]:
    """Opens the ledger by way of a forwarder, with waiting that is scaled down."""
    opened = []

    def reach(forwarder: networks.Forwarder, answer_within_s: float = NEVER_S) -> Ledger:
        monkeypatch.setattr(postgresql, "_PARAMETERS", {**postgresql._PARAMETERS, **SCALED})
        monkeypatch.setattr(postgresql, "ANSWER_WITHIN_S", answer_within_s)
        monkeypatch.setattr(silence, "SILENT_AFTER_S", 0.5)
        name = environment["HUSHI_DATABASE_URL"].partition("?")[0].rpartition("/")[2]
        url = forwarder.url(USER, name)
        opened.append(open_ledger(read_settings({**environment, "HUSHI_DATABASE_URL": url})))
        return opened[-1]

    yield reach
    for ledger in opened:
        ledger.database.close()


def test_the_real_waiting_ends_in_time() -> None:
    noticed_s = max(
        postgresql.KEEPALIVE_IDLE_S + postgresql.KEEPALIVE_INTERVAL_S * postgresql.KEEPALIVES_MAX,
        postgresql.UNACKNOWLEDGED_MS / 1000,
        postgresql.ANSWER_WITHIN_S + silence.CANCEL_WITHIN_S,
    )
    assert noticed_s + postgresql.CONNECT_TIMEOUT_S <= RECOVERED_WITHIN_S
    # What the server refuses by itself, it has to refuse before its caller has gone.
    assert postgresql.LOCK_TIMEOUT_MS < postgresql.WRITING_STATEMENT_TIMEOUT_MS < postgresql.ANSWER_WITHIN_S * 1000


def _use(ledger: Ledger, watch: Watch) -> None:
    """Every kind of connection once."""
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("SELECT 1")
    with ledger.database.reading() as connection:
        connection.exec_driver_sql("SELECT 1")
    watch.read()


def test_idle_connections_to_a_peer_that_has_vanished_are_replaced(
    machine: networks.Machine, reached: Callable[..., Ledger]
) -> None:
    ledger = reached(machine.forwarder)
    watch = Watch(ledger.database)
    _use(ledger, watch)
    _use(ledger, watch)
    assert machine.silence_connections() >= 2  # The watch may have taken that of the reader.
    started = time.monotonic()
    _use(ledger, watch)
    assert time.monotonic() - started < SCALED_WITHIN_S
    watch.close()


def _wait_until_asleep(ledger: Ledger) -> None:
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
    while True:
        with ledger.database.reading() as connection:
            if connection.exec_driver_sql(asleep).scalar_one():
                return
        time.sleep(0.02)


def test_a_statement_whose_server_vanishes_ends(
    ledger: Ledger, machine: networks.Machine, reached: Callable[..., Ledger]
) -> None:
    """What was sent has been received, so only keepalives tell."""
    far_ledger = reached(machine.forwarder)

    def wait_for_an_answer() -> None:
        with far_ledger.database.writing() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(2)")

    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(wait_for_an_answer)
        _wait_until_asleep(ledger)
        machine.silence_connections()
        started = time.monotonic()
        with pytest.raises(NotWritten):
            waiting.result()
    assert time.monotonic() - started < SCALED_WITHIN_S
    with far_ledger.database.writing() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1


@pytest.fixture
def frozen_after(postgresql: PostgreSQL) -> Iterator[networks.Forwarder]:
    """A forwarder on this machine; frozen, its connections still receive whatever is sent."""
    forwarder = networks.Forwarder("127.0.0.1", postgresql.folder / ".s.PGSQL.5432", port=free_port())
    yield forwarder
    forwarder.thaw()
    forwarder.close()


def test_a_frozen_peer_is_given_up_as_well(frozen_after: networks.Forwarder, reached: Callable[..., Ledger]) -> None:
    ledger = reached(frozen_after, answer_within_s=0.3)
    watch = Watch(ledger.database)
    _use(ledger, watch)
    frozen_after.freeze()
    started = time.monotonic()
    uses = (ledger.database.writing().__enter__, ledger.database.reading().__enter__, watch.read)
    with ThreadPoolExecutor() as threads:
        for given_up in [threads.submit(use) for use in uses]:
            with pytest.raises(DatabaseUnavailable):
                given_up.result()
    assert time.monotonic() - started < SCALED_WITHIN_S
    frozen_after.thaw()
    _use(ledger, watch)
    watch.close()


def test_who_gives_up_tells_the_others(frozen_after: networks.Forwarder, reached: Callable[..., Ledger]) -> None:
    """A report may take minutes. It need not wait for them once a writer knows that nobody answers."""
    ledger = reached(frozen_after, answer_within_s=0.6)
    with ledger.database.writing():
        pass
    is_open = threading.Event()

    def read() -> None:
        with ledger.database.reading() as connection:
            frozen_after.freeze()
            is_open.set()
            connection.exec_driver_sql("SELECT 1")

    with ThreadPoolExecutor() as threads:
        reading = threads.submit(read)
        is_open.wait()
        time.sleep(0.1)
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable), ledger.database.writing():
            pass
        with pytest.raises(DatabaseUnavailable):
            reading.result()
    assert time.monotonic() - started < SCALED_WITHIN_S
