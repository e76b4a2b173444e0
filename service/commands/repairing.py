"""Repairs cells that are not what the journal adds up to, in one short transaction, while the service goes on.

The cells were counted before, from a snapshot. Folds go on meanwhile, so the entries and transfers that were folded
since are added to what was counted, by the code of the fold, before the rows are written.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from service.commands.processing_folding import changed_in_facts
from service.domain.cells import Cell, CellKey, apply, reversed_pairs, touched_cells
from service.domain.processing_cells import ALL_GRAINS, WAYS, ProcessingCell, apply_lines
from service.ledger import Ledger
from service.storage import blocks, cells, processing_cells, processing_tail, self_checks, tail
from service.storage.blocks import SealedBlock
from service.storage.cell_tables import RawKey, cell_key_of, raw_key_of
from service.storage.engine import Connection
from service.storage.processing_cells import FoldedUpTo
from service.storage.processing_tail import TransferHeads
from service.storage.wrong_cells import Fix, WrongCells

CAUGHT_UP_MAX = 20_000
"""How many entries, and how many lines of transfers, a repair adds while writers may wait for it."""
LOCK_TRIES_MAX, LOCK_PAUSE_S = 100, 0.1


class TooFarBehind(Exception):
    """So much was folded since the cells were counted that they have to be counted again."""


def repair_cells(ledger: Ledger, wrong: WrongCells, mismatches: int) -> bool:
    """Writes these cells as they must be now, records it, and clears the alarm, all in one transaction.

    `mismatches` counts the wrong figures that the self-check had found before the cells were counted. When it has found
    one since, that may be a cell which was changed after the count: the alarm stays, and the answer is False. Raises
    TooFarBehind; NotWritten and OutcomeUnknown as every writing transaction.
    """
    for _ in range(LOCK_TRIES_MAX):
        with ledger.database.writing() as connection:
            if blocks.try_lock(connection):
                return _repair(connection, ledger, wrong, mismatches)
        time.sleep(LOCK_PAUSE_S)
    raise TooFarBehind


def _repair(connection: Connection, ledger: Ledger, wrong: WrongCells, mismatches: int) -> bool:
    checked = self_checks.lock(connection)
    head, folded = blocks.find_head(connection), processing_cells.find_folded(connection)
    trade = _catch_up(connection, wrong, head)
    processing = _catch_up_transfers(connection, wrong, folded)
    cells.replace(connection, _rows(trade, cells.sums_and_sets))
    processing_cells.replace(connection, _rows(processing, processing_cells.sums_and_sets))
    at = 0 if head is None else head.block.no, folded.fact
    self_checks.record_repair(connection, ledger.now(), at, (len(trade), len(processing)), wrong.named)
    if checked.mismatches > mismatches:
        return False
    self_checks.clear(connection)
    return True


def _rows(fixes: Mapping[RawKey, Fix | None], values_of: Any) -> dict[RawKey, Sequence[object] | None]:
    return {
        key: None
        if fix is None
        else [*(one if isinstance(one, int) else one.serialize() for one in values_of(fix.cell)), fix.changed_in]
        for key, fix in fixes.items()
    }


def _catch_up(connection: Connection, wrong: WrongCells, head: SealedBlock | None) -> dict[RawKey, Fix | None]:
    """The cells of trade with the entries that were folded since the snapshot. Raises TooFarBehind."""
    fixes = dict(wrong.trade)
    before = 0 if wrong.head is None else wrong.head.last_seq
    if head is None or head.last_seq == before or not fixes:
        return fixes
    if head.last_seq - before > CAUGHT_UP_MAX:
        raise TooFarBehind
    counted: dict[CellKey, Cell] = _known(fixes)
    for sealed in blocks.list_from(connection, 1 if wrong.head is None else wrong.head.block.no + 1, CAUGHT_UP_MAX):
        entries = tail.find_between(connection, sealed.first_seq, sealed.last_seq)
        changed = {key for key in touched_cells(entries) if raw_key_of(key) in fixes}
        apply(entries, tail.find_live(connection, reversed_pairs(entries), sealed.last_seq), counted)
        fixes |= {raw_key_of(key): Fix(counted[key], sealed.block.no) for key in changed}
    return fixes


def _catch_up_transfers(connection: Connection, wrong: WrongCells, folded: FoldedUpTo) -> dict[RawKey, Fix | None]:
    """The cells of transfers with the lines that were folded since the snapshot. Raises TooFarBehind."""
    fixes = dict(wrong.processing)
    if folded == wrong.folded or not fixes:
        return fixes
    events = [
        event
        for event in processing_tail.find_events(connection, wrong.folded, CAUGHT_UP_MAX)
        if event.fact <= folded.fact
    ]
    if not events or events[-1].fact != folded.fact:
        raise TooFarBehind
    heads = TransferHeads(*folded[1:])
    lines = processing_tail.find_lines(connection, TransferHeads(*wrong.folded[1:]), heads)
    counted: dict[CellKey, ProcessingCell] = _known(fixes)
    every = [line for _, line in lines]
    live = processing_tail.find_live(connection, [line for line in every if line.is_reversal], heads, WAYS)
    apply_lines(every, live, counted, ALL_GRAINS)
    changed = changed_in_facts(events, lines)
    fixes |= {raw_key_of(key): Fix(counted[key], fact) for key, fact in changed.items() if raw_key_of(key) in fixes}
    return fixes


def _known(fixes: Mapping[RawKey, Fix | None]) -> dict[CellKey, Any]:
    return {cell_key_of(key): fix.cell for key, fix in fixes.items() if fix is not None}
