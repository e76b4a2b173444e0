"""Starts services to measure: Hushi on either engine, the peer, and the PostgreSQL server that they share."""

import contextlib
import datetime
import hashlib
import pathlib
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psutil
import psycopg
import sqlalchemy as sa

from loadtests.bench_http import free_port, running
from loadtests.figures import Figure
from loadtests.histories import people
from loadtests.market import MarketShape, settlement_of
from loadtests.postings import CANCELLED_ONE_IN, RESIDENTS
from service.commands.keys import create_key
from service.config import WORKERS, Settings
from service.ledger import Ledger, open_ledger
from service.storage import facts, schema
from service.vault import create_secrets
from tests import postgresql

PROGRAMS = pathlib.Path(sys.executable).parent
CONNECTIONS = 64
MIB = 1024 * 1024
POSTGRESQL_SETTINGS = {
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on",
    "shared_buffers": "512MB", "max_wal_size": "4GB",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Deployment:
    """A running service, its API key, and what its database says about its durability."""

    name: str
    engine: str
    port: int
    key: str
    durability: str
    process: psutil.Process
    environment: dict[str, str]

    def resident_mib(self) -> float:
        """The memory of the service's processes. Pages that forked processes share count twice."""
        with contextlib.suppress(psutil.NoSuchProcess):
            all_of_them = [self.process, *self.process.children(recursive=True)]
            return float(sum(one.memory_info().rss for one in all_of_them)) / MIB
        return 0.0


@contextlib.contextmanager
def durable_postgresql() -> Iterator[postgresql.PostgreSQL]:
    """Starts a server that writes a commit to disk before it answers."""
    with postgresql.running(POSTGRESQL_SETTINGS) as server:
        yield server


Measured = tuple[list[Figure], str]
"""The figures of an engine, and what its database says about its durability."""


def measure_engines(
    engines: Sequence[str], measure: Callable[[str, postgresql.PostgreSQL | None], Measured], what: str
) -> tuple[list[Figure], dict[str, str]]:
    """Measures one engine after the other: all figures, and the conditions of `what` on each engine."""
    figures: list[Figure] = []
    conditions = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(durable_postgresql()) if "postgresql" in engines else None
        for engine in engines:
            found, told = measure(engine, server if engine == "postgresql" else None)
            figures += found
            conditions[f"{what} on {engine}"] = told
    return figures, conditions


@contextlib.contextmanager
def fresh_ledger(
    engine: str, server: postgresql.PostgreSQL | None, residents: int = RESIDENTS
) -> Iterator[tuple[Ledger, dict[str, str]]]:
    """A migrated ledger with registered residents and groups, and the environment that a process needs for it."""
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="hushi-load-", ignore_cleanup_errors=True)
        folder = pathlib.Path(stack.enter_context(temporary))
        url = f"sqlite:///{folder}/hushi.db"
        if engine == "postgresql":
            server = server or stack.enter_context(durable_postgresql())
            name = f"hushi_{secrets.token_hex(4)}"
            server.execute(f"CREATE DATABASE {name}")
            url = server.url(name)
        create_secrets(folder / "secrets.json")
        ledger = open_ledger(Settings(url, folder, folder / "secrets.json", False, "ERROR"))
        stack.callback(ledger.database.close)
        schema.upgrade(ledger.database, ledger.vault.macs)
        people(ledger, MarketShape(0, residents))
        with ledger.database.writing(at_length=True) as connection:
            facts.add_older(connection, ledger.vault.macs.facts)  # So that the ledger verifies.
        if engine == "postgresql":
            _raw(ledger.database.engines[0], "VACUUM ANALYZE")
        environment = {
            "HUSHI_DATABASE_URL": url, "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
            "HUSHI_DATA_DIR": str(folder), "HUSHI_LOG_LEVEL": "WARNING",
        }  # fmt: skip
        yield ledger, environment


def _raw(engine: sa.Engine, statement: str) -> None:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)


def durability(ledger: Ledger) -> str:
    """What the database says about its durability, asked on a connection that writes."""
    asked = ("PRAGMA synchronous", "PRAGMA journal_mode") if ledger.database.is_sqlite else _HOW_POSTGRESQL_WRITES
    with ledger.database.writing() as connection:
        found = [(one, connection.exec_driver_sql(one).scalar_one()) for one in asked]
    return ", ".join(f"{asked.removeprefix('SHOW ').removeprefix('PRAGMA ')}={said}" for asked, said in found)


_HOW_POSTGRESQL_WRITES = ("SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes")


@contextlib.contextmanager
def hushi_on(
    engine: str, server: postgresql.PostgreSQL | None = None, *, folds: bool = True, workers: int = WORKERS
) -> Iterator[Deployment]:
    """Starts `hushi serve` as an operator does. Without `folds`, the same server starts but does not fold."""
    with fresh_ledger(engine, server) as (ledger, environment):
        _, key = create_key(ledger, "load", ["admin"])
        told = durability(ledger)
        ledger.database.close()
        port = free_port()
        program = [str(PROGRAMS / "hushi")] if folds else [sys.executable, "-m", "loadtests.unfolded"]
        serve = [*program, "serve", "--port", str(port), "--workers", str(workers)]
        with running(serve, environment, port, "/health/live") as process:
            name = f"Hushi, {workers} process" + ("es" if workers > 1 else "")
            yield Deployment(name, engine, port, key, told, process, environment)


@contextlib.contextmanager
def peer_on(server: postgresql.PostgreSQL, workers: int, residents: int = RESIDENTS) -> Iterator[Deployment]:
    """Starts the peer. Its processes share as many database connections as the load has connections."""
    name, key, port = f"peer_{secrets.token_hex(4)}", secrets.token_urlsafe(24), free_port()
    server.execute(f"CREATE DATABASE {name}")
    _fill_peer(server.url(name), key, residents)
    with psycopg.connect(user=postgresql.USER, host=str(server.folder), dbname=name) as connection:
        found = [(one, connection.execute(one).fetchone()) for one in _HOW_POSTGRESQL_WRITES]
    told = ", ".join(f"{asked.removeprefix('SHOW ')}={row[0]}" for asked, row in found if row)
    environment = {
        "PEER_DATABASE_URL": server.url(name).replace("+psycopg", "+asyncpg"),
        "PEER_POOL_SIZE": str(CONNECTIONS // workers),
    }
    serve = [
        str(PROGRAMS / "uvicorn"), "loadtests.peers.web_service:app", "--port", str(port), "--workers", str(workers),
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--backlog", "1024",
    ]  # fmt: skip
    with running(serve, environment, port, "/openapi.json") as process:
        shown = f"FastAPI + ORM, {workers} process" + ("es" if workers > 1 else "")
        yield Deployment(shown, "postgresql", port, key, told, process, environment)


def _fill_peer(url: str, key: str, residents: int) -> None:
    """Creates the peer's tables, the same residents, and a key."""
    from loadtests.peers.web_service import ApiKey, Base, Resident

    shape, engine = MarketShape(0, residents), sa.create_engine(url)
    Base.metadata.create_all(engine)
    everybody = [
        {
            "ordinal": n, "name": "巴特尔", "registered_on": datetime.date(2022, 1, 1),
            "status": "active" if n % CANCELLED_ONE_IN else "cancelled", "settlement": settlement_of(shape, n),
        }
        for n in range(1, residents + 1)
    ]  # fmt: skip
    digest = hashlib.sha256(key.encode()).digest()
    with engine.begin() as connection:
        connection.execute(sa.insert(Resident), everybody)
        connection.execute(sa.insert(ApiKey), [{"id": 1, "digest": digest, "scopes": "transactions:write"}])
    _raw(engine, "VACUUM ANALYZE")
    engine.dispose()
