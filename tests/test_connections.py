"""How many connections of PostgreSQL a server takes: what README says, also when much is asked at a time."""

import pathlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.storage import engine, residents, schema
from service.storage import postgresql as connections
from service.vault import create_secrets
from tests import postgresql
from tests.builders import a_key, a_registration, a_trade
from tests.conftest import Caller
from tests.postgresql import USER, PostgreSQL
from tests.servers import Server, serving

WORKERS = 2
NEEDED = 11 * WORKERS + 2
ASKED_AT_A_TIME = 40


def test_a_process_that_serves_takes_eleven() -> None:
    watching = 1
    assert connections.READERS_MAX + connections.WRITERS_MAX + connections.APART_MAX + watching == 11
    readme = (pathlib.Path(__file__).parents[1] / "README.md").read_text("utf-8")
    assert f"up to 11 connections for each worker and 2 for the process that folds: {NEEDED} with two workers" in readme


def _ask(server: Server, headers: dict[str, str], number: int) -> int:
    """A post, a list, a registration or a report."""
    if number % 4 == 0:
        return server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": a_key()})[0]
    if number % 4 == 1:
        return server.ask("POST", "/v1/residents", a_registration(number), headers)[0]
    path = "/v1/transactions?limit=500" if number % 4 == 2 else "/v1/reports/trade?period=2024&by=category"
    return server.ask("GET", path, headers=headers)[0]


def _connected(server: PostgreSQL) -> int:
    with psycopg.connect(user=USER, host=str(server.folder), dbname="postgres") as connection:
        counted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hushi'"
        row = connection.execute(counted).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def engine_name() -> str:
    return "postgresql"


def test_the_connections_that_readme_names_suffice_under_load(tmp_path: pathlib.Path) -> None:
    """One more is the test's own, which counts."""
    create_secrets(tmp_path / "secrets.json")
    with postgresql.running({"max_connections": str(NEEDED + 1)}) as server:
        environment = {
            "HUSHI_DATABASE_URL": server.url("postgres"),
            "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json"),
            "HUSHI_LOG_LEVEL": "WARNING",
        }
        ledger = open_ledger(read_settings(environment))
        schema.upgrade(ledger.database, ledger.vault.macs)
        headers = {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}
        ledger.database.close()
        with serving(environment, tmp_path / "log", "--workers", str(WORKERS)) as serves:
            assert serves.ask("POST", "/v1/residents", a_registration(), headers)[0] == 201
            most, is_done = [0], threading.Event()

            def count() -> None:
                while not is_done.is_set():
                    most.append(_connected(server))
                    time.sleep(0.05)

            counting = threading.Thread(target=count)
            counting.start()
            with ThreadPoolExecutor(ASKED_AT_A_TIME) as threads:
                statuses = list(threads.map(lambda n: _ask(serves, headers, n), range(4 * ASKED_AT_A_TIME)))
            is_done.set()
            counting.join()
    assert set(statuses) == {200, 201}
    assert WORKERS * 2 < max(most) <= NEEDED


@pytest.mark.parametrize("is_own", [True, False])
def test_posts_do_not_wait_for_those_who_record_residents(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch, is_own: bool
) -> None:
    """Somebody holds the lock of registrations. Without a connection of their own, posts find every one taken."""
    monkeypatch.setattr(engine, "POOL_TIMEOUT_S", 1)
    admin.register(1)
    if not is_own:
        monkeypatch.setattr(ledger.database, "_places", threading.BoundedSemaphore(connections.WRITERS_MAX))
    waiting = [
        threading.Thread(target=admin.post, args=("/v1/residents", a_registration(n)))
        for n in range(1, connections.WRITERS_MAX + 2)
    ]
    with other_ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        for thread in waiting:
            thread.start()
        time.sleep(0.3)
        started = time.monotonic()
        posting = threading.Thread(target=admin.trade, args=(a_trade(),))
        posting.start()
        posting.join(1)
        is_posted = not posting.is_alive()
    for thread in [*waiting, posting]:
        thread.join()
    assert is_posted == is_own, time.monotonic() - started
