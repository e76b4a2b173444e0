"""Counts the journal again from its first entry on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.domain.cells import GRAINS, Cell, CellKey, Sums, cell_key, entry_of
from service.domain.transactions import Transaction


@dataclass(slots=True)
class Recount:
    """The numbers of transactions and blocks, and every cell with the number of the block that changed it last."""

    transactions: int = 0
    blocks: int = 0
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    changed_by: dict[CellKey, int] = field(default_factory=dict)

    def add(self, entries: Sequence[Transaction], reversed_ids: Collection[Any], block_no: int) -> None:
        """Counts the entries of a block. A resident is in the set of a cell only with a live trade there."""
        self.blocks += 1
        self.transactions += len(entries)
        for transaction in entries:
            entry = entry_of(transaction)
            is_live = not entry.is_reversal and transaction.transaction_id not in reversed_ids
            sums = Sums(entry.amount_fen, entry.exempt_fen, entry.quantity_g, -1 if entry.is_reversal else 1)
            for grain in GRAINS:
                key = cell_key(grain, entry.day, entry.key)
                cell = self.cells.setdefault(key, Cell())
                cell.add_sums(sums)
                self.changed_by[key] = block_no
                if is_live:
                    cell.residents.add(entry.resident)
