"""Begins transactions, on a connection that may have died in its pool, or on a file that other processes write to.

An error here, or inside of a transaction, becomes one of the faults of `service.storage.faults`, which callers know.
"""

import contextlib
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from service.figures.machine import CONNECTION_WAIT_SECONDS
from service.storage.committing import code_of
from service.storage.disk_faults import disk_fault_of
from service.storage.engines import SQLITE_BUSY_TIMEOUT_MS
from service.storage.faults import (
    BecameReadOnly,
    ConnectionRefused,
    DatabaseUnavailable,
    DiskFault,
    NoPrimary,
    NotWritten,
    ReadOnlyDatabase,
    ReadOnlyFolder,
)
from service.storage.meanings import READ_ONLY, Ending, meaning_of

LOOK_WHETHER_SQLITE_IS_FREE_S = 0.002
ATTEMPTS = (True, False)
"""For each attempt, whether its connection may have died in the pool. When one has, the pool drops all others too."""

_SNAPSHOT_ENDED = "40001"
"""PostgreSQL's code when a standby has ended a reading transaction, because the changes of the primary had to go on."""

_REFUSED = "FATAL:"
"""PostgreSQL, or a pooler in front of it, says this of a connection that it does not admit."""

CANT_BE_WRITTEN = "the ledger's file can't be written"


Begin = Callable[[sa.Connection], None]
"""A function that begins a transaction on a connection without one."""


@contextlib.contextmanager
def begun(engine: sa.Engine, begin: Begin) -> Iterator[tuple[sa.Connection, sa.RootTransaction]]:
    """Opens a transaction on a connection of the pool.

    When the connection has died in the pool, or leads to a server that takes no writes any more, it tries once more, on
    a new connection.
    """
    for may_have_died in ATTEMPTS:
        connection = _connect(engine)
        with connection:
            try:
                transaction = _open(connection, begin)
            except sa.exc.DBAPIError as error:
                if error.connection_invalidated and may_have_died:
                    continue
                raise unavailable(error) from error
            except BecameReadOnly:
                # The connection is older than the fail-over, and so may be all others in the pool.
                connection.invalidate()
                engine.dispose()
                if may_have_died:
                    continue
                raise
            yield connection, transaction
            return


def connections_of(pool: sa.Pool) -> tuple[int, int]:
    """How many connections of a pool are in use, and how many there may be."""
    assert isinstance(pool, sa.QueuePool)
    return pool.checkedout(), pool.size()


def _connect(engine: sa.Engine) -> sa.Connection:
    used, most = connections_of(engine.pool)
    began = time.perf_counter() if used >= most else None
    try:
        return engine.connect()
    except sa.exc.TimeoutError as error:
        raise DatabaseUnavailable("every connection is in use") from error
    except sa.exc.DBAPIError as error:
        raise unavailable(error) from error
    except OSError as error:  # `sync_log` raises this for SQLite's log.
        raise DiskFault(f"the log of the ledger's file can't be synced ({error.strerror})") from error
    finally:
        if began is not None:
            CONNECTION_WAIT_SECONDS.observe(time.perf_counter() - began)


def _open(connection: sa.Connection, begin: Begin) -> sa.RootTransaction:
    """Opens a transaction. On SQLite it tries again and again while another process writes.

    Hushi's own processes take turns, so they find the file free. Another program may have a transaction open, and
    SQLite's own way of waiting looks only ten times a second in the end.
    """
    until = time.monotonic() + SQLITE_BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            transaction = connection.begin()
            begin(connection)
            return transaction
        except sa.exc.DBAPIError as error:
            if not _is_busy(error):
                raise
            if time.monotonic() >= until:
                raise DatabaseUnavailable("the database is busy") from error
        time.sleep(LOOK_WHETHER_SQLITE_IS_FREE_S)


def unavailable(error: sa.exc.DBAPIError) -> DatabaseUnavailable:
    """The fault for an error while a transaction was being begun."""
    if _is_of_read_only(error):
        return ReadOnlyFolder(
            "the folder of the ledger's file, or a file there with its name and -wal or -shm, can't be written, and "
            "SQLite needs that even to read"
        )
    disk = disk_fault_of(error)
    if disk is not None:
        return DiskFault(disk)
    if getattr(error.orig, "found_only_others", False):  # `hosts.NoWantedServer`: SQLite needs no such module.
        return NoPrimary("none of the database's servers is one that is wanted now")
    _, _, refused = str(error.orig).partition(_REFUSED)
    if refused:
        return ConnectionRefused(f"the database refuses the connection ({refused.splitlines()[0].strip()})")
    return DatabaseUnavailable("the database can't be reached")


def _is_of_read_only(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", "").startswith("SQLITE_READONLY")


def _is_busy(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", None) == "SQLITE_BUSY"


def not_written(error: sa.exc.DBAPIError, connection: sa.Connection) -> NotWritten | ReadOnlyDatabase:
    """The fault for an error of a statement in a transaction that was rolled back on this connection.

    Where the server takes no writes, the connection is dropped: the next one may lead to a server that does.
    """
    if _is_of_read_only(error):
        return ReadOnlyDatabase(CANT_BE_WRITTEN)
    if code_of(error) == READ_ONLY:
        connection.invalidate()
    is_race = isinstance(error, sa.exc.IntegrityError) or meaning_of(code_of(error)).wrote == Ending.RACE
    return NotWritten(disk_fault_of(error) or str(error.orig), is_race=is_race)


def not_read(error: sa.exc.OperationalError) -> DatabaseUnavailable:
    """The fault for an error of a statement in a snapshot."""
    if getattr(error.orig, "sqlstate", None) == _SNAPSHOT_ENDED:
        return DatabaseUnavailable("the standby has ended the snapshot for the sake of its primary")
    disk = disk_fault_of(error)
    return DatabaseUnavailable("the database does not answer") if disk is None else DiskFault(disk)


def begin_as_it_is(_connection: sa.Connection) -> None:
    """Does nothing, because SQLite's connections begin their transactions by themselves."""
