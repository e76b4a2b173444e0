"""Opens SQLite or PostgreSQL, and begins the two kinds of transactions that Hushi uses, which behave alike on both.

SQLite: WAL, synchronous=FULL, BEGIN IMMEDIATE for the one writing connection of a process, snapshots for readers.
PostgreSQL: synchronous_commit=on; READ COMMITTED for writers, which lock rows by their keys; REPEATABLE READ for
readers.
"""

import contextlib
import functools
import os
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from service.storage import beginning, revisions
from service.storage.beginning import CANT_BE_WRITTEN, Begin, begin_as_it_is, begun
from service.storage.committing import commit, commit_durably
from service.storage.engines import POOL_SIZE, POOL_TIMEOUT_S, sqlite_engine
from service.storage.fair_lock import FairFileLock
from service.storage.faults import DatabaseUnavailable, ReadOnlyDatabase
from service.storage.identity import FileId, FileIdentity
from service.storage.neighbours import Neighbours
from service.storage.private_files import PRIVATE_FOLDER, find_exposed, length_of_log
from service.storage.proof import LastWrites, take_room, write_nothing
from service.storage.rowsets import copy_instead_of_executemany
from service.storage.suspending import SUSPENSION
from service.storage.turns import ProcessLock, WritingTurns
from service.storage.urls import PREFER_STANDBY, read_url

Connection = sa.Connection
"""An open transaction or snapshot. Commands and queries pass it on, and use no other part of SQL."""

_UNDECODABLE = "Could not decode to UTF-8"
"""The message of SQLite's driver for a text that is not UTF-8."""
_IS_READ_ONLY = "SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
_AS_EFFECTIVE = os.access in os.supports_effective_ids


class Database:
    """A ledger's database: `writing()` is one transaction, `reading()` one snapshot. No other code opens these."""

    def __init__(
        self, url: str, *, makes_file: bool = True, known_file: FileId | None = None, takes_writes: bool = True
    ) -> None:
        """Opens no connection yet; the first one makes SQLite's file if `makes_file`. Raises UnusableUrl.

        Without `takes_writes` the URL may lead to a standby, and code only reads from it.
        """
        self.url = read_url(url, takes_writes=takes_writes)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.identity = FileIdentity(self.file, makes_file=makes_file, known=known_file)
        if self.is_sqlite:
            open_sqlite = functools.partial(sqlite_engine, self.url, self.identity)
            self._writer = open_sqlite(begin="BEGIN IMMEDIATE", pool_size=1, read_only=False)
            self._reader = open_sqlite(begin="BEGIN", pool_size=POOL_SIZE, read_only=True)
            self._apart = open_sqlite(begin="BEGIN", pool_size=1, read_only=True)
            self._begin_writing: Begin = begin_as_it_is
            self._begin_posting: Begin = begin_as_it_is
            self._begin_at_length: Begin = begin_as_it_is
            self._begin_reading: Begin = begin_as_it_is
        else:
            from service.storage import postgresql

            engines = postgresql.postgresql_engines(self.url, takes_writes=takes_writes)
            self._writer, self._reader, self._apart, self._peers = engines
            copy_instead_of_executemany(self._writer)
            self._places = threading.BoundedSemaphore(postgresql.WRITERS_MAX - 1)
            self._begin_writing = postgresql.begin_writing
            self._begin_posting = postgresql.begin_posting
            self._begin_at_length = postgresql.begin_at_length
            self._begin_reading = postgresql.begin_reading
            self._seek_standby = postgresql.seek_standby
        self.writes = LastWrites()
        self._watching: list[Any] = []
        self._turns = WritingTurns(self._process_lock(), self._fault_of_lock_file)

    @property
    def file(self) -> pathlib.Path | None:
        """The file in which SQLite keeps the ledger; None on PostgreSQL."""
        return pathlib.Path(self.url.database) if self.is_sqlite and self.url.database else None

    @property
    def switches(self) -> int:
        """How often another server of PostgreSQL has answered than before. Within one number, nothing goes back."""
        return 0 if self.is_sqlite else self._peers.switches

    @property
    def is_missing(self) -> bool:
        """Whether SQLite's file does not exist; false on PostgreSQL, whose databases Hushi does not make."""
        return self.file is not None and not os.path.exists(self.file)  # noqa: PTH110 (false if access is denied)

    @property
    def exposed_files(self) -> list[pathlib.Path]:
        """The files of a ledger on SQLite that other users may use, because they could not be made private."""
        return [] if self.file is None else find_exposed(self.file)

    def make_folder(self) -> None:
        """Makes the folder of SQLite's file; only its owner may use it. Raises OSError."""
        if self.file is not None:
            self.file.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)

    @contextlib.contextmanager
    def writing(
        self, *, at_length: bool = False, is_post: bool = False, looks_at_revision: bool = True
    ) -> Iterator[Connection]:
        """One database transaction: committed at the end, rolled back when anything is raised inside.

        `at_length` is for an operator's command that changes the whole ledger and may take long. A post has its own
        connection, so that it does not wait for writers that record residents one after the other. When a post only
        replays, it makes its commit wait itself. The transaction reads the revision of the schema first, unless its
        first statement does (`service.storage.revisions`). Raises NotWritten when it was rolled back and may be run
        again, OutcomeUnknown when nobody can tell, ReadOnlyDatabase when nothing can be written, OtherRevision.
        """
        begin = self._begin_at_length if at_length else self._begin_posting if is_post else self._begin_writing
        with (
            SUSPENSION.put_off(), self.writes.noted(), self._turn(is_post=is_post),
            begun(self._writer, begin) as (connection, transaction),
        ):  # fmt: skip
            try:
                self.identity.confirm(connection)
                if looks_at_revision:
                    revisions.look(connection)
                yield connection
                if not is_post:  # An answer is a promise, also when the transaction had nothing to write.
                    commit_durably(connection)
            except sa.exc.DBAPIError as error:
                transaction.rollback()
                raise beginning.not_written(error, connection) from error
            except BaseException:
                transaction.rollback()
                raise
            if not self.is_sqlite:
                self._turns.give_back()  # While this transaction waits for the disk, the next one sends its statements.
            commit(connection, transaction)

    def commit_nothing(self, *, with_room: bool = False) -> None:
        """Commits a transaction that changes nothing, to show that the database takes writes and makes them durable.

        With `with_room` it also takes as much of the disk as a post may need. Raises as `writing` does.
        """
        try:
            with self.writing() as connection:
                write_nothing(connection)
                if with_room:
                    take_room(connection, self.file)
        except OSError as error:
            self.writes.failed_at = time.monotonic()
            raise DatabaseUnavailable(f"it can't be written ({type(error).__name__})") from error

    @contextlib.contextmanager
    def turn_to_post(self) -> Iterator[None]:
        """Waits until this thread may post, and keeps the turn for its next transaction.

        Raises DatabaseUnavailable or ReadOnlyDatabase.
        """
        with SUSPENSION.put_off(), contextlib.ExitStack() as turn:
            with self.writes.failures_noted():
                turn.enter_context(self._turn(is_post=True))
            yield

    def _turn(self, *, is_post: bool) -> contextlib.AbstractContextManager[None]:
        """Waits for the turn to write. On PostgreSQL all writers but posts share the other connections."""
        return self._turns.taken() if self.is_sqlite or is_post else self._place_beside_posts()

    def _process_lock(self) -> ProcessLock | None:
        """What keeps other processes from writing at the same time: a must on SQLite, on PostgreSQL a courtesy."""
        if not self.is_sqlite:
            return Neighbours()
        return None if self.file is None else FairFileLock(self.file)

    @contextlib.contextmanager
    def _place_beside_posts(self) -> Iterator[None]:
        if not self._places.acquire(timeout=POOL_TIMEOUT_S):
            raise DatabaseUnavailable("other writers did not end in time")
        try:
            yield
        finally:
            self._places.release()

    def _fault_of_lock_file(self, error: OSError) -> Exception:
        if self.is_read_only():
            return ReadOnlyDatabase(CANT_BE_WRITTEN)
        return DatabaseUnavailable(f"the file beside it for turns can't be used ({error.strerror})")

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One snapshot: every statement inside sees the same state of the ledger, and none can write.

        Raises DatabaseUnavailable when the database does not answer. A row that the driver can't decode is damaged, and
        asking again does not help, so that error is raised as it is.
        """
        with self._snapshot(self._reader) as connection:
            yield connection

    @contextlib.contextmanager
    def reading_apart(self) -> Iterator[Connection]:
        """Like `reading`, on a connection that no report uses; for one thread at a time, which checks the service."""
        with self._snapshot(self._apart) as connection:
            yield connection

    @property
    def waited_s(self) -> float:
        """How long the last transaction waited until other processes had ended theirs; zero on PostgreSQL."""
        return self._turns.waited_s

    @property
    def log_bytes(self) -> int | None:
        """The length of SQLite's log, which holds writes before they are in the ledger's file; None on PostgreSQL."""
        return None if self.file is None else length_of_log(self.file)

    @contextlib.contextmanager
    def _snapshot(self, engine: sa.Engine) -> Iterator[Connection]:
        with begun(engine, self._begin_reading) as (connection, snapshot):
            self.identity.confirm(connection)
            try:
                with snapshot:
                    yield connection
            except sa.exc.OperationalError as error:
                if _UNDECODABLE in str(error.orig):
                    raise
                raise beginning.not_read(error) from error

    def is_read_only(self) -> bool:
        """Whether the database can't be written now. Raises DatabaseUnavailable."""
        if self.file is not None:
            return not all(
                os.access(path, os.W_OK, effective_ids=_AS_EFFECTIVE) for path in (self.file, self.file.parent)
            )
        with self.reading() as connection:
            return bool(connection.exec_driver_sql(_IS_READ_ONLY).scalar_one())

    def seek_standby(self) -> None:
        """Leaves a primary for a standby, when the URL prefers standbys and one answers. Raises DatabaseUnavailable."""
        if self.url.query.get("target_session_attrs") == PREFER_STANDBY and not self.is_read_only():
            self._seek_standby(self._reader, self._peers)

    def open_watching(self) -> Any:
        """Opens a driver's connection outside of the pool, for single statements outside of any transaction.

        One thread at a time may use it, and the caller closes it. Raises DatabaseUnavailable.
        """
        with begun(self._reader, self._begin_reading):
            pass  # If the connections in the pool had died, they have been replaced by now.
        try:
            pooled = self._reader.raw_connection()
        except sa.exc.TimeoutError as error:
            raise DatabaseUnavailable("every connection is in use") from error
        except sa.exc.DBAPIError as error:
            raise beginning.unavailable(error) from error
        connection: Any = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            from service.storage.postgresql import prepare_watching

            prepare_watching(connection)
        self._watching.append(connection)
        return connection

    def close_watching(self, connection: Any) -> None:
        """Closes a connection of `open_watching`, which may be broken."""
        with contextlib.suppress(ValueError):  # `close` may have removed it from the list already.
            self._watching.remove(connection)
        with contextlib.suppress(self.driver_error):
            connection.close()

    @property
    def driver_error(self) -> type[Exception]:
        """The class of the errors that the driver raises when a statement fails."""
        driver: Any = self._reader.dialect.loaded_dbapi
        found: type[Exception] = driver.Error
        return found

    @property
    def engines(self) -> tuple[sa.Engine, sa.Engine]:
        """The writing and the reading engine, for migrations and for code that counts statements."""
        return self._writer, self._reader

    def connections(self) -> dict[str, tuple[int, int]]:
        """For each pool, how many of its connections are in use, and how many there may be."""
        pools = {"writing": self._writer.pool, "reading": self._reader.pool, "apart": self._apart.pool}
        return {name: beginning.connections_of(pool) for name, pool in pools.items()}

    def close(self) -> None:
        """Closes all connections; the database can still be used, and opens new ones."""
        self.identity.forget()
        for connection in list(self._watching):
            self.close_watching(connection)
        self._reader.dispose()
        self._apart.dispose()
        self._writer.dispose()
        self._turns.close()
