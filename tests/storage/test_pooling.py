"""PgBouncer before the database: everything works in both of its modes, and what is acknowledged stays acknowledged."""

import pathlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from loadtests.ledgers import fresh_posts, register_residents
from service.app import create_app
from service.commands.folding import fold_all
from service.commands.keys import create_key
from service.commands.posting import Post, post
from service.commands.residents import Registration, register
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.verifying import verify
from service.storage import postgresql, schema
from service.storage.faults import NotWritten, OutcomeUnknown
from service.vault import create_secrets
from tests import pgbouncer
from tests import postgresql as server_of_tests
from tests.builders import a_citizen_number, a_key, a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL
from tests.servers import run_hushi
from tests.standbys import WAITING, without_its_standby
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(pgbouncer.PROGRAM is None, reason="no PgBouncer is installed on this machine")

SESSIONS = {"session": "24", "transaction": "3"}
"""For each mode of PgBouncer."""
COPIED_LINES = 40
"""More than are inserted without COPY."""


@pytest.fixture(scope="module", params=list(SESSIONS))
def pooler(request: pytest.FixtureRequest, postgresql: PostgreSQL) -> Iterator[pgbouncer.PgBouncer]:
    """With few sessions of the server, so that transactions of one connection of ours meet different ones.

    In session mode it needs one for each connection of ours.
    """
    with pgbouncer.pooling(postgresql, request.param, default_pool_size=SESSIONS[request.param]) as pooler:
        yield pooler


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


@pytest.fixture
def database_url(new_database: Callable[[], str], pooler: pgbouncer.PgBouncer, postgresql: PostgreSQL) -> str:
    """Of a database that does not wait for the disk unless it is asked to."""
    name = new_database().partition("?")[0].rpartition("/")[2]
    postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
    return pooler.url(name)


def test_a_day_of_the_market_passes_through_it(ledger: Ledger, admin: Caller, tmp_path: pathlib.Path) -> None:
    admin.register(3)
    lines = [a_trade(key=a_key(), resident_id=f"R0000000{n % 3 + 1}") for n in range(COPIED_LINES)]
    assert admin.post("/v1/transactions/batch", {"items": lines}).get_json()["accepted"] == COPIED_LINES
    posted = [admin.trade(a_trade(reference=a_key())).get_json()["transaction_id"] for _ in range(10)]
    assert admin.reverse(posted[0]).status_code == 201
    for _ in range(2):
        assert fold_all(ledger) >= 0
        for _ in range(8):  # The driver prepares a statement when it comes for the sixth time.
            report = admin.get("/v1/reports/trade?period=2024&by=category").get_json()
            assert report["total"]["transactions"]["current"] == COPIED_LINES + 9
            assert len(admin.get("/v1/transactions?limit=5").get_json()["items"]) == 5
    assert verify(ledger).transactions == COPIED_LINES + 11


def test_a_commit_that_is_given_up_is_cancelled_through_it(
    ledger: Ledger, postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_residents(ledger, 1)
    entries = fresh_posts(1, 1)
    monkeypatch.setattr("service.storage.postgresql.ANSWER_WITHIN_S", 0.3)
    with without_its_standby(postgresql) as server:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                post(ledger, entries)
            wait_until(lambda: server.execute(WAITING).fetchone() is None)
    assert post(ledger, entries)[0].replayed


def test_many_at_a_time_pass_through_it(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    """Transactions of two processes take the server's sessions from each other."""
    admin.register(4)

    def post_many(of: Ledger, resident: int) -> None:
        app = create_app(of)
        caller = Caller(app.test_client(), create_key(of, "test", ["admin"])[1])
        for _ in range(10):
            assert caller.trade(a_trade(resident_id=f"R0000000{resident}")).status_code == 201
            assert caller.get("/v1/reports/trade?period=2024").status_code == 200
        app.extensions["hushi"].committer.close()

    with ThreadPoolExecutor() as threads:
        list(threads.map(post_many, [ledger, other_ledger] * 2, range(1, 5)))
    assert verify(ledger).transactions == 40


def test_a_pooler_is_recognized(ledger: Ledger) -> None:
    with ledger.database.writing() as connection:
        assert not _driver(connection).has_own_session
        assert _driver(connection).prepare_threshold is None


def _driver(connection: Any) -> Any:
    return connection.connection.driver_connection


def test_statements_that_are_prepared_there_get_lost(
    ledger: Ledger, other_ledger: Ledger, pooler: pgbouncer.PgBouncer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with prepared statements the second process finds those of the first, in transaction mode."""
    if "pool_mode = session" in (pooler.folder / "pgbouncer.ini").read_text():
        pytest.skip("in session mode nobody else has the session")
    monkeypatch.setattr(postgresql._Connection, "find_session", lambda connection: None)

    def ask_often() -> None:
        for one in (ledger, other_ledger):
            for _ in range(8):
                with one.database.writing() as connection:
                    connection.exec_driver_sql("SELECT count(*) FROM journal WHERE seq > %s", (1,))

    with pytest.raises(NotWritten, match="prepared statement"):
        ask_often()


@pytest.mark.parametrize(
    ("default", "asked"),
    [("off", "on"), ("local", "on"), ("remote_write", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_every_writing_transaction_waits_for_the_disk_and_for_no_less_than_is_set(
    ledger: Ledger, database_url: str, postgresql: PostgreSQL, default: str, asked: str
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    postgresql.execute(f"ALTER DATABASE {name} SET synchronous_commit = {default}")
    for at_length in (False, True):
        with ledger.database.writing(at_length=at_length) as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == asked


def _acknowledged(ledger: Ledger, count: int) -> list[bytes]:
    """The digests of entries that were acknowledged."""
    from service.domain.transactions import MARKET_TIME, Trade

    digests = []
    for number in range(count):
        now = ledger.now().astimezone(MARKET_TIME)
        trade = Trade(1, "meat", "beef", "MN", 1000, 100 + number, now)
        (outcome,) = post(ledger, [Post(number.to_bytes(16), bytes(16), "r", trade)])
        assert outcome.transaction is not None
        digests.append(outcome.transaction.transaction_id.bytes)
    return digests


@pytest.mark.parametrize("is_protected", [True, False])
def test_what_is_acknowledged_outlives_a_crash(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, is_protected: bool
) -> None:
    """Through a pooler that drops what is set at connecting, on a database that does not wait for the disk."""
    if not is_protected:
        unsaid = "SELECT 'on', current_setting('transaction_read_only')"
        monkeypatch.setattr(postgresql, "_DURABLE", unsaid)
    changes = {"fsync": "on", "wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}
    with (
        server_of_tests.running(changes) as server,
        pgbouncer.pooling(server, "transaction", ignore_startup_parameters="options") as pooler,
    ):
        server.execute("CREATE DATABASE hushi")
        server.execute("ALTER DATABASE hushi SET synchronous_commit = off")
        create_secrets(tmp_path / "secrets.json")
        settings = {"HUSHI_DATABASE_URL": pooler.url("hushi"), "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json")}
        ledger = open_ledger(read_settings(settings))
        schema.upgrade(ledger.database, ledger.vault.macs)
        register(ledger, Registration("巴特尔", a_citizen_number(0), ledger.today(), None, None, None))
        server.execute("CHECKPOINT")
        acknowledged = _acknowledged(ledger, 20)
        server.crash_and_restart()
        with ledger.database.reading() as connection:
            found = connection.exec_driver_sql("SELECT transaction_id FROM journal").scalars().all()
        ledger.database.close()
    assert ({one.bytes for one in found} >= set(acknowledged)) == is_protected


def test_a_pooler_that_refuses_says_what_it_refuses(
    environment: dict[str, str], database_url: str, tmp_path: pathlib.Path
) -> None:
    """Hushi sends no option, but a URL may."""
    url = f"{database_url}&options=-c%20jit%3Doff"
    refused = run_hushi({**environment, "HUSHI_DATABASE_URL": url}, "keys", "list")
    assert refused.returncode == 2
    assert len(refused.stderr.splitlines()) == 1
    assert "unsupported startup parameter" in refused.stderr
    assert "is it running" not in refused.stderr


def test_the_commands_pass_through_it(environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path) -> None:
    assert "agree" in run_hushi(environment, "db", "check").stdout
    assert run_hushi(environment, "keys", "create", "--name", "n", "--scope", "admin").returncode == 0
    assert run_hushi(environment, "backup", str(tmp_path / "copy.zip")).returncode == 0
