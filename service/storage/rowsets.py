"""Sends many rows in one statement on both engines, so that a batch of any size takes the same number of statements.

The rows are one JSON parameter (json_each on SQLite, json_to_recordset on PostgreSQL). Inserts of many rows are the
exception. On SQLite they use executemany, one prepared statement, which is five times faster than reading a JSON
document. On PostgreSQL they use COPY, which is three times faster (for a few rows its extra round trip costs more than
it saves).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from service.storage.columns import Uuid

ROWS_TO_COPY_MIN = 32
COPY = "COPY"

_POSTGRESQL = sa.make_url("postgresql+psycopg://").get_dialect()()

ColumnType = sa.types.TypeEngine[Any] | type[sa.types.TypeEngine[Any]]


def rows_parameter(rows: Iterable[Mapping[str, object]]) -> str:
    """The JSON text of rows, for a parameter that `row_set` reads. The values are raw: integers, text, UUIDs."""
    return orjson.dumps(list(rows)).decode()


def values_parameter(values: Iterable[object]) -> str:
    """The JSON text of values, for a parameter that `value_set` reads. UUIDs are hex."""
    return orjson.dumps(list(values)).decode()


def row_set(dialect: str, parameter: str, columns: Mapping[str, ColumnType]) -> sa.FromClause:
    """The rows of a JSON parameter as a table that a query can join."""
    if dialect == "postgresql":
        document = sa.cast(sa.bindparam(parameter, type_=sa.types.NullType()), sa.JSON)
        typed = [sa.column(name, _type(column)) for name, column in columns.items()]
        rows = sa.func.json_to_recordset(document).table_valued(*typed, name=f"{parameter}_rows")
        # PostgreSQL expects a hundred rows from any document, and for so many it would read a whole table. The LIMIT
        # tells it the number of rows, which it can count in the document before it plans.
        counted = sa.select(rows.render_derived(with_types=True)).limit(sa.func.json_array_length(document))
        return counted.subquery(parameter)
    each = sa.func.json_each(sa.bindparam(parameter, type_=sa.Text)).table_valued("value", name=f"{parameter}_json")
    cells = [_extract(each.c.value, name, column).label(name) for name, column in columns.items()]
    return sa.select(*cells).subquery(parameter)


def value_set(dialect: str, parameter: str, column: ColumnType) -> sa.FromClause:
    """The values of a JSON array as a table with the column `value`; it takes half the time of rows of one column."""
    if dialect == "postgresql":
        document = sa.cast(sa.bindparam(parameter, type_=sa.types.NullType()), sa.JSON)
        texts = sa.func.json_array_elements_text(document).column_valued(f"{parameter}_texts")
        counted = sa.select(sa.cast(texts, _type(column)).label("value")).limit(sa.func.json_array_length(document))
        return counted.subquery(parameter)
    each = sa.func.json_each(sa.bindparam(parameter, type_=sa.Text)).table_valued("value", name=f"{parameter}_json")
    value: sa.ColumnElement[Any] = each.c.value
    if isinstance(_type(column), Uuid):
        value = sa.func.unhex(value, "-", type_=Uuid())
    return sa.select(value.label("value")).subquery(parameter)


def _type(column: ColumnType) -> sa.types.TypeEngine[Any]:
    return column() if isinstance(column, type) else column


def _extract(value: sa.ColumnElement[Any], name: str, column: ColumnType) -> sa.ColumnElement[Any]:
    cell = sa.func.json_extract(value, f"$.{name}", type_=_type(column))
    # A UUID is text with dashes in JSON, and 16 bytes in SQLite's tables.
    return sa.func.unhex(cell, "-", type_=Uuid()) if isinstance(_type(column), Uuid) else cell


class BulkInsert:
    """Inserts any number of rows into one table with one statement."""

    def __init__(self, table: sa.Table, columns: Sequence[str]) -> None:
        """`columns` fixes the order of the values in each row."""
        self._columns = tuple(columns)
        names = ", ".join(columns)
        places = ", ".join("?" * len(columns))
        self._sqlite = f"INSERT INTO {table.name} ({names}) VALUES ({places})"
        typed = ", ".join(f"{name} {table.c[name].type.compile(_POSTGRESQL)}" for name in columns)
        rows = f"json_to_recordset(%s::json) AS r({typed})"
        self._postgresql = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {rows}"
        self._copy = f"{COPY} {table.name} ({names}) FROM STDIN"

    def run(self, connection: sa.Connection, rows: Sequence[tuple[object, ...]]) -> None:
        """Inserts raw rows in their order (integers, text, None, `raw_uuid` of UUIDs). Without rows it runs nothing.

        Raises sqlalchemy.exc.IntegrityError when a constraint refuses a row.
        """
        if not rows:
            return
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(self._sqlite, list(rows))
        elif len(rows) >= ROWS_TO_COPY_MIN:
            connection.exec_driver_sql(self._copy, list(rows))
        else:
            document = orjson.dumps([dict(zip(self._columns, row, strict=True)) for row in rows]).decode()
            connection.exec_driver_sql(self._postgresql, (document,))


def copy_instead_of_executemany(engine: sa.Engine) -> None:
    """Lets an engine of psycopg run `COPY … FROM STDIN` with a list of rows, as SQLAlchemy runs other statements."""

    @sa.event.listens_for(engine, "do_executemany")
    def copy_rows(cursor: Any, statement: str, rows: Sequence[Sequence[object]], _context: object) -> bool:
        """Runs a COPY and returns True; returns False for any other statement, which SQLAlchemy then runs itself."""
        if not statement.startswith(COPY):
            return False
        with cursor.copy(statement) as target:
            for row in rows:
                target.write_row(row)
        return True
