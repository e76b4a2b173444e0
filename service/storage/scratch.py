"""A place for a ledger that is removed at the end: a file of SQLite, or a database on the server of another one."""

import contextlib
import pathlib
import secrets
import tempfile
from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable


@contextlib.contextmanager
def scratch_file() -> Iterator[str]:
    """The URL of a new SQLite ledger in a folder for temporary files (TMPDIR), which only its owner may read."""
    with tempfile.TemporaryDirectory(prefix="hushi-drill-") as folder:
        yield f"sqlite:///{pathlib.Path(folder)}/hushi.db"


@contextlib.contextmanager
def scratch_database(beside: Database) -> Iterator[str]:
    """The URL of a new database on the server of a ledger on PostgreSQL, whose user must be allowed to make one.

    Raises DatabaseUnavailable when it can't be made.
    """
    name = f"hushi_drill_{secrets.token_hex(6)}"
    try:
        _execute(beside, f"CREATE DATABASE {name}")
    except sa.exc.DBAPIError as error:
        raise DatabaseUnavailable(f"no database can be made there ({str(error.orig).strip()})") from None
    try:
        yield beside.url.set(database=name).render_as_string(hide_password=False)
    finally:
        _execute(beside, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(database: Database, statement: str) -> None:
    """Runs a statement that PostgreSQL takes outside of a transaction only."""
    writer, _ = database.engines
    with writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(statement)
