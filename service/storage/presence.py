"""Who serves a SQLite ledger: a lock of the system on a file beside it, which those who serve share.

Whoever migrates the ledger needs the lock alone, so that no command migrates it under a living server. A process that
dies gives its lock back; a process that was forked off keeps it. PostgreSQL needs no such file: there an upgrade under
a living server is the operator's decision, and `service.storage.revisions` stops the server's writing.
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
    """Tells that the ledger is being served; waits while it is being migrated. Raises DatabaseUnavailable."""
    with _locked(database, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def alone(database: Database) -> Iterator[None]:
    """Lets nobody serve the ledger. Raises StillServed when somebody does, DatabaseUnavailable."""
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
