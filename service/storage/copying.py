"""Copies a ledger: it reads every table as lines of JSON from one snapshot, and loads lines into an empty ledger.

A line is an array with the values of a row in the order of its columns, the same from both engines: integers (days and
instants as they are stored), text, booleans, null, and bytes as base64. So one engine can load what the other wrote.
"""

import base64
import binascii
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import orjson
import sqlalchemy as sa

from service.storage.columns import Uuid, json_default, plain
from service.storage.rowsets import BulkInsert
from service.storage.tables import metadata

ROWS_AT_ONCE = 2000

_TABLES = {str(table.name): table for table in metadata.sorted_tables}
"""The tables by name, in the order in which they can be loaded."""


class UnreadableLine(ValueError):
    """Says that a line is no row of its table."""


def columns() -> dict[str, list[str]]:
    """The tables of a ledger in the order in which they can be loaded, each with its columns."""
    return {name: _names(table) for name, table in _TABLES.items()}


def _names(table: sa.Table) -> list[str]:
    return [str(column.name) for column in table.columns]


def read_lines(connection: sa.Connection, table: str) -> Iterator[bytes]:
    """The rows of a table in the order of their key, as one line each. The memory it takes does not grow with them."""
    wanted = sa.select(*(plain(column, connection.dialect.name) for column in _TABLES[table].columns))
    ordered = wanted.order_by(*_TABLES[table].primary_key.columns).execution_options(yield_per=ROWS_AT_ONCE)
    with connection.execute(ordered) as rows:
        for row in rows:
            yield orjson.dumps(tuple(row), default=json_default, option=orjson.OPT_APPEND_NEWLINE)


def lock(connection: sa.Connection) -> None:
    """Keeps every other writer out until the transaction ends. On SQLite a writing transaction does so already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {', '.join(_TABLES)} IN EXCLUSIVE MODE"))


def find_filled(connection: sa.Connection) -> str | None:
    """The name of a table that holds rows; None when the ledger is empty."""
    for name, table in _TABLES.items():
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).one_or_none() is not None:
            return name
    return None


class LineReader:
    """Makes rows of the lines of one table."""

    def __init__(self, table: str, width: int, converters: Mapping[int, Callable[[bytes], object]]) -> None:
        """`width` is the number of values of a row, and `converters` has a function for each place of bytes."""
        self._table, self._width, self._converters = table, width, converters

    def read(self, line: bytes) -> tuple[object, ...]:
        """The values of a row. Raises UnreadableLine."""
        try:
            values = orjson.loads(line)
            if not isinstance(values, list) or len(values) != self._width:
                raise UnreadableLine(f"a line of {self._table} is no row of {self._width} values")
            for place, convert in self._converters.items():
                values[place] = None if values[place] is None else convert(base64.b64decode(values[place]))
        except (orjson.JSONDecodeError, binascii.Error, TypeError) as error:
            raise UnreadableLine(f"a line of {self._table} can't be read: {error}") from None
        return tuple(values)


def line_reader(table: str, names: Sequence[str], dialect: str = "sqlite") -> LineReader:
    """A reader of the lines of a table with these columns, for BulkInsert on this engine.

    A table that another version had, or had with other columns, is read as JSON only.
    """
    known = _TABLES.get(table)
    is_known = known is not None and _names(known) == list(names)
    return LineReader(table, len(names), _converters(known, dialect) if known is not None and is_known else {})


class Loader:
    """Loads the lines of one table."""

    def __init__(self, connection: sa.Connection, table: str) -> None:
        """Prepares the INSERT of the table; `load` runs it."""
        names = _names(_TABLES[table])
        self._connection = connection
        self._insert = BulkInsert(_TABLES[table], names)
        self._reader = line_reader(table, names, connection.dialect.name)

    def load(self, lines: Sequence[bytes]) -> None:
        """Adds rows in their order. Raises UnreadableLine."""
        self._insert.run(self._connection, [self._reader.read(line) for line in lines])


def _converters(table: sa.Table, dialect: str) -> Mapping[int, Callable[[bytes], object]]:
    """For each place of a row that holds bytes, the function that converts them for BulkInsert.

    SQLite takes bytes as they are, PostgreSQL takes them as text.
    """
    found: dict[int, Callable[[bytes], object]] = {}
    for place, column in enumerate(table.columns):
        if isinstance(column.type, Uuid | sa.LargeBinary):
            if dialect == "sqlite":
                found[place] = bytes
            else:
                found[place] = bytes.hex if isinstance(column.type, Uuid) else _bytea_text
    return found


def _bytea_text(value: bytes) -> str:
    return f"\\x{value.hex()}"


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """The number of rows of each table, by the table's name."""
    return {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for name, table in _TABLES.items()
    }


def settle(connection: sa.Connection, tables: Collection[str] = _TABLES) -> None:
    """Prepares PostgreSQL after tables were loaded: new numbers follow the highest one, and plans know their sizes.

    SQLite continues after the highest number by itself.
    """
    if connection.dialect.name != "postgresql":
        return
    for table in (_TABLES[name] for name in tables):
        for column in table.columns:
            if column.identity is not None:
                sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
                # For an empty table the maximum is NULL, and setval of NULL leaves the sequence as it is.
                connection.execute(
                    sa.select(sa.func.setval(sequence, sa.select(sa.func.max(column)).scalar_subquery()))
                )
    connection.execute(sa.text(f"ANALYZE {', '.join(tables)}"))
