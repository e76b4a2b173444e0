"""Statements of the write path: built and compiled once for each engine, run as text.

SQLAlchemy finds a compiled statement again by walking through the whole of it, which for the statements of a post takes
longer than the database does. What comes back are the driver's own values, and what goes in is one text per parameter.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa


class Prepared:
    """A statement for both engines; every parameter is text."""

    def __init__(self, build: Callable[[str], sa.ClauseElement]) -> None:
        """`build` makes the statement of a dialect; it is called once for each."""
        self._build = build
        self._compiled: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(self, connection: sa.Connection, **parameters: str) -> sa.CursorResult[Any]:
        """Runs it. Rows bear raw values: days and instants as integers, UUIDs as `uuid_of` reads them."""
        dialect = connection.dialect
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        text, order, constants = found
        values = constants | parameters
        return connection.exec_driver_sql(text, values if order is None else tuple(values[name] for name in order))

    def _compile(self, dialect: sa.Dialect) -> tuple[str, list[str] | None, dict[str, Any]]:
        compiled: Any = self._build(dialect.name).compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        return str(compiled), compiled.positiontup if compiled.positional else None, compiled.params


def uuid_of(value: Any) -> UUID:
    """The UUID of a raw value: PostgreSQL's driver makes one, SQLite keeps 16 bytes."""
    return UUID(bytes=value) if isinstance(value, bytes) else value


def digest_of(value: Any) -> bytes:
    """The 16 bytes of a raw value in a column of UUIDs."""
    return value if isinstance(value, bytes) else value.bytes
