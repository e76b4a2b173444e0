"""Folds: seals the oldest entries of the tail into a block, and adds them to the cells of the cube."""

from dataclasses import dataclass

from service.domain.cells import CountedEntry, apply, reversed_pairs, touched_cells
from service.domain.chain import GENESIS_HASH, Block, seal
from service.domain.merkle import leaf_hash
from service.ledger import Ledger
from service.storage import blocks, cells, lineage, tail
from service.storage.blocks import SealedBlock
from service.storage.engine import Connection
from service.storage.settling import settled_end

ENTRIES_PER_BLOCK_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Folded:
    """The block that one fold has sealed; `is_more` says that the tail was longer than a block may be."""

    block: Block
    is_more: bool


def fold(ledger: Ledger) -> Folded | None:
    """Folds as many entries of the tail as a block may hold, and returns what it did.

    Returns None when the tail is empty, or another process is folding or has just folded. A fold that is killed at any
    point loses and doubles nothing, because block and cells change in one transaction, and the block takes its entries
    out of the tail. Raises DatabaseUnavailable when a transaction that writes to the journal does not end; NotWritten
    and OutcomeUnknown as every writing transaction.
    """
    up_to = settled_end(ledger.database)
    if up_to is None:
        return None
    # Entries never change. So they are read and hashed before anything is locked, and no post waits for that.
    with ledger.database.reading() as connection:
        head = blocks.find_head(connection)
        waiting = tail.find_waiting(connection, up_to, ENTRIES_PER_BLOCK_MAX)
    if not waiting:
        return None
    leaves = [leaf_hash(encoding) for _, _, encoding in waiting]
    with ledger.database.writing() as connection:
        if not blocks.try_lock(connection) or blocks.find_head(connection) != head:
            return None
        block = _seal(connection, ledger, head, leaves, waiting[-1].seq)
        _add_to_cells(connection, [entry for _, entry, _ in waiting], block.no, waiting[-1].seq)
        return Folded(block, is_more=waiting[-1].seq < up_to)


def fold_all(ledger: Ledger) -> int:
    """Folds until the tail is empty, and returns the number of entries that it folded."""
    entries = 0
    while (folded := fold(ledger)) is not None:
        entries += folded.block.count
        if not folded.is_more:
            break
    return entries


def _seal(
    connection: Connection, ledger: Ledger, head: SealedBlock | None, leaves: list[bytes], last_seq: int
) -> Block:
    block = seal(
        no=1 if head is None else head.block.no + 1,
        previous_hash=GENESIS_HASH if head is None else head.block.hash,
        leaves=leaves,
        sealed_at=ledger.now(),
        register=lineage.find_head(connection),
    )
    first_seq = 1 if head is None else head.last_seq + 1
    blocks.insert(connection, SealedBlock(block, first_seq, last_seq))
    return block


def _add_to_cells(connection: Connection, entries: list[CountedEntry], block_no: int, up_to: int) -> None:
    live = tail.find_live(connection, reversed_pairs(entries), up_to)
    changed = cells.find(connection, touched_cells(entries))
    apply(entries, live, changed)
    cells.save(connection, changed, block_no)
