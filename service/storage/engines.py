"""How connections are made: pools, time-outs, and what each connection is told before its first statement."""

from typing import Any

import pysqlite3.dbapi2
import sqlalchemy as sa

POOL_SIZE = 32
POOL_TIMEOUT_S = 5
SQLITE_BUSY_TIMEOUT_MS = 15_000
SQLITE_WRITER_CACHE_KIB = 64 * 1024
SQLITE_READER_CACHE_KIB = 2 * 1024
"""Each of the 32 pooled readers has its own, for good: 64 MiB of each made 2 GB of two processes. Lists and reports are
no slower with 2: the system keeps the pages of the file in memory, once for all readers."""
SQLITE_PAGES_PER_CHECKPOINT = 16 * 1024
"""64 MiB of log before it is copied into the database: pages that many batches change are copied once."""
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 120_000

WRITER_PLANS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""Writers read by key only. A prepared statement that was planned on the empty tables of a new ledger would scan them
whole for as long as its connection lives: 61 ms for a post at 100,000 rows, instead of 2."""

READER_PLANS = "-c jit=off -c max_parallel_workers_per_gather=0"
"""How long the tail is, PostgreSQL can't guess: expecting a third of the journal it would compile a plan and start
workers to count a thousand entries."""

# The driver looks for an adapter of each value that is no number or text, in three places, and finds none: 0.8 µs for
# every NULL and every UUID of a row. One that it finds at once, and that changes nothing, costs a tenth.
pysqlite3.dbapi2.register_adapter(type(None), lambda null: null)
pysqlite3.dbapi2.register_adapter(bytes, lambda value: value)


def sqlite_engine(url: sa.URL, *, begin: str, pool_size: int, read_only: bool) -> sa.Engine:
    """Connections to a file of SQLite; each of their transactions begins with `begin`."""
    engine = sa.create_engine(
        url,
        module=pysqlite3.dbapi2,
        # The driver must not begin transactions of its own: it would begin them late, and not on SELECT.
        connect_args={"isolation_level": None, "check_same_thread": False},
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
    )

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cache_kib = SQLITE_READER_CACHE_KIB if read_only else SQLITE_WRITER_CACHE_KIB
        cursor.execute(f"PRAGMA cache_size=-{cache_kib}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={SQLITE_PAGES_PER_CHECKPOINT}")
        # Readers wait for nobody but whoever recovers the file; writers look themselves (`_begun`).
        cursor.execute("PRAGMA query_only=ON" if read_only else "PRAGMA busy_timeout=0")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def postgresql_engine(url: sa.URL, isolation_level: Any, options: str) -> sa.Engine:
    """Connections to a database of PostgreSQL, with further options of the server for each."""
    return sa.create_engine(
        url,
        isolation_level=isolation_level,
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={
            "application_name": "hushi",
            "options": f"-c synchronous_commit=on -c lock_timeout={LOCK_TIMEOUT_MS}"
            f" -c statement_timeout={STATEMENT_TIMEOUT_MS} -c TimeZone=UTC {options}",
        },
    )
