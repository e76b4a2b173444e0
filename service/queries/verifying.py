"""Verifying: everything that can be counted again is counted again from the journal, and the first fault is named.

The invariants are those of docs/ARCHITECTURE.md: I1 each entry once, I2 allowances, I3 cells and tail are a recount of
the journal, I4 the chain, I5 keys and entries, I6 reversals.
"""

import uuid
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass, field

from service.domain.allowance import NO_LIST_GROUP, Rulebook, UseKey
from service.domain.cells import GRAINS, Cell, CellKey, Sums, cell_key, entry_of
from service.domain.chain import Block, encode, leaf_hash, why_not_linked, why_not_sealed
from service.domain.groups import group_id
from service.domain.residents import resident_id
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.storage import blocks, cells, recount
from service.storage.blocks import Sealed
from service.storage.engine import Connection

BLOCKS_AT_ONCE = 100
FIRST_PLACE = 1


class Wrong(Exception):
    """The first thing that is wrong with a ledger; the message names the row, cell or block."""


@dataclass(slots=True)
class Recount:
    """What the journal says, counted again from its first entry on."""

    transactions: int = 0
    blocks: int = 0
    cells: dict[CellKey, Cell] = field(default_factory=dict)
    uses: dict[UseKey, int] = field(default_factory=dict)
    """Fen of a value limit's row, grams of a list group's."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A ledger without a fault: how much was counted, and the newest block, whose hash is worth keeping outside."""

    transactions: int
    blocks: int
    cells: int
    tail: int
    head: Block | None


def verify(ledger: Ledger, head_hash: str | None = None) -> Verified:
    """Recounts the whole ledger from one snapshot. Raises Wrong, which names the first fault.

    `head_hash` (hex) is the hash of a block that was kept outside: a chain that was cut or written anew is found by it.
    """
    with ledger.database.reading() as connection:
        counted = Recount()
        head = _verify_chain(connection, counted, head_hash)
        waiting = _count_tail(connection, counted, head)
        _verify_cells(connection, counted)
        _verify_allowances(connection, counted, ledger.rulebook)
        _verify_keys_and_reversals(connection)
        newest = None if head is None else head.block
        return Verified(counted.transactions, counted.blocks, len(counted.cells), waiting, newest)


def _verify_chain(connection: Connection, counted: Recount, head_hash: str | None) -> Sealed | None:
    """I4, and of I1 that every entry up to the head is in exactly one block, unchanged and in its place."""
    stray = recount.find_place_before(connection, FIRST_PLACE)
    if stray is not None:
        raise Wrong(f"The entry at place {stray} of the journal stands in front of the first one.")
    previous: Sealed | None = None
    head = blocks.find_head(connection)
    reversed_ids = recount.reversed_ids(connection, 0 if head is None else head.last_seq)
    is_known = head_hash is None
    for sealed in _all_blocks(connection):
        entries = [entry for _, entry in recount.entries_between(connection, sealed.first_seq, sealed.last_seq)]
        wrong = _why_wrong(previous, sealed, entries)
        if wrong is not None:
            raise Wrong(wrong)
        _count(entries, counted)
        _count_cells(entries, reversed_ids, counted)
        counted.blocks += 1
        is_known = is_known or sealed.block.hash.hex() == head_hash
        previous = sealed
    if not is_known:
        raise Wrong(f"No block has the hash {head_hash}: the chain was cut, or written anew, since it was noted.")
    return previous


def _why_wrong(previous: Sealed | None, sealed: Sealed, entries: list[Transaction]) -> str | None:
    wrong = why_not_linked(None if previous is None else previous.block, sealed.block)
    expected = FIRST_PLACE if previous is None else previous.last_seq + 1
    if wrong is None and sealed.first_seq != expected:
        wrong = f"Block {sealed.block.no} begins at place {sealed.first_seq} of the journal instead of {expected}."
    return wrong or why_not_sealed(sealed.block, [leaf_hash(encode(entry)) for entry in entries])


def _all_blocks(connection: Connection) -> Iterator[Sealed]:
    no = 1
    while found := blocks.list_from(connection, no, BLOCKS_AT_ONCE):
        yield from found
        no = found[-1].block.no + 1


def _count_tail(connection: Connection, counted: Recount, head: Sealed | None) -> int:
    """Counts what is in no block yet; the number of those entries."""
    first = FIRST_PLACE if head is None else head.last_seq + 1
    waiting = [entry for _, entry in recount.entries_between(connection, first, None)]
    _count(waiting, counted)
    return len(waiting)


def _count(entries: list[Transaction], counted: Recount) -> None:
    counted.transactions += len(entries)
    for entry in entries:
        if entry.direction == "import":
            value = UseKey(entry.resident, entry.day, NO_LIST_GROUP)
            counted.uses[value] = counted.uses.get(value, 0) + entry.exempt_fen
            if entry.list_group is not None:
                listed = UseKey(entry.resident, entry.day, entry.list_group)
                counted.uses[listed] = counted.uses.get(listed, 0) + entry.exempt_quantity_g


def _count_cells(entries: list[Transaction], reversed_ids: Collection[uuid.UUID], counted: Recount) -> None:
    for transaction in entries:
        entry = entry_of(transaction, None if transaction.group is None else group_id(transaction.group))
        is_live = not entry.is_reversal and transaction.transaction_id not in reversed_ids
        count = -1 if entry.is_reversal else 1
        sums = Sums(entry.amount_fen, entry.exempt_fen, entry.quantity_g, count)
        for grain in GRAINS:
            cell = counted.cells.setdefault(cell_key(grain, entry.day, entry.key), Cell())
            cell.add_sums(sums)
            if is_live:
                cell.residents.add(entry.resident)


def _verify_cells(connection: Connection, counted: Recount) -> None:
    """I3: every cell is what its entries add up to."""
    missing = set(counted.cells)
    with closing(cells.load_changed(connection, 0, [grain.number for grain in GRAINS])) as stored:
        for key, cell in stored:
            if counted.cells.get(key) != cell:
                raise Wrong(f"The cell of {key[1]}, grain {key[0]}, {key[2]}, is not what its entries add up to.")
            missing.discard(key)
    if missing:
        grain, day, values = min(missing, key=repr)
        raise Wrong(f"The cell of {day}, grain {grain}, {values}, is missing.")


def _verify_allowances(connection: Connection, counted: Recount, rulebook: Rulebook) -> None:
    """I2: every allowance row is what its entries have used, and within the limit of its day."""
    missing = {key for key, used in counted.uses.items() if used}
    with closing(recount.allowance_rows(connection)) as rows:
        for key, exempt_fen, quantity_g in rows:
            used = exempt_fen if key.list_group == NO_LIST_GROUP else quantity_g
            if used != counted.uses.get(key, 0):
                raise Wrong(f"The allowance of {_named(key)} says {used} used, its entries {counted.uses.get(key, 0)}.")
            if used > _limit(rulebook, key):
                raise Wrong(f"The allowance of {_named(key)} says {used} used, its limit is {_limit(rulebook, key)}.")
            missing.discard(key)
    if missing:
        raise Wrong(f"The allowance of {_named(min(missing))} is missing.")


def _limit(rulebook: Rulebook, key: UseKey) -> int:
    rules = rulebook.on(key.day)
    if key.list_group == NO_LIST_GROUP:
        return rules.limit_fen
    group = rules.list_groups.get(key.list_group)
    return 0 if group is None else group.free_g


def _named(key: UseKey) -> str:
    return f"{resident_id(key.resident)} on {key.day}{f', {key.list_group}' if key.list_group else ''}"


def _verify_keys_and_reversals(connection: Connection) -> None:
    """I5 and I6: one key, one entry; each reversal is the negative of one trade, and a trade has one at most."""
    faults = (
        (recount.find_key_without_entry(connection), "was answered under a key, and is not in the journal"),
        (recount.find_entry_without_key(connection), "is in the journal, and not under exactly one idempotency key"),
        (recount.find_wrong_reversal(connection), "is a reversal, and not the negative of exactly one trade"),
    )
    for transaction_id, what in faults:
        if transaction_id is not None:
            raise Wrong(f"Transaction {transaction_id} {what}.")
