"""Two engines, one behaviour: opening SQLite or PostgreSQL, and the two kinds of transaction that Hushi uses.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE for the one writing connection of a process, snapshots for readers.
PostgreSQL: synchronous_commit=on, READ COMMITTED for writers (rows are locked by name), REPEATABLE READ for readers.
"""

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import pysqlite3.dbapi2
import sqlalchemy as sa

from service.storage.rowsets import copy_instead_of_executemany
from service.storage.turns import Turns

POOL_SIZE = 32
POOL_TIMEOUT_S = 5
SQLITE_BUSY_TIMEOUT_MS = 15_000
LOOK_WHETHER_SQLITE_IS_FREE_S = 0.002
SQLITE_CACHE_KIB = 64 * 1024
SQLITE_PAGES_PER_CHECKPOINT = 16 * 1024
"""64 MiB of log before it is copied into the database: pages that many batches change are copied once."""
LOCK_TIMEOUT_MS = 10_000
STATEMENT_TIMEOUT_MS = 120_000


WRITER_PLANS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""Writers read by key only. A prepared statement that was planned on the empty tables of a new ledger would scan them
whole for as long as its connection lives: 61 ms for a post at 100,000 rows, instead of 2."""

# The driver looks for an adapter of each value that is no number or text, in three places, and finds none: 0.8 µs for
# every NULL and every UUID of a row. One that it finds at once, and that changes nothing, costs a tenth.
pysqlite3.dbapi2.register_adapter(type(None), lambda null: null)
pysqlite3.dbapi2.register_adapter(bytes, lambda value: value)

READER_PLANS = "-c jit=off -c max_parallel_workers_per_gather=0"
"""How long the tail is, PostgreSQL can't guess: expecting a third of the journal it would compile a plan and start
workers to count a thousand entries."""

Connection = sa.Connection
"""An open transaction or snapshot; commands and queries hand it on and know nothing else of SQL."""


class DatabaseUnavailable(Exception):
    """The database does not answer, or not in time; nothing was written."""


class UnusableUrl(ValueError):
    """The database can't be of this URL, which the message does not repeat: it may hold a password."""


class NotWritten(Exception):
    """A transaction was rolled back whole. `is_race`: another process was first; running again shows its work."""

    def __init__(self, message: str, *, is_race: bool) -> None:
        """A lost connection before the commit is no race, but may be run again as well."""
        super().__init__(message)
        self.is_race = is_race


class OutcomeUnknown(Exception):
    """The connection was lost while committing: only the ledger itself can tell, by the idempotency key."""


_RACE_STATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: serialization failure, deadlock, lock timeout."""

_UNDECODABLE = "Could not decode to UTF-8"
"""SQLite's driver, of a text that is none."""


@contextlib.contextmanager
def _connected(engine: sa.Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except (sa.exc.TimeoutError, sa.exc.DBAPIError) as error:
        raise DatabaseUnavailable("the database can't be reached") from error
    with connection:
        yield connection


def _begun(connection: Connection) -> sa.RootTransaction:
    """An open transaction. On SQLite it is asked for again and again while another process writes.

    SQLite's own waiting looks ten times a second at the end: a process that folds would hardly ever find the moment
    between two commits of one that posts all the time.
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


def _not_written(error: sa.exc.DBAPIError) -> NotWritten:
    is_race = isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", None) in _RACE_STATES
    return NotWritten(str(error.orig), is_race=is_race)


class Database:
    """A ledger's database: `writing()` is one transaction, `reading()` one snapshot. Nothing else opens either."""

    def __init__(self, url: str) -> None:
        """Opens no connection yet, and makes no file. Raises UnusableUrl."""
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = _sqlite_engine(self.url, begin="BEGIN IMMEDIATE", pool_size=1, read_only=False)
            self._reader = _sqlite_engine(self.url, begin="BEGIN", pool_size=POOL_SIZE, read_only=True)
        else:
            self._writer = _postgresql_engine(self.url, "READ COMMITTED", WRITER_PLANS)
            copy_instead_of_executemany(self._writer)
            reader = _postgresql_engine(self.url, "REPEATABLE READ", READER_PLANS)
            self._reader = reader.execution_options(postgresql_readonly=True)
        self._watching: list[Any] = []
        self._turns = Turns()

    @property
    def file(self) -> pathlib.Path | None:
        """Where SQLite keeps the ledger; PostgreSQL keeps it elsewhere."""
        return pathlib.Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def is_missing(self) -> bool:
        """Whether the first connection would make the ledger's file; PostgreSQL's databases are made by others."""
        return self.file is not None and not os.path.exists(self.file)  # noqa: PTH110 (false, too, where none may look)

    def make_folder(self) -> None:
        """Makes the folder of SQLite's file. Raises OSError."""
        if self.file is not None:
            self.file.parent.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """One database transaction: committed at the end, rolled back when anything is raised inside.

        Raises NotWritten when it was rolled back and may be run again, OutcomeUnknown when nobody can tell.
        """
        with self._turn(), _connected(self._writer) as connection:
            transaction = _begun(connection)
            try:
                yield connection
            except sa.exc.DBAPIError as error:
                transaction.rollback()
                raise _not_written(error) from error
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except sa.exc.DBAPIError as error:
                raise OutcomeUnknown("the connection was lost while committing") from error

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite writers of a process take turns: the fold must not wait for ever while posts come and come."""
        if not self.is_sqlite:
            yield
            return
        if not self._turns.take(POOL_TIMEOUT_S):
            raise DatabaseUnavailable("other writers did not end in time")
        try:
            yield
        finally:
            self._turns.give_back()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot: every statement inside sees the same state of the ledger, and none can write.

        Raises DatabaseUnavailable when the database does not answer. A row that the driver can't decode is damage, and
        no matter of asking again: that error passes as it is.
        """
        with _connected(self._reader) as connection:
            try:
                with connection.begin():
                    yield connection
            except sa.exc.OperationalError as error:
                if _UNDECODABLE in str(error.orig):
                    raise
                raise DatabaseUnavailable("the database does not answer") from error

    def open_watching(self) -> Any:
        """A driver's connection outside of the pool, for single statements outside of any transaction.

        Raises DatabaseUnavailable. For one thread at a time; its owner closes it.
        """
        try:
            pooled = self._reader.raw_connection()
        except (sa.exc.TimeoutError, sa.exc.DBAPIError) as error:
            raise DatabaseUnavailable("the database can't be reached") from error
        connection: Any = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            connection.autocommit = True
        self._watching.append(connection)
        return connection

    def close_watching(self, connection: Any) -> None:
        """Closes a connection of `open_watching`, which may be broken."""
        with contextlib.suppress(ValueError):  # Whoever closes the database has taken it out already.
            self._watching.remove(connection)
        with contextlib.suppress(self.driver_error):
            connection.close()

    @property
    def driver_error(self) -> type[Exception]:
        """What the driver raises when a statement fails."""
        driver: Any = self._reader.dialect.loaded_dbapi
        found: type[Exception] = driver.Error
        return found

    @property
    def engines(self) -> tuple[sa.Engine, sa.Engine]:
        """The writing and the reading engine, for migrations and for what counts statements."""
        return self._writer, self._reader

    def close(self) -> None:
        """Closes every connection; the database stays usable and opens new ones."""
        for connection in list(self._watching):
            self.close_watching(connection)
        self._reader.dispose()
        self._writer.dispose()


def _read_url(text: str) -> sa.URL:
    try:
        url = sa.make_url(text)
    except (ValueError, sa.exc.ArgumentError):
        raise UnusableUrl("can't be read: is its port a number, and is an @ in its password written as %40?") from None
    if url.get_backend_name() == "sqlite" and url.query:
        raise UnusableUrl("names a file only: SQLite takes no options after the question mark")
    return url


def _sqlite_engine(url: sa.URL, *, begin: str, pool_size: int, read_only: bool) -> sa.Engine:
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
        cursor.execute(f"PRAGMA cache_size=-{SQLITE_CACHE_KIB}")
        cursor.execute(f"PRAGMA wal_autocheckpoint={SQLITE_PAGES_PER_CHECKPOINT}")
        # Readers wait for nobody but whoever recovers the file; writers look themselves (`_begun`).
        cursor.execute("PRAGMA query_only=ON" if read_only else "PRAGMA busy_timeout=0")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def open_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgresql_engine(url: sa.URL, isolation_level: Any, options: str) -> sa.Engine:
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
