"""Starts a real PgBouncer before a server of the tests, where PgBouncer is installed."""

import contextlib
import pathlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from tests.postgresql import USER, PostgreSQL, ordinary_user

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
PORT = 6432
START_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class PgBouncer:
    """A running pooler, reached through a socket in a folder."""

    folder: pathlib.Path

    def url(self, database: str) -> str:
        """The URL of one of the server's databases through the pooler."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={PORT}"


@contextlib.contextmanager
def pooling(server: PostgreSQL, mode: str, **settings: str) -> Iterator[PgBouncer]:
    """Starts PgBouncer with the settings of its package, except the pool's mode ("session", "transaction")."""
    assert PROGRAM is not None
    user = ordinary_user()
    with tempfile.TemporaryDirectory(prefix="hushi-pgbouncer-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o777)
        (folder / "users").write_text(f'"{USER}" ""\n')
        written = {
            "unix_socket_dir": name, "listen_port": str(PORT), "auth_type": "trust", "auth_file": f"{name}/users",
            "pool_mode": mode, "logfile": f"{name}/log", "pidfile": f"{name}/pid", **settings,
        }  # fmt: skip
        lines = [f"{key} = {value}" for key, value in written.items()]
        config = folder / "pgbouncer.ini"
        config.write_text(f"[databases]\n* = host={server.folder} user={USER}\n[pgbouncer]\n" + "\n".join(lines) + "\n")
        process = subprocess.Popen([PROGRAM, "-q", str(config)], user=user, cwd=folder, stderr=subprocess.DEVNULL)
        try:
            _wait_until_answering(folder)
            yield PgBouncer(folder)
        finally:
            process.kill()
            process.wait()


def _wait_until_answering(folder: pathlib.Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            psycopg.connect(user=USER, host=str(folder), port=PORT, dbname="postgres").close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < until, (folder / "log").read_text()
        time.sleep(0.02)
