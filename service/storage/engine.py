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

import sqlalchemy as sa

from service.storage.engines import (
    IDLE_TIMEOUT,
    POOL_SIZE,
    POOL_TIMEOUT_S,
    READER_PLANS,
    SQLITE_BUSY_TIMEOUT_MS,
    WRITER_PLANS,
    postgresql_engine,
    sqlite_engine,
)
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.proof import LastWrites, ReadOnly, take_room, write_nothing
from service.storage.rowsets import copy_instead_of_executemany
from service.storage.suspending import SUSPENSION
from service.storage.turns import FileTurns, Turns
from service.storage.urls import read_url

LOOK_WHETHER_SQLITE_IS_FREE_S = 0.002

Connection = sa.Connection
"""An open transaction or snapshot; commands and queries hand it on and know nothing else of SQL."""


_RACE_STATES = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL: serialization failure, deadlock, lock timeout."""

_IDLE_FOR_TOO_LONG = "25P03"
"""PostgreSQL: it has ended a transaction that did nothing for IDLE_IN_TRANSACTION_TIMEOUT_MS."""

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


def _not_written(error: sa.exc.DBAPIError) -> NotWritten:
    is_race = isinstance(error, sa.exc.IntegrityError) or getattr(error.orig, "sqlstate", None) in _RACE_STATES
    return NotWritten(str(error.orig), is_race=is_race)


class Database:
    """A ledger's database: `writing()` is one transaction, `reading()` one snapshot. Nothing else opens either."""

    def __init__(self, url: str) -> None:
        """Opens no connection yet, and makes no file. Raises UnusableUrl."""
        self.url = read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            self._writer = sqlite_engine(self.url, begin="BEGIN IMMEDIATE", pool_size=1, read_only=False)
            self._reader = sqlite_engine(self.url, begin="BEGIN", pool_size=POOL_SIZE, read_only=True)
            self._apart = sqlite_engine(self.url, begin="BEGIN", pool_size=1, read_only=True)
        else:
            self._writer = postgresql_engine(self.url, "READ COMMITTED", f"{WRITER_PLANS} {IDLE_TIMEOUT}")
            copy_instead_of_executemany(self._writer)
            reader = postgresql_engine(self.url, "REPEATABLE READ", READER_PLANS)
            self._reader = reader.execution_options(postgresql_readonly=True)
            apart = postgresql_engine(self.url, "REPEATABLE READ", READER_PLANS)
            self._apart = apart.execution_options(postgresql_readonly=True)
        self.writes = LastWrites()
        self._watching: list[Any] = []
        self._turns = Turns()
        self._file_turns = None if self.file is None else FileTurns(self.file)

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
        SUSPENSION.begin()
        try:
            with self._transaction() as connection:
                yield connection
        except NotWritten as fault:
            if not fault.is_race:
                self.writes.failed_at = time.monotonic()
            raise
        except (OutcomeUnknown, DatabaseUnavailable):
            self.writes.failed_at = time.monotonic()
            raise
        else:
            self.writes.done_at = time.monotonic()
        finally:
            SUSPENSION.end()

    def commit_nothing(self, *, with_room: bool = False) -> None:
        """Commits what changes nothing: when it returns, the database takes writes and what it has taken is durable.

        `with_room` looks also for as much of the disk as a post may need. Raises as `writing` does.
        """
        try:
            with self.writing() as connection:
                write_nothing(connection)
                if with_room:
                    take_room(connection, self.file)
        except (ReadOnly, OSError) as error:
            self.writes.failed_at = time.monotonic()
            raise DatabaseUnavailable(f"it can't be written ({type(error).__name__})") from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
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
                if getattr(error.orig, "sqlstate", None) == _IDLE_FOR_TOO_LONG:
                    raise _not_written(error) from error
                raise OutcomeUnknown("the connection was lost while committing") from error

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite writers take turns: a fold must not wait for ever while posts come and come.

        First those of this process among each other, then the processes.
        """
        if not self.is_sqlite:
            yield
            return
        if not self._turns.take(POOL_TIMEOUT_S):
            raise DatabaseUnavailable("other writers did not end in time")
        try:
            with self._turn_among_processes():
                yield
        finally:
            self._turns.give_back()

    @contextlib.contextmanager
    def _turn_among_processes(self) -> Iterator[None]:
        if self._file_turns is None:
            yield
            return
        with contextlib.ExitStack() as turn:
            try:
                turn.enter_context(self._file_turns.turn())
            except OSError as error:
                raise DatabaseUnavailable(f"the file beside it for turns can't be used ({error.strerror})") from error
            yield

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot: every statement inside sees the same state of the ledger, and none can write.

        Raises DatabaseUnavailable when the database does not answer. A row that the driver can't decode is damage, and
        no matter of asking again: that error passes as it is.
        """
        with self._snapshot(self._reader) as connection:
            yield connection

    @contextlib.contextmanager
    def reading_apart(self) -> Iterator[Connection]:
        """The same on a connection that no report can take; for one thread at a time, which looks after the service."""
        with self._snapshot(self._apart) as connection:
            yield connection

    @property
    def waited_s(self) -> float:
        """How long the last transaction waited for other processes to end theirs; zero on PostgreSQL."""
        return 0.0 if self._file_turns is None else self._file_turns.waited_s

    @property
    def log_bytes(self) -> int | None:
        """How long SQLite's log is: what was written and is not copied into the ledger's file; None on PostgreSQL."""
        if self.file is None:
            return None
        with contextlib.suppress(OSError):
            return self.file.with_name(f"{self.file.name}-wal").stat().st_size
        return 0

    @contextlib.contextmanager
    def _snapshot(self, engine: sa.Engine) -> Iterator[Connection]:
        with _connected(engine) as connection:
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
        self._apart.dispose()
        self._writer.dispose()
        # Somebody who is still writing keeps the file that his turn hangs on.
        if self._file_turns is not None and self._turns.take(0):
            self._file_turns.close()
            self._turns.give_back()
