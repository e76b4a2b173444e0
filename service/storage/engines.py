"""SQLite: how connections are made, and what each one is told before its first statement."""

import contextlib
import os
import urllib.parse
from typing import Any

import pysqlite3.dbapi2
import sqlalchemy as sa

from service.storage.faults import WrongFile
from service.storage.identity import OPENED_FILE, FileIdentity

POOL_SIZE = 32
POOL_TIMEOUT_S = 5
SQLITE_BUSY_TIMEOUT_MS = 15_000
SQLITE_WRITER_CACHE_KIB = 64 * 1024
SQLITE_READER_CACHE_KIB = 2 * 1024
"""Each of the 32 pooled readers has its own, for good: 64 MiB of each made 2 GB of two processes. Lists and reports are
no slower with 2: the system keeps the pages of the file in memory, once for all readers."""
SQLITE_PAGES_PER_CHECKPOINT = 16 * 1024
"""64 MiB of log before it is copied into the database: pages that many batches change are copied once."""
SQLITE_LOG_KEPT_BYTES = 64 * 1024 * 1024
"""What is longer was written while somebody read for long; it is cut off once the log begins again from its start."""
# The driver looks for an adapter of each value that is no number or text, in three places, and finds none: 0.8 µs for
# every NULL and every UUID of a row. One that it finds at once, and that changes nothing, costs a tenth.
pysqlite3.dbapi2.register_adapter(type(None), lambda null: null)
pysqlite3.dbapi2.register_adapter(bytes, lambda value: value)


def sqlite_engine(url: sa.URL, identity: FileIdentity, *, begin: str, pool_size: int, read_only: bool) -> sa.Engine:
    """Connections to a file of SQLite; each of their transactions begins with `begin`.

    None is opened of another file than the one that `identity` knows, and none makes a file.
    """
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

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        """In SQLAlchemy's place, unless there is no file."""
        return None if arguments[0] == ":memory:" else _connect(dialect, identity, arguments[0], named)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_TIMEOUT_MS}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cache_kib = SQLITE_READER_CACHE_KIB if read_only else SQLITE_WRITER_CACHE_KIB
        cursor.execute(f"PRAGMA cache_size=-{cache_kib}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={SQLITE_PAGES_PER_CHECKPOINT}")
        cursor.execute(f"PRAGMA journal_size_limit={SQLITE_LOG_KEPT_BYTES}")
        # Readers wait for nobody but whoever recovers the file; writers look themselves (`_begun`).
        cursor.execute("PRAGMA query_only=ON" if read_only else "PRAGMA busy_timeout=0")
        cursor.execute("SELECT 1 FROM sqlite_schema").fetchone()
        cursor.close()
        sync_log(url)
        # From here on SQLite has the log open as well, which it finds by its name.
        record.info[OPENED_FILE] = identity.refuse_replaced()

    @sa.event.listens_for(engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connect(dialect: Any, identity: FileIdentity, path: str, named: Any) -> Any:
    """A connection to the right file. Raises WrongFile, LeftLog, or what the driver raises."""
    identity.before_opening()
    # Should the file be moved away just now, SQLite fails, and makes no other one.
    connection = dialect.connect(f"file:{urllib.parse.quote(path)}?mode=rw", uri=True, **named)
    try:
        identity.refuse_replaced()
    except WrongFile:
        connection.close()  # It has not read yet, and so knows of no log that it could delete.
        raise
    return connection


def sync_log(url: sa.URL) -> None:
    """Has on disk what is in SQLite's log. Raises OSError.

    A process that was killed between writing to the log and syncing it leaves entries that the next one finds and takes
    for committed. Whoever asks again is answered from them, so they must not be lost to a power cut any more. Other
    processes see an entry only after it is synced: once for each new connection is enough.
    """
    with contextlib.suppress(FileNotFoundError):
        log = os.open(f"{url.database}-wal", os.O_RDONLY)
        try:
            os.fsync(log)
        finally:
            os.close(log)
