"""Looks up one entry, a page of a statement, and how a trade would be judged now."""

from dataclasses import dataclass
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP, UseKey
from service.domain.errors import NotFound
from service.domain.transactions import Trade, Transaction
from service.judging import prepare_judge
from service.ledger import Ledger
from service.queries.filters import refuse_unknown_words
from service.storage import allowance, blocks, idempotency, journal
from service.storage.journal import Page, TransactionFilters


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer that posting a trade now would give; `remaining_after_fen` would be left of the value limit."""

    transaction: Transaction
    remaining_after_fen: int


@dataclass(frozen=True, slots=True)
class Fate:
    """An entry and what happened to it since: its reversal, if there is one, and its block once it is folded."""

    transaction: Transaction
    reversed_by: UUID | None
    block: int | None


def get_transaction(ledger: Ledger, transaction_id: UUID) -> Fate:
    """One entry with its fate. Raises NotFound."""
    with ledger.database.reading() as connection:
        found = journal.find_with_fate(connection, transaction_id)
        if found is None:
            raise NotFound(f"No transaction {transaction_id} is in the ledger.")
        transaction, reversed_by, seq = found
        sealed = blocks.find_holding(connection, seq)
    return Fate(transaction, reversed_by, None if sealed is None else sealed.block.no)


def list_transactions(ledger: Ledger, filters: TransactionFilters, before_seq: int | None, limit: int) -> Page:
    """A page of the journal, newest first. Raises ValidationFailed on a category or an origin that does not exist."""
    words = {"category": filters.category, "origin": filters.origin}
    with ledger.database.reading() as connection:
        sent = {name: [word] for name, word in words.items() if word is not None}
        refuse_unknown_words(ledger.rules.read(connection), sent)
        return journal.list_page(connection, filters, before_seq, limit)


def is_answered(ledger: Ledger, digest: bytes) -> bool:
    """Whether an entry was accepted, or finally refused, under an idempotency key."""
    with ledger.database.reading() as connection:
        return idempotency.is_answered(connection, digest)


def quote(ledger: Ledger, trade: Trade) -> Quote:
    """Judges a trade with the code that posts trades, and stores nothing.

    Raises what posting the trade would raise.
    """
    with ledger.database.reading() as connection:
        rulebook = ledger.rules.read(connection)
        judge = prepare_judge(
            connection, rulebook, ledger.now(), ledger.new_id, [trade], prices=ledger.prices, locking=False
        )
        if not trade.is_import:
            # An export uses no allowance, so the judge has not read it. The quote tells all the same what is left.
            judge.uses.update(allowance.find(connection, [UseKey(trade.resident, trade.day, NO_LIST_GROUP)]))
        return Quote(judge.accept(trade), judge.remaining_fen(trade))
