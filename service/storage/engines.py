"""Makes connections to SQLite, and gives each of them its settings before its first statement."""

import urllib.parse
from typing import Any

import pysqlite3.dbapi2
import sqlalchemy as sa

from service.storage.faults import WrongFile
from service.storage.identity import OPENED_FILE, FileIdentity
from service.storage.left_log import sync_log, write_log_again

POOL_SIZE = 32
POOL_TIMEOUT_S = 5
SQLITE_BUSY_TIMEOUT_MS = 15_000
SQLITE_WRITER_CACHE_KIB = 64 * 1024
SQLITE_READER_CACHE_KIB = 2 * 1024
"""Each of the 32 pooled readers has its own cache and keeps it: with 64 MiB each, two processes took 2 GB. Lists and
reports are no slower with 2 MiB, because the system keeps the pages of the file in memory, once for all readers."""
SQLITE_PAGES_PER_CHECKPOINT = 16 * 1024
"""SQLite copies its log into the database at 64 MiB, so that pages which many batches change are copied once."""
SQLITE_LOG_KEPT_BYTES = 64 * 1024 * 1024
"""A log gets longer only while a reader keeps a snapshot for long. It is cut off at this length when SQLite begins to
write it from its start again."""
SQLITE_STATEMENTS_KEPT = 1024
"""By itself the driver keeps 128 prepared statements. When they are that many, it drops the newest for each new one
(findings/pysqlite3-statements-that-stay.sh): a connection that had migrated a ledger prepared all statements of each
post again."""
# For each value that is not a number or a text, the driver looks for an adapter in three places and finds none: 0.8 µs
# for every NULL, flag and UUID of a row. An adapter that it finds at once, and that changes nothing, costs a tenth.
pysqlite3.dbapi2.register_adapter(type(None), lambda null: null)
pysqlite3.dbapi2.register_adapter(bytes, lambda value: value)
pysqlite3.dbapi2.register_adapter(bool, int)


def sqlite_engine(url: sa.URL, identity: FileIdentity, *, begin: str, pool_size: int, read_only: bool) -> sa.Engine:
    """A pool of connections to a file of SQLite; each of their transactions begins with the statement `begin`.

    A connection is opened only to the file that `identity` knows, and does not make a file.
    """
    engine = sa.create_engine(
        url,
        module=pysqlite3.dbapi2,
        # The driver must not begin transactions by itself: it would begin them late, and none for a SELECT.
        connect_args={
            "isolation_level": None,
            "check_same_thread": False,
            "cached_statements": SQLITE_STATEMENTS_KEPT,
        },
        poolclass=sa.pool.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
    )

    @sa.event.listens_for(engine, "do_connect")
    def connect(dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        """Opens the connection instead of SQLAlchemy, except for a database in memory."""
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
        cursor.execute("SELECT 1 FROM sqlite_schema").fetchone()
        sync_log(url) if read_only else write_log_again(url, cursor)
        # Readers wait only for a connection that recovers the file. Writers do their own waiting (`beginning._open`).
        cursor.execute("PRAGMA query_only=ON" if read_only else "PRAGMA busy_timeout=0")
        cursor.close()
        # From now on SQLite has the log open as well, which it finds by its name.
        record.info[OPENED_FILE] = identity.refuse_replaced()

    @sa.event.listens_for(engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _connect(dialect: Any, identity: FileIdentity, path: str, named: Any) -> Any:
    """Opens a connection to the right file. Raises WrongFile, LeftLog, or an error of the driver."""
    identity.before_opening()
    # If somebody moves the file away at this moment, SQLite fails, and makes no other file.
    connection = dialect.connect(f"file:{urllib.parse.quote(path)}?mode=rw", uri=True, **named)
    try:
        identity.refuse_replaced()
    except WrongFile:
        connection.close()  # It has not read anything yet, so it knows no log that it could delete.
        raise
    return connection
