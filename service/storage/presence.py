"""Tells whether a SQLite ledger is being served, by a lock of the system on a file beside it, which all servers share.

A command that migrates the ledger needs the lock alone, so that no command migrates a ledger under a running server.
The system frees the lock of a process that dies; a process that was forked off keeps it. PostgreSQL needs no such
file: there the operator decides about an upgrade under a running server, and `service.storage.revisions` stops the
server's writing.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from service.storage.engine import Database
from service.storage.fair_lock import open_beside
from service.storage.faults import DatabaseUnavailable, StillServed


@contextlib.contextmanager
def serving(database: Database) -> Iterator[None]:
    """Marks the ledger as served while it is open; waits while it is being migrated. Raises DatabaseUnavailable."""
    with _locked(database, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def alone(database: Database) -> Iterator[None]:
    """Keeps servers away from the ledger. Raises StillServed when it is being served, and DatabaseUnavailable."""
    with _locked(database, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextlib.contextmanager
def _locked(database: Database, how: int) -> Iterator[None]:
    if database.file is None:
        yield
        return
    with contextlib.ExitStack() as held:
        try:
            descriptor = open_beside(database.file, "-serving")
            held.callback(os.close, descriptor)
            fcntl.flock(descriptor, how)
        except BlockingIOError:
            raise StillServed(f"{database.file} is being served") from None
        except OSError as error:
            raise DatabaseUnavailable(f"the file beside it for who serves can't be used ({error.strerror})") from error
        yield
