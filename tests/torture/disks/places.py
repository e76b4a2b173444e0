"""Where ledgers of both engines lie on a disk that a test may cut, fill or break."""

import contextlib
import os
import pathlib
import pwd
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping

import psutil
import psycopg

from service.domain.macs import MacKeys, Macs
from service.storage import schema
from service.storage.engine import Database
from tests import postgresql
from tests.postgresql import PostgreSQL
from tests.torture.markets import Databases

DATABASE = "hushi"
WRITES_LATE = {"wal_writer_delay": "10s"}
"""With it, PostgreSQL's commits that do not wait are on the disk later, so that the controls lose some at each cut."""
WELL_WITHIN_S, RECOVERS_WITHIN_S = 60.0, 2.0
DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "data_sync_retry": "off",
    "checkpoint_timeout": "1h",
    "max_connections": "50",
}


class Placed(Databases):
    """The one ledger of a place, for a market."""

    def __init__(self, engine: str, url: str, server: PostgreSQL | None) -> None:
        """Takes the ledger's URL, and its server."""
        self.engine, self.server, self._url = engine, server, url

    def new_url(self) -> str:
        """The URL of the ledger."""
        return self._url


@contextlib.contextmanager
def new_folder() -> Iterator[pathlib.Path]:
    """A folder that the user of PostgreSQL's programs may use."""
    with tempfile.TemporaryDirectory(prefix="hushi-disk-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        yield folder


def give_to_postgresql(folder: pathlib.Path) -> None:
    """Makes the user of PostgreSQL's programs the owner of all that is in a folder."""
    user = postgresql.ordinary_user()
    if user is not None:
        owner = pwd.getpwnam(user).pw_uid
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, -1, follow_symlinks=False)


def disk_of(engine: str, folder: pathlib.Path) -> pathlib.Path:
    """The folder below a place that holds what the engine keeps on the disk."""
    return folder / ("data" if engine == "postgresql" else "ledger")


@contextlib.contextmanager
def engine_in(
    engine: str,
    folder: pathlib.Path,
    environment: Mapping[str, str] | None = None,
    changes: Mapping[str, str] | None = None,
) -> Iterator[tuple[str, PostgreSQL | None]]:
    """The URL of the ledger in a folder, while its engine runs. A new place gets a new, migrated ledger.

    `environment` has more variables for PostgreSQL, and `changes` are those of its settings.
    """
    disk = disk_of(engine, folder)
    if engine == "sqlite":
        url, is_new = f"sqlite:///{disk}/hushi.db", not disk.exists()
        if is_new:
            disk.mkdir(parents=True)
            _migrate(url)
        yield url, None
        return
    is_new = not disk.exists()
    with postgresql.running({**DURABLE, **(changes or {})}, kept=folder, environment=environment) as server:
        if is_new:
            server.execute(f"CREATE DATABASE {DATABASE}")
            _migrate(server.url(DATABASE))
        yield server.url(DATABASE), server


def _migrate(url: str) -> None:
    database = Database(url)
    nothing_older = MacKeys([b"k"])  # A new database holds no rows that would need a MAC.
    schema.upgrade(database, Macs(nothing_older, nothing_older))
    database.close()


def bring_back(server: PostgreSQL) -> None:
    """Waits until PostgreSQL answers; starts it again when it has ended, as an operator would.

    When its recovery meets a disk that still fails, PostgreSQL 18 may go on without a recovery, and let nobody in.
    """
    began = time.monotonic()
    while True:
        with contextlib.suppress(psycopg.Error):
            server.execute("SELECT 1")
            return
        if not _is_alive(server):
            server.start_again()
        elif time.monotonic() > began + RECOVERS_WITHIN_S and not _is_recovering(server):
            server.run("pg_ctl", "-D", server.folder / "data", "-m", "immediate", "-w", "-s", "stop")
        assert time.monotonic() < began + WELL_WITHIN_S, "PostgreSQL did not come back"
        time.sleep(0.05)


def _is_alive(server: PostgreSQL) -> bool:
    with contextlib.suppress(OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return psutil.Process(server.postmaster).status() != psutil.STATUS_ZOMBIE
    return False


def _is_recovering(server: PostgreSQL) -> bool:
    with contextlib.suppress(OSError, IndexError, ValueError, psutil.NoSuchProcess):
        return any("startup" in " ".join(one.cmdline()) for one in psutil.Process(server.postmaster).children())
    return False


def run_as_program() -> None:
    """The command, as a program that is started: a library that the variables name must be there from its start."""
    os.execv(sys.executable, [sys.executable, "-c", "from service.cli.main import main; main()", *sys.argv[1:]])


def run_undurably() -> None:
    """The same, with commits that do not wait for the disk."""
    os.execv(sys.executable, [sys.executable, "-m", "tests.torture.disks.undurable", *sys.argv[1:]])
