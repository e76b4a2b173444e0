"""Starts the web services that Hushi is compared with."""

import contextlib
import datetime
import hashlib
import pathlib
import secrets
import tempfile
import urllib.request
from collections.abc import Iterator

import orjson
import psycopg
import sqlalchemy as sa

from loadtests.bench_http import free_port, running
from loadtests.deployments import CONNECTIONS, PROGRAMS, Deployment, vacuum
from loadtests.market import MarketShape, settlement_of
from loadtests.postings import CANCELLED_ONE_IN, RESIDENTS
from tests import postgresql

FULL, THIN = "FastAPI + ORM", "thin FastAPI + ORM"


def _serve(module: str, port: int, workers: int) -> list[str]:
    return [
        str(PROGRAMS / "uvicorn"), f"loadtests.peers.{module}:app", "--port", str(port), "--workers", str(workers),
        "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning", "--backlog", "1024",
    ]  # fmt: skip


def _shown(name: str, workers: int) -> str:
    return f"{name}, {workers} process" + ("es" if workers > 1 else "")


@contextlib.contextmanager
def peer_on(server: postgresql.PostgreSQL, workers: int, residents: int = RESIDENTS) -> Iterator[Deployment]:
    """Starts the full peer. Its processes share as many database connections as the load has connections."""
    name, key, port = f"peer_{secrets.token_hex(4)}", secrets.token_urlsafe(24), free_port()
    server.execute(f"CREATE DATABASE {name}")
    _fill_peer(server.url(name), key, residents)
    environment = {
        "PEER_DATABASE_URL": server.url(name).replace("+psycopg", "+asyncpg"),
        "PEER_POOL_SIZE": str(CONNECTIONS // workers),
    }
    with running(_serve("web_service", port, workers), environment, port, "/openapi.json") as process:
        yield Deployment(
            _shown(FULL, workers), "postgresql", port, key, _durability(server, name), process, environment
        )


def _durability(server: postgresql.PostgreSQL, database: str) -> str:
    asked = ("SHOW fsync", "SHOW synchronous_commit", "SHOW full_page_writes")
    with psycopg.connect(user=postgresql.USER, host=str(server.folder), dbname=database) as connection:
        found = [(one, connection.execute(one).fetchone()) for one in asked]
    return ", ".join(f"{asked.removeprefix('SHOW ')}={row[0]}" for asked, row in found if row)


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
    vacuum(engine)
    engine.dispose()


@contextlib.contextmanager
def thin_peer_on(engine: str, server: postgresql.PostgreSQL | None, workers: int) -> Iterator[Deployment]:
    """Starts the thin peer, with as many connections to PostgreSQL as the full one has.

    On SQLite, a process has one connection, for which its requests wait in turn: SQLite has one writer at a time, and
    many connections would ask for the lock again and again.
    """
    from loadtests.peers.thin_service import Base

    with contextlib.ExitStack() as stack:
        if server is None or engine == "sqlite":
            temporary = tempfile.TemporaryDirectory(prefix="hushi-load-", ignore_cleanup_errors=True)
            url = f"sqlite:///{pathlib.Path(stack.enter_context(temporary))}/peer.db"
        else:
            name = f"thin_{secrets.token_hex(4)}"
            server.execute(f"CREATE DATABASE {name}")
            url = server.url(name)
        made = sa.create_engine(url)
        Base.metadata.create_all(made)
        made.dispose()
        environment = {
            "PEER_DATABASE_URL": url.replace("+psycopg", "+asyncpg").replace("sqlite:", "sqlite+aiosqlite:"),
            "PEER_POOL_SIZE": "1" if engine == "sqlite" else str(CONNECTIONS // workers),
        }
        port = free_port()
        process = stack.enter_context(running(_serve("thin_service", port, workers), environment, port, "/durability"))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/durability") as answer:
            told = orjson.loads(answer.read())
        yield Deployment(_shown(THIN, workers), engine, port, "", told, process, environment)
