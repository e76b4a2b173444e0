"""I4, and a part of I1: every entry up to the head is in exactly one block, unchanged and in its place."""

from collections.abc import Iterable, Iterator
from contextlib import closing

from service.domain.chain import encode, leaf_hash, why_not_linked, why_not_sealed
from service.domain.transactions import Transaction
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import UNREADABLE, Wrong, reading, unreadable
from service.storage import blocks, recount
from service.storage.blocks import SealedBlock
from service.storage.engine import Connection
from service.storage.entry_rows import entry_of
from service.storage.prepared import uuid_of
from service.storage.recount import Raw

BLOCKS_AT_ONCE = 100
FIRST_PLACE = 1


def verify_chain(connection: Connection, counted: Recount, head_hash: str | None) -> SealedBlock | None:
    """Checks that every block holds the entries that are there, and returns the newest block. Raises Wrong."""
    stray = recount.find_place_before(connection, FIRST_PLACE)
    if stray is not None:
        raise Wrong(f"The entry at place {stray} of the journal stands in front of the first one.")
    previous: SealedBlock | None = None
    gone = _reversed_ids(connection)
    is_known = head_hash is None
    for sealed in _all_blocks(connection):
        entries, leaves = _entries_of(connection, sealed)
        wrong = _why_wrong(previous, sealed) or why_not_sealed(sealed.block, leaves)
        if wrong is not None:
            raise Wrong(wrong)
        counted.add(entries, gone, sealed.block.no)
        is_known = is_known or sealed.block.hash.hex() == head_hash
        previous = sealed
    if not is_known:
        raise Wrong(f"No block has the hash {head_hash}: the chain was cut, or written anew, since it was noted.")
    return previous


def _reversed_ids(connection: Connection) -> set[object]:
    with reading("The newest block"):
        head = blocks.find_head(connection)
    with reading("What an entry of the journal reverses"):
        return {uuid_of(raw) for raw in recount.reversed_ids(connection, 0 if head is None else head.last_seq)}


def _why_wrong(previous: SealedBlock | None, sealed: SealedBlock) -> str | None:
    wrong = why_not_linked(None if previous is None else previous.block, sealed.block)
    expected = FIRST_PLACE if previous is None else previous.last_seq + 1
    if wrong is None and sealed.first_seq != expected:
        wrong = f"Block {sealed.block.no} begins at place {sealed.first_seq} of the journal instead of {expected}."
    return wrong


def _all_blocks(connection: Connection) -> Iterator[SealedBlock]:
    no = 1
    while found := _some_blocks(connection, no):
        yield from found
        no = found[-1].block.no + 1


def _some_blocks(connection: Connection, no: int) -> list[SealedBlock]:
    with reading(f"Block {no}, or one of the {BLOCKS_AT_ONCE} behind it,"):
        return blocks.list_from(connection, no, BLOCKS_AT_ONCE)


def _entries_of(connection: Connection, sealed: SealedBlock) -> tuple[list[Transaction], list[bytes]]:
    """The entries in the places of a block, and the leaf of each entry."""
    with closing(recount.entries_between(connection, sealed.first_seq, sealed.last_seq)) as rows:
        read = list(entries_and_leaves(rows))
    return [entry for entry, _ in read], [leaf for _, leaf in read]


def entries_and_leaves(rows: Iterable[Raw]) -> Iterator[tuple[Transaction, bytes]]:
    """The entries of rows and their leaves. Raises Wrong for a row that can't be read."""
    for row in rows:
        try:
            entry = entry_of(row)
            yield entry, leaf_hash(encode(entry))
        except UNREADABLE as error:
            raise unreadable(f"The entry at place {row[0]} of the journal", error) from None
