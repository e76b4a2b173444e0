"""Starts services to measure: Hushi on either engine, and the PostgreSQL server that all of them share."""

import contextlib
import pathlib
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psutil
import sqlalchemy as sa

from loadtests.bench_http import free_port, running
from loadtests.builds import OURS, Build
from loadtests.compared import ComparedFigure
from loadtests.figures import Figure
from loadtests.inside.making import fill
from loadtests.postings import RESIDENTS
from service.config import WORKERS, Settings
from service.ledger import Ledger, open_ledger
from service.vault import create_secrets
from tests import postgresql

PROGRAMS = pathlib.Path(sys.executable).parent
CONNECTIONS = 64
MIB = 1024 * 1024
LOOK_FOR_IDLE_S, IDLE_SHARE, IDLE_WITHIN_S = 2.0, 0.06, 300.0
"""A service is idle when it takes less than this share of a processor. Once a second it looks for entries to fold."""
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

    def cpu_s(self) -> float:
        """The processor time that the service's processes have taken, without the database's own processes."""
        all_of_them = [self.process, *self.process.children(recursive=True)]
        return float(sum(sum(one.cpu_times()[:2]) for one in all_of_them))

    def wait_until_idle(self) -> None:
        """Waits until the service works no more, as when it has folded; TimeoutError after 5 minutes."""
        until = time.monotonic() + IDLE_WITHIN_S
        while time.monotonic() < until:
            before_s = self.cpu_s()
            time.sleep(LOOK_FOR_IDLE_S)
            if self.cpu_s() - before_s <= IDLE_SHARE * LOOK_FOR_IDLE_S:
                return
        raise TimeoutError(
            f"{self.name} still works after {IDLE_WITHIN_S:.0f} s; what comes next would be measured beside it."
        )


@contextlib.contextmanager
def durable_postgresql() -> Iterator[postgresql.PostgreSQL]:
    """Starts a server that writes a commit to disk before it answers."""
    with postgresql.running(POSTGRESQL_SETTINGS) as server:
        yield server


Measured = tuple[list[Figure], list[ComparedFigure], str]
"""The figures of an engine, the rows of both builds, and what its database says about its durability."""


def measure_engines(
    engines: Sequence[str], measure: Callable[[str, postgresql.PostgreSQL | None], Measured], what: str
) -> tuple[list[Figure], list[ComparedFigure], dict[str, str]]:
    """Measures one engine after the other: all figures and rows, and the conditions of `what` on each engine."""
    figures: list[Figure] = []
    rows: list[ComparedFigure] = []
    conditions = {}
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(durable_postgresql()) if "postgresql" in engines else None
        for engine in engines:
            found, compared, told = measure(engine, server if engine == "postgresql" else None)
            figures += found
            rows += compared
            conditions[f"{what} on {engine}"] = told
    return figures, rows, conditions


@contextlib.contextmanager
def no_ledger(engine: str, server: postgresql.PostgreSQL | None) -> Iterator[dict[str, str]]:
    """The environment of a process whose ledger does not exist yet: in a new folder, or in a new database."""
    with contextlib.ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="hushi-load-", ignore_cleanup_errors=True)
        folder = pathlib.Path(stack.enter_context(temporary))
        url = f"sqlite:///{folder}/hushi.db"
        if engine == "postgresql":
            server = server or stack.enter_context(durable_postgresql())
            name = f"hushi_{secrets.token_hex(4)}"
            server.execute(f"CREATE DATABASE {name}")
            url = server.url(name)
        yield {
            "HUSHI_DATABASE_URL": url, "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
            "HUSHI_DATA_DIR": str(folder), "HUSHI_LOG_LEVEL": "WARNING",
        }  # fmt: skip


@contextlib.contextmanager
def fresh_ledger(
    engine: str, server: postgresql.PostgreSQL | None, residents: int = RESIDENTS
) -> Iterator[tuple[Ledger, dict[str, str]]]:
    """A migrated ledger with registered residents and groups, and the environment that a process needs for it."""
    with no_ledger(engine, server) as environment:
        folder, file = pathlib.Path(environment["HUSHI_DATA_DIR"]), pathlib.Path(environment["HUSHI_SECRETS_FILE"])
        create_secrets(file)
        ledger = open_ledger(Settings(environment["HUSHI_DATABASE_URL"], folder, file, False, "ERROR"))
        try:
            fill(ledger, residents)
            yield ledger, environment
        finally:
            ledger.database.close()


@contextlib.contextmanager
def ledger_of(
    build: Build, engine: str, server: postgresql.PostgreSQL | None, residents: int = RESIDENTS
) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """A ledger that a build has made, with residents: the environment of its processes, and its key and durability."""
    with no_ledger(engine, server) as environment:
        made = build.run("inside/making.py", residents, environment=environment)
        yield environment | build.environment, made


def vacuum(engine: sa.Engine) -> None:
    """Tells PostgreSQL what the tables hold, as autovacuum would do some time later."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")


@contextlib.contextmanager
def hushi_on(
    engine: str,
    server: postgresql.PostgreSQL | None = None,
    *,
    folds: bool = True,
    workers: int = WORKERS,
    build: Build = OURS,
) -> Iterator[Deployment]:
    """Starts `hushi serve` as an operator does. Without `folds`, the same server starts but does not fold."""
    with ledger_of(build, engine, server) as (environment, made):
        port = free_port()
        program = [str(PROGRAMS / "hushi")] if folds else [sys.executable, "-m", "loadtests.unfolded"]
        serve = [*program, "serve", "--port", str(port), "--workers", str(workers)]
        with running(serve, environment, port, "/health/live") as process:
            name = f"{build.name}, {workers} process" + ("es" if workers > 1 else "")
            yield Deployment(name, engine, port, made["key"], made["durability"], process, environment)
