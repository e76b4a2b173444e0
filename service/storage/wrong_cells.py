"""Cells that are not what the journal adds up to, as a verification hands them to a repair."""

from typing import Any, NamedTuple

from service.storage.blocks import SealedBlock
from service.storage.cell_tables import RawKey
from service.storage.processing_cells import FoldedUpTo


class Fix(NamedTuple):
    """What a cell must hold, and the number of what changed it last."""

    cell: Any
    changed_in: int


class WrongCells(NamedTuple):
    """The cells that were found wrong in a snapshot, by their raw keys; None where there must be no cell.

    `head` is the newest block of the snapshot, `folded` says how far the cells of transfers were. `named` are the
    sentences that name the cells.
    """

    head: SealedBlock | None
    folded: FoldedUpTo
    trade: dict[RawKey, Fix | None]
    processing: dict[RawKey, Fix | None]
    named: list[str]
