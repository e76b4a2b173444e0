"""Cells in the database: the fold writes them, and each process loads them up to the newest block."""

import functools
import importlib
from collections.abc import Collection, Generator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from pyroaring import BitMap

from service.domain.cells import Cell, CellKey
from service.storage.columns import DayType, day_number, day_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import cell

ROWS_AT_ONCE = 1000

_LOADED = (
    cell.c.grain, sa.type_coerce(cell.c.day, sa.Integer), cell.c.dimensions,
    cell.c.amount_fen, cell.c.exempt_fen, cell.c.quantity_g, cell.c.transactions, cell.c.residents,
)  # fmt: skip
_KEY = {"grain": sa.SmallInteger, "day": DayType, "dimensions": sa.Text}


def find(connection: sa.Connection, keys: Collection[CellKey]) -> dict[CellKey, Cell]:
    """Those cells of these keys that exist, read with one statement."""
    rows = [
        {"grain": grain, "day": day_number(day), "dimensions": dimensions_text(values)} for grain, day, values in keys
    ]
    found = connection.execute(_finding_statement(connection.dialect.name), {"keys": rows_parameter(rows)})
    return dict(cell_of(row) for row in found)


def load_changed(
    connection: sa.Connection, after_block: int, grains: Collection[int]
) -> Generator[tuple[CellKey, Cell]]:
    """Every cell of these grains that a block after `after_block` has changed; all cells of them for 0.

    A caller that stops half-way must close the generator.
    """
    wanted = sa.select(*_LOADED).where(cell.c.grain.in_(grains))
    if after_block > 0:
        wanted = wanted.where(cell.c.block > after_block)
    if not grains:
        return
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield cell_of(row)


def save(connection: sa.Connection, cells: Mapping[CellKey, Cell], block: int) -> None:
    """Writes cells as they are after a block, in the place of the rows that they had."""
    # The engine has loaded its dialect. Imports of both dialects here would also load the other one and its drivers.
    new: Any = importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(cell)
    changed = {name: new.excluded[name] for name in (column.name for column in cell.c) if name not in _KEY}
    connection.execute(
        new.on_conflict_do_update(index_elements=list(_KEY), set_=changed),
        [_row_of(key, value, block) for key, value in sorted(cells.items(), key=lambda item: repr(item[0]))],
    )


def _row_of(key: CellKey, value: Cell, block: int) -> dict[str, object]:
    grain, day, values = key
    return {
        "grain": grain,
        "day": day,
        "dimensions": dimensions_text(values),
        "amount_fen": value.amount_fen,
        "exempt_fen": value.exempt_fen,
        "quantity_g": value.quantity_g,
        "transactions": value.transactions,
        "residents": value.residents.serialize(),
        "block": block,
    }


def cell_of(row: Sequence[Any]) -> tuple[CellKey, Cell]:
    """Makes a cell from raw values in the order of the table's columns.

    A ledger has very many cells, so each day and each text of dimensions is converted once and then remembered.
    """
    grain, day, dimensions, amount_fen, exempt_fen, quantity_g, transactions, residents = row
    return (
        (grain, _known_day(day), _known_values(dimensions)),
        Cell(amount_fen, exempt_fen, quantity_g, transactions, BitMap.deserialize(bytes(residents))),
    )


_known_day = functools.lru_cache(maxsize=10_000)(day_of)


@functools.lru_cache(maxsize=100_000)
def _known_values(dimensions: str) -> tuple[str | None, ...]:
    return tuple(orjson.loads(dimensions))


def dimensions_text(values: tuple[str | None, ...]) -> str:
    """The text of a cell's dimension values, as its row holds it."""
    return orjson.dumps(values).decode()


@functools.cache
def _finding_statement(dialect: str) -> sa.Select[Any]:
    keys = row_set(dialect, "keys", _KEY)
    return sa.select(*_LOADED).join(keys, sa.and_(*(cell.c[name] == keys.c[name] for name in _KEY)))
