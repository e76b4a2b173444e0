"""A place for a ledger that is removed at the end: a file of SQLite, or a database on the server of another one."""

import contextlib
import fcntl
import os
import pathlib
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable

PREFIX = "hushi-drill-"
LEFT_AFTER_S = 600
"""A database may be without a connection only for a moment after it was made."""
_NAME = re.compile(r"hushi_drill_(\d+)_[0-9a-f]{12}", re.ASCII)
_IN_USE = "in-use"
"""A file in the folder on which its process holds a lock."""


@contextlib.contextmanager
def scratch_file() -> Iterator[str]:
    """The URL of a new SQLite ledger in a folder for temporary files (TMPDIR), which only its owner may read.

    Folders of processes that were killed are removed first: a whole ledger may be in them.
    """
    _remove_left(pathlib.Path(tempfile.gettempdir()))
    with contextlib.ExitStack() as held:
        yield f"sqlite:///{_folder_in_use(held)}/hushi.db"


def _folder_in_use(held: contextlib.ExitStack) -> str:
    """Makes a folder and locks its file. It tries again when another process removed both before they were locked."""
    while True:
        name = held.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True))
        with contextlib.suppress(FileNotFoundError):
            path = pathlib.Path(name) / _IN_USE
            file = held.enter_context(path.open("wb"))
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return name


def _remove_left(place: pathlib.Path) -> None:
    """Removes folders of this user on whose file nobody holds a lock. One that is being made has no such file yet."""
    for folder in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid():
                continue
            with (folder / _IN_USE).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)


@contextlib.contextmanager
def scratch_database(beside: Database) -> Iterator[str]:
    """The URL of a new database on the server of a ledger on PostgreSQL, whose user must be allowed to make one.

    Databases that killed processes have left are dropped first. Raises DatabaseUnavailable when it can't be made.
    """
    _drop_left(beside)
    name = f"hushi_drill_{int(time.time())}_{secrets.token_hex(6)}"
    try:
        _execute(beside, f"CREATE DATABASE {name}")
    except sa.exc.DBAPIError as error:
        raise DatabaseUnavailable(f"no database can be made there ({str(error.orig).strip()})") from None
    try:
        yield beside.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(beside, f"DROP DATABASE {name} WITH (FORCE)")


def _drop_left(beside: Database) -> None:
    """Drops the databases of drills that nobody uses any more. The server keeps one to which somebody is connected."""
    with beside.reading() as connection:
        names = connection.scalars(sa.text("SELECT datname FROM pg_database WHERE datname LIKE 'hushi_drill_%'")).all()
    for name in names:
        found = _NAME.fullmatch(name)
        if found is not None and int(found[1]) < time.time() - LEFT_AFTER_S:
            with contextlib.suppress(sa.exc.DBAPIError):
                _execute(beside, f"DROP DATABASE {name}")


def _execute(database: Database, statement: str) -> None:
    """Runs a statement that PostgreSQL takes outside of a transaction only."""
    writer, _ = database.engines
    with writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
