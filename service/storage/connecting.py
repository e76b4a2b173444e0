"""Connections and transactions of either engine: how one is had, begun and committed, and what its failures mean."""

import contextlib
import time
from collections.abc import Iterator

import sqlalchemy as sa

from service.storage.engines import SQLITE_BUSY_TIMEOUT_MS, WARNINGS
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown

LOOK_WHETHER_SQLITE_IS_FREE_S = 0.002

Connection = sa.Connection
"""An open transaction or snapshot; commands and queries hand it on and know nothing else of SQL."""


_RACE_STATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: serialization failure, deadlock, lock timeout."""

_IDLE_FOR_TOO_LONG = "25P03"
"""PostgreSQL: it has ended a transaction that did nothing for IDLE_IN_TRANSACTION_TIMEOUT_MS."""

UNDECODABLE = "Could not decode to UTF-8"
"""SQLite's driver, of a text that is none."""


_COMMIT_THAT_WAITS = sa.text("SELECT pg_logical_emit_message(true, 'hushi', '')")


def commit_durably(connection: Connection) -> None:
    """Makes the commit of this transaction as durable as one that writes an entry: nothing that it has seen is lost.

    PostgreSQL: a commit whose wait for the standby was cut short is visible on the primary and nowhere else. Only a
    transaction that has written to the log waits for the standby, and then for all that was written before; one that
    has merely been given an id does not (findings/postgresql-commits-that-wait.sh). SQLite: an entry is synced before
    another process sees it, and by whoever opens the file after a crash (engines.sync_log).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_COMMIT_THAT_WAITS)


def commit(connection: Connection, transaction: sa.RootTransaction) -> None:
    """Commits. Raises OutcomeUnknown when the connection is lost, or the server warns that it has not waited.

    Raises NotWritten when the server had ended the transaction before.
    """
    warnings: list[str] = connection.info.setdefault(WARNINGS, [])
    warnings.clear()
    try:
        transaction.commit()
    except sa.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _IDLE_FOR_TOO_LONG:
            raise not_written(error) from error
        raise OutcomeUnknown("the connection was lost while committing") from error
    if warnings:
        # A wait for the standby that somebody cancels ends as a success, with a warning beside it.
        raise OutcomeUnknown(f"the database warned while committing: {warnings[0]}")


@contextlib.contextmanager
def connected(engine: sa.Engine) -> Iterator[Connection]:
    """A connection of a pool. Raises DatabaseUnavailable."""
    try:
        connection = engine.connect()
    except (sa.exc.TimeoutError, sa.exc.DBAPIError, OSError) as error:
        raise DatabaseUnavailable("the database can't be reached") from error
    with connection:
        yield connection


def begun(connection: Connection) -> sa.RootTransaction:
    """An open transaction. On SQLite it is asked for again and again while another process writes.

    Hushi's own processes take turns and find it free. Somebody else may have a transaction open, though, and SQLite's
    own waiting looks ten times a second at the end.
    """
    until = time.monotonic() + SQLITE_BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            return connection.begin()
        except sa.exc.DBAPIError as error:
            if not _is_busy(error) or time.monotonic() >= until:
                raise DatabaseUnavailable("the database is busy") from error
        time.sleep(LOOK_WHETHER_SQLITE_IS_FREE_S)


def _is_busy(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_BUSY"


def not_written(error: sa.exc.DBAPIError) -> NotWritten:
    """What a statement's failure means: all of its transaction is undone."""
    is_race = isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", None) in _RACE_STATES
    return NotWritten(str(error.orig), is_race=is_race)
