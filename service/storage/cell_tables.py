"""A table of cells: it is read by keys or by what changed last, and its rows are written in the place of older ones."""

import datetime
import functools
import importlib
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import orjson
import sqlalchemy as sa

from service.domain.cells import CellKey
from service.storage.columns import DayType, day_number, day_of
from service.storage.rowsets import row_set, rows_parameter

ROWS_AT_ONCE = 1000
KEY_COLUMNS = {"grain": sa.SmallInteger, "day": DayType, "dimensions": sa.Text}

RawKey = tuple[int, int, str]
"""The key of a cell as its row has it: the grain, the day as an integer, and the text of the dimensions."""

C = TypeVar("C")


class CellTable(Generic[C]):
    """The cells of one table: their key, the columns of a cell, and the column that says what changed it last."""

    def __init__(
        self,
        table: sa.Table,
        changed_in: str,
        cell_of: Callable[[Sequence[Any]], C],
        values_of: Callable[[C], Mapping[str, object]],
    ) -> None:
        """`values_of` gives the columns of a cell by name; `cell_of` makes a cell of a row's raw values.

        `changed_in` is the last column of the table.
        """
        self._table, self._changed_in = table, changed_in
        self._cell_of, self._values_of = cell_of, values_of
        own = [column for column in table.c if column.name not in {*KEY_COLUMNS, changed_in}]
        self.measures = tuple(column.name for column in own)
        self._loaded = (table.c.grain, sa.type_coerce(table.c.day, sa.Integer), table.c.dimensions, *own)
        # A statement is the same object each time, so that SQLAlchemy compiles it once.
        self._finding = functools.cache(self._finding_statement)

    def find(self, connection: sa.Connection, keys: Collection[CellKey]) -> dict[CellKey, C]:
        """Those cells of these keys that exist, read with one statement."""
        rows = [
            {"grain": grain, "day": day_number(day), "dimensions": dimensions_text(values)}
            for grain, day, values in keys
        ]
        found = connection.execute(self._finding(connection.dialect.name), {"keys": rows_parameter(rows)})
        return dict(self.read(row) for row in found)

    def load_changed(
        self, connection: sa.Connection, after: int, grains: Collection[int]
    ) -> Generator[tuple[CellKey, C]]:
        """Every cell of these grains that was changed after the number `after`; all cells of them for 0.

        A caller that stops half-way must close the generator.
        """
        wanted = sa.select(*self._loaded).where(self._table.c.grain.in_(grains))
        if after > 0:
            wanted = wanted.where(self._table.c[self._changed_in] > after)
        if not grains:
            return
        with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
            for row in rows:
                yield self.read(row)

    def save(self, connection: sa.Connection, cells: Mapping[CellKey, C], changed_in: Mapping[CellKey, int]) -> None:
        """Writes cells in the place of the rows that they had, each with the number of what changed it last."""
        # The engine has loaded its dialect. Imports of both dialects here would also load the other one and its
        # drivers.
        new: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(self._table)
        changed = {column.name: new.excluded[column.name] for column in self._table.c if column.name not in KEY_COLUMNS}
        in_order = sorted(cells.items(), key=lambda item: repr(item[0]))
        connection.execute(
            new.on_conflict_do_update(index_elements=list(KEY_COLUMNS), set_=changed),
            [self._row_of(key, cell, changed_in[key]) for key, cell in in_order],
        )

    def replace(self, connection: sa.Connection, rows: Mapping[RawKey, Sequence[object] | None]) -> None:
        """Writes rows as they are to be stored, by their raw keys, in the place of those that are there.

        A row is deleted where its value is None. Otherwise it has the columns behind the key.
        """
        names = [column.name for column in self._table.c]
        table = sa.table(self._table.name, *(sa.column(name) for name in names))
        is_it = sa.and_(*(table.c[name] == sa.bindparam(f"key_{name}") for name in KEY_COLUMNS))
        keys = [{f"key_{name}": value for name, value in zip(KEY_COLUMNS, key, strict=True)} for key in rows]
        new = [dict(zip(names, (*key, *row), strict=True)) for key, row in rows.items() if row is not None]
        if keys:
            connection.execute(sa.delete(table).where(is_it), keys)
        if new:
            connection.execute(sa.insert(table), new)

    def _row_of(self, key: CellKey, cell: C, changed_in: int) -> dict[str, object]:
        grain, day, values = key
        return {
            "grain": grain,
            "day": day,
            "dimensions": dimensions_text(values),
            **self._values_of(cell),
            self._changed_in: changed_in,
        }

    def read(self, row: Sequence[Any]) -> tuple[CellKey, C]:
        """Makes a cell from raw values in the order of the table's columns.

        A ledger has very many cells, so each day and each text of dimensions is converted once and then remembered.
        """
        return (row[0], known_day(row[1]), known_values(row[2])), self._cell_of(row)

    def is_as_written(self, row: Sequence[Any]) -> bool:
        """Whether raw values, with the last column, are what `save` writes for the cell that they make."""
        key, cell = self.read(row[:-1])
        written = self._row_of(key, cell, row[-1])
        stored = dict(zip((column.name for column in self._table.c), row, strict=True))
        sets = {name: bytes(value) for name, value in stored.items() if isinstance(value, bytes | memoryview)}
        return written == {**stored, "day": key[1], **sets}

    def _finding_statement(self, dialect: str) -> sa.Select[Any]:
        keys = row_set(dialect, "keys", KEY_COLUMNS)
        on = sa.and_(*(self._table.c[name] == keys.c[name] for name in KEY_COLUMNS))
        return sa.select(*self._loaded).join(keys, on)


known_day: Callable[[int], datetime.date] = functools.lru_cache(maxsize=10_000)(day_of)


@functools.lru_cache(maxsize=100_000)
def known_values(dimensions: str) -> tuple[str | None, ...]:
    """The values of a cell's dimensions from the text in its row."""
    return tuple(orjson.loads(dimensions))


@functools.lru_cache(maxsize=100_000)
def dimensions_text(values: tuple[str | None, ...]) -> str:
    """The text of a cell's dimension values, as its row holds it."""
    return orjson.dumps(values).decode()


def raw_key_of(key: CellKey) -> RawKey:
    """The key of a cell as its row has it."""
    grain, day, values = key
    return grain, day_number(day), dimensions_text(values)


def cell_key_of(key: RawKey) -> CellKey:
    """The key of a cell from that of its row."""
    grain, day, text = key
    return grain, known_day(day), known_values(text)
