"""Where a ledger stands: all that any answer from memory depends on, in one statement."""

import functools
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.storage import tail
from service.storage.engine import Connection, Database
from service.storage.faults import DatabaseUnavailable
from service.storage.tables import api_key, block, resident, resident_group, resident_status


@dataclass(frozen=True, slots=True)
class Position:
    """Where a ledger stands: its last block and the length of its tail. Within a block the tail only grows."""

    block: int
    tail_length: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.block}.{self.tail_length}"


Registrations = tuple[int, int, int]
"""The newest resident, status and membership: one of them grows whenever anything is recorded of a person."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a ledger: equal states give equal reports. `revoked_keys` grows when a key is revoked."""

    position: Position
    registrations: Registrations
    revoked_keys: int


def read(connection: Connection) -> Standing:
    """The state in this snapshot."""
    return _standing_of(tuple(connection.execute(_statement(connection.dialect.name)).one()))


class Watch:
    """Reads the state of the moment as cheaply as the engine can, on a connection of its own; one caller at a time.

    SQLite tells for a few microseconds whether anybody has committed since; PostgreSQL takes one round trip.
    """

    def __init__(self, database: Database) -> None:
        """Opens nothing yet."""
        self._database = database
        self._text = _text(database.engines[1].dialect)
        self._connection: Any = None
        self._seen: tuple[int, Standing] | None = None

    def read(self) -> Standing:
        """The state now. Raises DatabaseUnavailable."""
        try:
            return self._read()
        except self._database.driver_error:
            # The connection may have died of age or of a restart: a new one tells.
            self.close()
        try:
            return self._read()
        except self._database.driver_error as error:
            self.close()
            raise DatabaseUnavailable("the database does not answer") from error

    def close(self) -> None:
        """Closes the connection; the next read opens another."""
        connection, self._connection, self._seen = self._connection, None, None
        if connection is not None:
            self._database.close_watching(connection)

    def _read(self) -> Standing:
        if self._connection is None:
            self._connection = self._database.open_watching()
        cursor = self._connection.cursor()
        try:
            version = cursor.execute("PRAGMA data_version").fetchone()[0] if self._database.is_sqlite else None
            if version is not None and self._seen is not None and self._seen[0] == version:
                return self._seen[1]
            cursor.execute(self._text)
            standing = _standing_of(cursor.fetchone())
            if version is not None:
                # What is committed between the two reads is seen next time, because the version was read first.
                self._seen = version, standing
            return standing
        finally:
            cursor.close()


def _standing_of(row: tuple[Any, ...]) -> Standing:
    no, own_hash, tail_length, newest_resident, newest_status, newest_membership, revoked_keys = row
    position = Position(no or 0, tail_length, bytes(own_hash or b""))
    return Standing(position, (newest_resident or 0, newest_status or 0, newest_membership or 0), revoked_keys)


def _newest(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.max(column)).scalar_subquery()


_NEWEST_BLOCK = block.c.no == _newest(block.c.no)


@functools.cache
def _text(dialect: sa.Dialect) -> str:
    return str(_statement(dialect.name).compile(dialect=dialect))


@functools.cache
def _statement(dialect: str) -> sa.Select[Any]:
    return sa.select(
        _newest(block.c.no),
        sa.select(block.c.hash).where(_NEWEST_BLOCK).scalar_subquery(),
        tail.counted(dialect),
        _newest(resident.c.ordinal),
        _newest(resident_status.c.id),
        _newest(resident_group.c.id),
        sa.select(sa.func.count(api_key.c.revoked_at)).scalar_subquery(),
    )
