"""I4, and a part of I1: every entry up to the head is in exactly one block, unchanged and in its place."""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import Any

from service.domain.chain import (
    Block,
    encode,
    encode_values,
    why_not_linked,
    why_not_sealed,
    why_not_so_many,
)
from service.domain.merkle import leaf_hash
from service.domain.transactions import Transaction
from service.queries.verifying.counting import Recount
from service.queries.verifying.faults import UNREADABLE, Wrong, reading, unreadable
from service.storage import blocks, recount
from service.storage.blocks import SealedBlock
from service.storage.engine import Connection
from service.storage.entry_rows import entry_of
from service.storage.prepared import digest_of
from service.storage.raw_rows import Raw
from service.storage.sealed_rows import UUID_BYTES, plain_values, sealed_between

BLOCKS_AT_ONCE = 100
FIRST_PLACE = 1


Progress = Callable[[Block], None]
"""Is told of each block that was verified, in order."""


def tell_nobody(_block: Block) -> None:
    """Tells nobody."""


def verify_chain(
    connection: Connection, counted: Recount, head_hash: str | None, progress: Progress = tell_nobody, hashed: int = 0
) -> SealedBlock | None:
    """Checks that every block holds the entries that are there, and returns the newest block. Raises Wrong.

    Entries of blocks up to number `hashed` were hashed before: they are read and counted, and not hashed again.
    """
    stray = recount.find_place_before(connection, FIRST_PLACE)
    if stray is not None:
        raise Wrong(f"The entry at place {stray} of the journal stands in front of the first one.")
    previous: SealedBlock | None = None
    gone = _reversed_ids(connection)
    is_known = head_hash is None
    with closing(_all_blocks(connection)) as all_blocks:
        for sealed, places in all_blocks:
            wrong = _why_wrong(previous, sealed)
            if wrong is not None:
                raise Wrong(wrong)
            rows = places.up_to(sealed.last_seq)
            if sealed.block.no <= hashed:
                entries = _count_entries(rows)
                wrong = why_not_so_many(sealed.block, len(entries))
            else:
                entries, leaves = _read_entries(rows)
                wrong = why_not_sealed(sealed.block, leaves)
            if wrong is not None:
                raise Wrong(wrong)
            counted.add(entries, gone, sealed.block.no)
            is_known = is_known or sealed.block.hash.hex() == head_hash
            previous = sealed
            progress(sealed.block)
    if not is_known:
        raise Wrong(f"No block has the hash {head_hash}: the chain was cut, or written anew, since it was noted.")
    return previous


def _reversed_ids(connection: Connection) -> set[bytes]:
    with reading("The newest block"):
        head = blocks.find_head(connection)
    with reading("What an entry of the journal reverses"):
        return {_id_of(raw) for raw in recount.reversed_ids(connection, 0 if head is None else head.last_seq)}


def _why_wrong(previous: SealedBlock | None, sealed: SealedBlock) -> str | None:
    wrong = why_not_linked(None if previous is None else previous.block, sealed.block)
    expected = FIRST_PLACE if previous is None else previous.last_seq + 1
    if wrong is None and sealed.first_seq != expected:
        wrong = f"Block {sealed.block.no} begins at place {sealed.first_seq} of the journal instead of {expected}."
    return wrong


def _id_of(raw: object) -> bytes:
    found = digest_of(raw)
    if len(found) != UUID_BYTES:
        raise ValueError(f"a UUID has {UUID_BYTES} bytes")
    return found


class _Places:
    """Rows of entries in the order of their places, given block by block."""

    def __init__(self, rows: Iterable[Raw]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def up_to(self, last_seq: int) -> Iterator[Raw]:
        """The rows up to a place, which were not given yet."""
        row = self._next
        while row is not None and row[0] <= last_seq:
            yield row
            row = next(self._rows, None)
        self._next = row


def _all_blocks(connection: Connection) -> Generator[tuple[SealedBlock, _Places]]:
    """Every block in order, with the entries of many blocks, which are read with one statement."""
    no = 1
    while found := _some_blocks(connection, no):
        with closing(sealed_between(connection, found[0].first_seq, found[-1].last_seq)) as rows:
            places = _Places(rows)
            for sealed in found:
                yield sealed, places
        no = found[-1].block.no + 1


def _some_blocks(connection: Connection, no: int) -> list[SealedBlock]:
    with reading(f"Block {no}, or one of the {BLOCKS_AT_ONCE} behind it,"):
        return blocks.list_from(connection, no, BLOCKS_AT_ONCE)


def _read_entries(rows: Iterable[Raw]) -> tuple[list[tuple[Any, ...]], list[bytes]]:
    """The plain values of the entries of a block, and the leaf of each. Raises Wrong for one that can't be read."""
    entries, leaves = [], []
    for row in rows:
        try:
            values = plain_values(row[1:])
            leaves.append(leaf_hash(encode_values(values)))
        except UNREADABLE as error:
            raise unreadable(f"The entry at place {row[0]} of the journal", error) from None
        entries.append(values)
    return entries, leaves


def _count_entries(rows: Iterable[Raw]) -> list[tuple[Any, ...]]:
    """The plain values of the entries of a block. Raises Wrong for one that can't be read."""
    entries = []
    for row in rows:
        try:
            entries.append(plain_values(row[1:]))
        except UNREADABLE as error:
            raise unreadable(f"The entry at place {row[0]} of the journal", error) from None
    return entries


def entries_and_leaves(rows: Iterable[Raw]) -> Iterator[tuple[Transaction, bytes]]:
    """The entries of rows and their leaves. Raises Wrong for a row that can't be read."""
    for row in rows:
        try:
            entry = entry_of(row)
            yield entry, leaf_hash(encode(entry))
        except UNREADABLE as error:
            raise unreadable(f"The entry at place {row[0]} of the journal", error) from None
