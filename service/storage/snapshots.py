"""Lets two processes see the same snapshot of a ledger."""

import contextlib
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from service.storage.engine import Connection, Database


class CantBeShared(Exception):
    """The other process did not begin, or the database gives no snapshot to another process."""


@contextlib.contextmanager
def shared_snapshot(database: Database, begin_other: Callable[[str | None], bool]) -> Iterator[Connection]:
    """A snapshot that another process has as well. `begin_other` has that process call `take_over` with a token.

    On PostgreSQL the token names the snapshot; a standby gives none. On SQLite this process writes nothing, and keeps
    every other process from writing until both have begun. Raises CantBeShared, and what `Database.writing` raises.
    """
    with contextlib.ExitStack() as stack:
        if database.is_sqlite:
            with database.writing(looks_at_revision=False):
                connection = stack.enter_context(database.reading())
                take_over(connection, None)
                if not begin_other(None):
                    raise CantBeShared
        else:
            connection = stack.enter_context(database.reading())
            if connection.execute(sa.select(sa.func.pg_is_in_recovery())).scalar_one():
                raise CantBeShared
            if not begin_other(connection.execute(sa.select(sa.func.pg_export_snapshot())).scalar_one()):
                raise CantBeShared
        yield connection


def take_over(connection: Connection, token: str | None) -> None:
    """Gives a connection that has asked for nothing the snapshot of a token, or begins its own one without a token."""
    if token is not None:
        # PostgreSQL takes no parameters here. It has made the token itself, of digits, letters and hyphens.
        connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{token}'")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")  # SQLite's snapshot begins with a read.
