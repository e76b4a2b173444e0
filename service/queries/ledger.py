"""The ledger as a whole: its head, its blocks, and the proof that a transaction is in one of them."""

import datetime
from dataclasses import dataclass
from uuid import UUID

from service.domain.chain import Block, encode
from service.domain.errors import NotFound
from service.domain.merkle import leaf_hash
from service.domain.proofs import Proof, prove
from service.domain.transactions import no_transaction
from service.ledger import Ledger
from service.storage import blocks, journal, tail, verifications


@dataclass(frozen=True, slots=True)
class Head:
    """The newest block, the numbers of all transactions and of those in the tail, and the time of the last check."""

    block: Block | None
    transactions: int
    tail: int
    verified_at: datetime.datetime | None


def get_head(ledger: Ledger) -> Head:
    """Reads the head of the ledger."""
    with ledger.database.reading() as connection:
        newest = blocks.find_head(connection)
        waiting = tail.length(connection)
        return Head(
            block=None if newest is None else newest.block,
            transactions=blocks.count_entries(connection) + waiting,
            tail=waiting,
            verified_at=verifications.newest(connection),
        )


def find_newest_recorded_at(ledger: Ledger) -> datetime.datetime | None:
    """When the newest transaction was recorded; None in an empty ledger."""
    with ledger.database.reading() as connection:
        return tail.newest_recorded_at(connection)


def get_block(ledger: Ledger, no: int) -> Block:
    """The block with this number. Raises NotFound."""
    with ledger.database.reading() as connection:
        found = blocks.find(connection, no)
    if found is None:
        raise NotFound(f"No block {no} is sealed.")
    return found.block


def get_proof(ledger: Ledger, transaction_id: UUID, trade_point: str | None = None) -> Proof:
    """The proof that a block holds a transaction.

    Raises NotFound, also while the transaction is still in the tail, and for one of another trade point than this one.
    """
    with ledger.database.reading() as connection:
        found = journal.find_with_fate(connection, transaction_id)
        if found is None or trade_point not in {None, found[0].trade_point}:
            raise NotFound(no_transaction(transaction_id, trade_point))
        seq = found[2]
        sealed = blocks.find_holding(connection, seq)
        if sealed is None:
            raise NotFound(f"{transaction_id} is not folded into a block yet; ask again in a few seconds.")
        entries = journal.find_range(connection, sealed.first_seq, sealed.last_seq)
    index = next(place for place, entry in enumerate(entries) if entry.transaction_id == transaction_id)
    leaves = [leaf_hash(encode(entry)) for entry in entries]
    return prove(entries[index], leaves, index, sealed.block)


def tail_length(ledger: Ledger) -> int:
    """How many entries are posted and not folded yet."""
    with ledger.database.reading() as connection:
        return tail.length(connection)


def newest_place(ledger: Ledger) -> int:
    """The place of the newest entry in the journal, which grows with each entry; zero when there is none."""
    with ledger.database.reading() as connection:
        return journal.newest_seq(connection)
