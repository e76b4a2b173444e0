"""Folds transfers: adds the lines of transfers, and takes those of reversed transfers off, in the cells of processing.

It does for transfers what commands.folding does for entries. They are in the register of facts, which the chain of
blocks seals, so a fold of transfers makes no block.
"""

from collections.abc import Sequence

from service.domain.cells import CellKey
from service.domain.processing_cells import ALL_GRAINS, WAYS, CountedLine, Spot, apply_lines, cell_at, touched_cells
from service.ledger import Ledger
from service.storage import blocks, processing_cells, processing_tail
from service.storage.engine import Connection
from service.storage.processing_cells import FoldedUpTo
from service.storage.processing_tail import TransferEvent, TransferHeads

LINES_PER_FOLD_MAX = 10_000


def fold_transfers(ledger: Ledger) -> int:
    """Folds the oldest transfers and reversals that no cell has, as many as one fold may, and returns their lines.

    Returns 0 when there are none, or another process is folding or has just folded. A fold that is killed at any
    point loses and doubles nothing, because the cells and the row that says how far they are folded change in one
    transaction. Raises NotWritten and OutcomeUnknown as every writing transaction.
    """
    # Transfers never change. So they are read before anything is locked, and no command waits for that.
    with ledger.database.reading() as connection:
        before = processing_cells.find_folded(connection)
        events = processing_tail.find_events(connection, before, LINES_PER_FOLD_MAX)
        if not events:
            return 0
        after = _folded_by(before, events)
        lines = processing_tail.find_lines(connection, TransferHeads(*before[1:]), TransferHeads(*after[1:]))
    with ledger.database.writing() as connection:
        if not blocks.try_lock(connection) or processing_cells.find_folded(connection) != before:
            return 0
        _add_to_cells(connection, events, lines, after)
        processing_cells.save_folded(connection, after, before)
    return len(lines)


def fold_all_transfers(ledger: Ledger) -> int:
    """Folds until every transfer and reversal is in the cells, and returns the number of lines that it folded."""
    lines = 0
    while folded := fold_transfers(ledger):
        lines += folded
    return lines


def _folded_by(before: FoldedUpTo, events: Sequence[TransferEvent]) -> FoldedUpTo:
    return FoldedUpTo(
        events[-1].fact,
        max(before.transfer, *(event.transfer for event in events if not event.transfer_reversal), 0),
        max(before.transfer_reversal, *(event.transfer_reversal for event in events), 0),
    )


def _add_to_cells(
    connection: Connection,
    events: Sequence[TransferEvent],
    lines: Sequence[tuple[int, CountedLine]],
    after: FoldedUpTo,
) -> None:
    counted = [line for _, line in lines]
    reversals = [line for line in counted if line.is_reversal]
    live = processing_tail.find_live(connection, reversals, TransferHeads(*after[1:]), WAYS)
    changed = processing_cells.find(connection, touched_cells(counted, ALL_GRAINS))
    apply_lines(counted, live, changed, ALL_GRAINS)
    processing_cells.save(connection, changed, changed_in_facts(events, lines))


def changed_in_facts(events: Sequence[TransferEvent], lines: Sequence[tuple[int, CountedLine]]) -> dict[CellKey, int]:
    """The newest fact that changes each cell."""
    fact_of = {(event.transfer, bool(event.transfer_reversal)): event.fact for event in events}
    newest: dict[Spot, int] = {}
    for transfer, line in lines:
        no, spot = fact_of[transfer, line.is_reversal], line.spot
        newest[spot] = max(no, newest.get(spot, 0))
    found: dict[CellKey, int] = {}
    for spot, no in newest.items():
        for grain in ALL_GRAINS:
            key = cell_at(spot, grain)
            found[key] = max(no, found.get(key, 0))
    return found
