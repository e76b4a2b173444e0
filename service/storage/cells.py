"""Cells of trade in the database: the fold writes them, and each process loads them up to the newest block."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from pyroaring import BitMap

from service.domain.cells import Cell, CellKey
from service.storage.cell_tables import CellTable
from service.storage.tables import cell


def _cell_of(row: Sequence[Any]) -> Cell:
    _, _, _, amount_fen, exempt_fen, quantity_g, transactions, residents = row
    return Cell(amount_fen, exempt_fen, quantity_g, transactions, BitMap.deserialize(bytes(residents)))


def _values_of(value: Cell) -> Mapping[str, object]:
    return {
        "amount_fen": value.amount_fen,
        "exempt_fen": value.exempt_fen,
        "quantity_g": value.quantity_g,
        "transactions": value.transactions,
        "residents": value.residents.serialize(),
    }


_TABLE = CellTable(cell, "block", _cell_of, _values_of)

find = _TABLE.find
load_changed = _TABLE.load_changed
cell_of = _TABLE.read
is_as_written = _TABLE.is_as_written
replace = _TABLE.replace


MEASURES = _TABLE.measures
"""The names of the columns of a cell's values, in their order."""


def sums_and_sets(value: Cell) -> tuple[Any, ...]:
    """The values of a cell in the order of its columns."""
    return value.amount_fen, value.exempt_fen, value.quantity_g, value.transactions, value.residents


def save(connection: sa.Connection, cells: Mapping[CellKey, Cell], block: int) -> None:
    """Writes cells as they are after a block, in the place of the rows that they had."""
    _TABLE.save(connection, cells, dict.fromkeys(cells, block))
