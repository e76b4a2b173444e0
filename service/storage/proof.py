"""Finds out whether the database takes writes, by a commit that changes nothing and is as durable as any other."""

import contextlib
import os
import pathlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from service.storage.committing import commit_durably
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown

ROOM_BYTES = 256 * 1024
"""More space on the disk than a post needs, with log and indexes."""
_ROWS_OF_ROOM = 4_000


@dataclass(slots=True)
class LastWrites:
    """The times at which a transaction of this process was last committed, and at which one last failed.

    The times are of time.monotonic; None before the first one. A race that another process has won is no failure.
    """

    done_at: float | None = None
    failed_at: float | None = None

    @property
    def is_failing(self) -> bool:
        """Whether the last transaction failed."""
        return self.failed_at is not None and (self.done_at is None or self.failed_at >= self.done_at)

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Around a transaction: notes when it was committed, or failed. What refuses it inside is no failure."""
        with self.failures_noted():
            yield
        self.done_at = time.monotonic()

    @contextlib.contextmanager
    def failures_noted(self) -> Iterator[None]:
        """Around what must come before a transaction: notes when it failed."""
        try:
            yield
        except NotWritten as fault:
            if not fault.is_race:
                self.failed_at = time.monotonic()
            raise
        except (OutcomeUnknown, DatabaseUnavailable):
            self.failed_at = time.monotonic()
            raise


def write_nothing(connection: sa.Connection) -> None:
    """Writes something that changes nothing, and that the commit of this transaction must sync to the disk."""
    if connection.dialect.name == "sqlite":
        version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        connection.exec_driver_sql(f"PRAGMA user_version = {int(version)}")
        return
    commit_durably(connection)


def take_room(connection: sa.Connection, file: pathlib.Path | None) -> None:
    """Takes as much space on the disk as a post may need, and frees it. Raises OSError or an error of the driver.

    After a full disk has stopped a post, a smaller commit may still fit into the space that the post had taken before
    it failed. `file` is the file in which SQLite keeps the ledger.
    """
    if file is None:
        connection.exec_driver_sql(
            f"CREATE TEMPORARY TABLE hushi_room ON COMMIT DROP AS SELECT generate_series(1, {_ROWS_OF_ROOM}) AS n"
        )
        return
    room = file.with_name(f"{file.name}-room-{os.getpid()}")
    try:
        with room.open("wb") as taken:
            taken.write(bytes(ROOM_BYTES))
            taken.flush()
            os.fsync(taken.fileno())
    finally:
        room.unlink(missing_ok=True)
