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

from service.storage import revisions
from service.storage.connecting import UNDECODABLE, Connection, begun, commit, connected, not_written
from service.storage.engines import (
    IDLE_TIMEOUT,
    POOL_SIZE,
    POOL_TIMEOUT_S,
    READER_PLANS,
    WRITER_PLANS,
    postgresql_engine,
    sqlite_engine,
)
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.private_files import PRIVATE_FOLDER, find_exposed
from service.storage.proof import LastWrites, ReadOnly, take_room, write_nothing
from service.storage.rowsets import copy_instead_of_executemany
from service.storage.suspending import SUSPENSION
from service.storage.turns import FileTurns, Turns
from service.storage.urls import read_url

__all__ = ["Connection", "Database"]


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
        self._file_identity: tuple[int, int] | None = None
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

    @property
    def exposed_files(self) -> list[pathlib.Path]:
        """The files of a ledger on SQLite that others than their owner may use, and that could not be made private."""
        return [] if self.file is None else find_exposed(self.file)

    def make_folder(self) -> None:
        """Makes the folder of SQLite's file, for its owner only. Raises OSError."""
        if self.file is not None:
            self.file.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def writing(self, *, looks_at_revision: bool = True) -> Iterator[Connection]:
        """One database transaction: committed at the end, rolled back when anything is raised inside.

        It looks at the revision of the schema first, unless its first statement does (`service.storage.revisions`).
        Raises NotWritten when it was rolled back and may be run again, OutcomeUnknown when nobody can tell,
        OtherRevision.
        """
        SUSPENSION.begin()
        try:
            with self._transaction(looks_at_revision) as connection:
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
    def _transaction(self, looks_at_revision: bool) -> Iterator[Connection]:
        with self._turn(), connected(self._writer) as connection:
            self.refuse_replaced_file()
            transaction = begun(connection)
            try:
                if looks_at_revision:
                    revisions.look(connection)
                yield connection
            except sa.exc.DBAPIError as error:
                transaction.rollback()
                raise not_written(error) from error
            except BaseException:
                transaction.rollback()
                raise
            commit(connection, transaction)

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
        with connected(engine) as connection:
            self.refuse_replaced_file()
            try:
                with connection.begin():
                    yield connection
            except sa.exc.OperationalError as error:
                if UNDECODABLE in str(error.orig):
                    raise
                raise DatabaseUnavailable("the database does not answer") from error

    def open_watching(self) -> Any:
        """A driver's connection outside of the pool, for single statements outside of any transaction.

        Raises DatabaseUnavailable. For one thread at a time; its owner closes it.
        """
        try:
            pooled = self._reader.raw_connection()
        except (sa.exc.TimeoutError, sa.exc.DBAPIError, OSError) as error:
            raise DatabaseUnavailable("the database can't be reached") from error
        connection: Any = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            connection.autocommit = True
        self._watching.append(connection)
        return connection

    def refuse_replaced_file(self) -> None:
        """Raises DatabaseUnavailable when SQLite's file is not the one that this process has opened any more.

        Whoever moved it away or put another in its place would lose what is still written to the old one. Nothing is
        closed here: SQLite deletes the log by its name when it closes, which is that of the new file by now.
        """
        if self.file is None:
            return
        try:
            found = os.stat(self.file)  # noqa: PTH116 (a microsecond, as often as anybody asks)
        except OSError as error:
            raise DatabaseUnavailable(f"{self.file} is gone ({error.strerror}); put it back and restart") from error
        identity = (found.st_dev, found.st_ino)
        self._file_identity = self._file_identity or identity
        if self._file_identity != identity:
            raise DatabaseUnavailable(f"{self.file} was replaced by another file; restart what has it open")

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
        self._file_identity = None
        for connection in list(self._watching):
            self.close_watching(connection)
        self._reader.dispose()
        self._apart.dispose()
        self._writer.dispose()
        # Somebody who is still writing keeps the file that his turn hangs on.
        if self._file_turns is not None and self._turns.take(0):
            self._file_turns.close()
            self._turns.give_back()
