"""Finds every cell that is not what the journal adds up to, in a ledger whose journal verifies."""

from typing import Any

from service.domain.cells import Cell
from service.domain.processing_cells import ProcessingCell
from service.ledger import Ledger
from service.queries.verifying import Progress, Verified, verify
from service.queries.verifying.cells import TRADE_CELLS, CellFault, CheckedCells
from service.queries.verifying.counting import CountedRow
from service.storage.wrong_cells import Fix, WrongCells


def find_wrong_cells(ledger: Ledger, head_hash: str | None, progress: Progress) -> tuple[Verified, WrongCells]:
    """Verifies the ledger from one snapshot, and finds all cells that are wrong there, of both kinds.

    Raises Wrong when anything else is wrong than cells: what does not verify can't be counted from.
    """
    trade: dict[Any, Fix | None] = {}
    processing: dict[Any, Fix | None] = {}
    named: list[str] = []

    def tell(kind: CheckedCells[Any], fault: CellFault) -> None:
        """Notes a wrong cell, and what it has to be."""
        named.append(str(fault.said))
        (trade if kind is TRADE_CELLS else processing)[fault.key] = _fix_of(kind, fault.counted)

    verified = verify(ledger, head_hash, progress=progress, tell=tell)
    return verified, WrongCells(verified.sealed, verified.folded, trade, processing, named)


def _fix_of(kind: CheckedCells[Any], counted: CountedRow | None) -> Fix | None:
    if counted is None:
        return None
    own_sets = [one.copy() for one in counted.sets]  # A repair changes them, and other rows may share them.
    if kind is TRADE_CELLS:
        amount_fen, exempt_fen, quantity_g, transactions = counted.sums
        return Fix(Cell(amount_fen, exempt_fen, quantity_g, transactions, *own_sets), counted.changed_in)
    quantity_g, amount_fen, paid_fen, whole = counted.sums
    return Fix(ProcessingCell(amount_fen, quantity_g, paid_fen, whole, *own_sets), counted.changed_in)
