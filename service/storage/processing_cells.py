"""Cells of what went on after the market in the database, and how far they are folded."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from pyroaring import BitMap, BitMap64

from service.domain.processing_cells import ProcessingCell
from service.storage.cell_tables import CellTable
from service.storage.tables import processing_cell, processing_fold

_ONLY_ROW = 1


class FoldedUpTo(NamedTuple):
    """How far the cells are folded: the number of the newest fact, and the newest transfer and reversal up to it.

    Facts are in the order of recording, and a later state of one register has all facts of an earlier one. So two
    states of the cells can be compared by the number of their fact, also after a fail-over.
    """

    fact: int = 0
    transfer: int = 0
    transfer_reversal: int = 0


NOTHING_FOLDED = FoldedUpTo()


def _cell_of(row: Sequence[Any]) -> ProcessingCell:
    _, _, _, quantity_g, amount_fen, paid_fen, whole, residents, parts = row
    return ProcessingCell(
        amount_fen,
        quantity_g,
        paid_fen,
        whole,
        BitMap.deserialize(bytes(residents)),
        BitMap64.deserialize(bytes(parts)),
    )


def _values_of(cell: ProcessingCell) -> Mapping[str, object]:
    return {
        "amount_fen": cell.amount_fen,
        "quantity_g": cell.quantity_g,
        "paid_fen": cell.paid_fen,
        "whole": cell.whole,
        "residents": cell.residents.serialize(),
        "parts": cell.parts.serialize(),
    }


_TABLE = CellTable(processing_cell, "fold", _cell_of, _values_of)

find = _TABLE.find
load_changed = _TABLE.load_changed
save = _TABLE.save
cell_of = _TABLE.read
is_as_written = _TABLE.is_as_written
replace = _TABLE.replace


MEASURES = _TABLE.measures
"""The names of the columns of a cell's values, in their order."""


def sums_and_sets(cell: ProcessingCell) -> tuple[Any, ...]:
    """The values of a cell in the order of its columns."""
    return cell.quantity_g, cell.amount_fen, cell.paid_fen, cell.whole, cell.residents, cell.parts


def find_folded(connection: sa.Connection) -> FoldedUpTo:
    """How far the cells are folded; NOTHING_FOLDED before the first fold."""
    column = processing_fold.c
    row = connection.execute(sa.select(column.no, column.transfer, column.transfer_reversal)).one_or_none()
    return NOTHING_FOLDED if row is None else FoldedUpTo(*row)


def save_folded(connection: sa.Connection, folded: FoldedUpTo, before: FoldedUpTo) -> None:
    """Notes how far the cells are folded, in the place of the row of `before`.

    Raises sqlalchemy.exc.IntegrityError when another folder has written the first row meanwhile.
    """
    values = {"no": folded.fact, "transfer": folded.transfer, "transfer_reversal": folded.transfer_reversal}
    if before == NOTHING_FOLDED:
        connection.execute(sa.insert(processing_fold).values(id=_ONLY_ROW, **values))
    else:
        connection.execute(sa.update(processing_fold).values(**values))
