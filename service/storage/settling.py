"""Which places of the journal are settled: no entry with a lower place can become visible any more.

PostgreSQL gives out places before it commits, so a lower place may become visible after a higher one. A fold must not
go beyond a place that is still on its way. A lock on the table would tell that too, but it would wait for VACUUM,
ANALYZE, CREATE INDEX CONCURRENTLY and backup tools, and all who post would wait behind it (docs/decisions/0012).
"""

import time

import sqlalchemy as sa

from service.storage import tail
from service.storage.engine import Connection, Database
from service.storage.faults import DatabaseUnavailable

WRITERS_END_WITHIN_S = 15.0
"""Longer than a writing transaction may wait for a lock: the server ends what is idle, and the fold tries again."""
LOOK_AGAIN_S = 0.005

# Whoever inserts into a table takes this lock on it before the first place is drawn, and keeps it to the end of the
# transaction. The lock is given back after the transaction has become visible.
_WRITERS = sa.text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock'"
    " AND relation = 'journal'::regclass"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def settled_end(database: Database) -> int | None:
    """The highest place of the tail up to which the journal is complete; None when the tail is empty.

    The place is read first, then who is writing; when the last of those has ended, every lower place is visible or was
    given up. Those who begin to write later draw higher places. Raises DatabaseUnavailable when a writer does not end
    in time: nothing was done.
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
    """The transactions that write to the journal, by PostgreSQL's names of them. On SQLite places never overtake."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    return frozenset(connection.execute(_WRITERS).scalars())
