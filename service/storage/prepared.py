"""Statements for writing that are built and compiled once for each engine, and run as text.

SQLAlchemy walks through a whole statement to find its compiled form, and for the statements of a post this takes longer
than the database does. Each parameter is one text, and the results are the driver's own values.
"""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa


class Prepared:
    """A statement for both engines; all its parameters are texts."""

    def __init__(self, build: Callable[[str], sa.ClauseElement]) -> None:
        """Takes a function that makes the statement for a dialect; it is called once for each dialect."""
        self._build = build
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, connection: sa.Connection, **parameters: str) -> sa.CursorResult[Any]:
        """Runs the statement. Rows have raw values: days and instants are integers, and `uuid_of` reads UUIDs."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        text, order, constants = found
        values = constants | parameters
        return connection.exec_driver_sql(text, values if order is None else tuple(values[name] for name in order))

    def rows(self, connection: sa.Connection, **parameters: str) -> Sequence[tuple[Any, ...]]:
        """All rows of the statement as the driver's own tuples: SQLAlchemy's rows take as long again."""
        cursor: Any = self.run(connection, **parameters).cursor
        found: Sequence[tuple[Any, ...]] = cursor.fetchall()
        return found

    def _compile(self, dialect: sa.Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled: Any = self._build(dialect.name).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), compiled.positiontup if compiled.positional else None, compiled.params


def uuid_of(value: Any) -> UUID:
    """The UUID of a raw value: PostgreSQL's driver returns a UUID, and SQLite returns 16 bytes."""
    return UUID(bytes=value) if isinstance(value, bytes) else value


def digest_of(value: Any) -> bytes:
    """The 16 bytes of a raw value in a column of UUIDs."""
    return value if isinstance(value, bytes) else value.bytes
