"""Finds the settled part of the journal: no entry with a lower place can become visible later.

PostgreSQL gives out places before it commits, so a lower place may become visible after a higher one. A fold must not
go beyond a place whose transaction has not ended. A lock on the table would prevent that too, but it would wait for
VACUUM, ANALYZE, CREATE INDEX CONCURRENTLY and backup tools, and all posts would wait behind it (docs/decisions/0012).
"""

import time

import sqlalchemy as sa

from service.storage import tail
from service.storage.engine import Connection, Database
from service.storage.faults import DatabaseUnavailable

WRITERS_END_WITHIN_S = 15.0
"""Longer than a writing transaction may wait for a lock: the server ends idle ones, and the next fold tries again."""
LOOK_AGAIN_S = 0.005

# A transaction that inserts into a table takes this lock on it before it draws its first place, and keeps the lock to
# its end. PostgreSQL frees the lock after the transaction has become visible.
_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock'"
    " AND relation = 'journal'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def settled_end(database: Database) -> int | None:
    """The highest place of the tail up to which the journal is complete; None when the tail is empty.

    It reads the highest place first, and then the transactions that are writing. When the last of these has ended, each
    lower place is visible or was given up. Transactions that begin to write later draw higher places. Raises
    DatabaseUnavailable when a writer does not end in time; then nothing was done.
    """
    with database.reading() as connection:
        newest = tail.newest_seq(connection)
        writers = _writers(connection) if newest is not None else frozenset()
    until = time.monotonic() + WRITERS_END_WITHIN_S
    while writers:
        if time.monotonic() >= until:
            raise DatabaseUnavailable("a transaction that writes to the journal does not end")
        time.sleep(LOOK_AGAIN_S)
        with database.reading() as connection:
            writers &= _writers(connection)
    return newest


def _writers(connection: Connection) -> frozenset[str]:
    """PostgreSQL's ids of the transactions that write to the journal. Empty on SQLite, where places are in order."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(connection.execute(_WRITERS).scalars())
