"""Looks up one entry, a page of a list, totals, and how a trade would be judged now."""

from dataclasses import dataclass
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP, UseKey
from service.domain.entry_totals import EntryTotals
from service.domain.errors import NotFound
from service.domain.transactions import Trade, Transaction
from service.judging import prepare_judge
from service.ledger import Ledger
from service.queries.filters import refuse_unknown_words
from service.storage import allowance, blocks, entry_lists, entry_sums, idempotency, journal, ledger_state
from service.storage.entry_filters import TransactionFilters
from service.storage.entry_lists import Page, Place


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


def list_transactions(ledger: Ledger, filters: TransactionFilters, place: Place, limit: int) -> Page:
    """A page of the journal. Raises ValidationFailed on a category or an origin that does not exist."""
    refuse_unknown(ledger, filters)
    with ledger.database.reading() as connection:
        return entry_lists.list_page(connection, filters, place, limit)


@dataclass(frozen=True, slots=True)
class TotalsAt:
    """Totals, and the position of the ledger that they are exact at."""

    totals: EntryTotals
    position: str


def total_transactions(ledger: Ledger, filters: TransactionFilters) -> TotalsAt:
    """The totals of the live trades that the filters let through, from one snapshot. Raises as `list_transactions`."""
    refuse_unknown(ledger, filters)
    with ledger.database.reading() as connection:
        state, _ = ledger_state.read(connection)
        return TotalsAt(entry_sums.totals_of(connection, filters), str(state.position))


def refuse_unknown(ledger: Ledger, filters: TransactionFilters) -> None:
    """Raises ValidationFailed for filters by a category or an origin that does not exist."""
    words = {"category": filters.category, "origin": filters.origin}
    refuse_unknown_words(ledger.rulebook, {name: some for name, some in words.items() if some is not None})


def is_answered(ledger: Ledger, digest: bytes) -> bool:
    """Whether an entry was accepted, or finally refused, under an idempotency key."""
    with ledger.database.reading() as connection:
        return idempotency.is_answered(connection, digest)


def quote(ledger: Ledger, trade: Trade) -> Quote:
    """Judges a trade with the code that posts trades, and stores nothing.

    Raises what posting the trade would raise.
    """
    with ledger.database.reading() as connection:
        judge = prepare_judge(connection, ledger.rulebook, ledger.now(), ledger.new_id, [trade], locking=False)
        if not trade.is_import:
            # An export uses no allowance, so the judge has not read it. The quote tells all the same what is left.
            judge.uses.update(allowance.find(connection, [UseKey(trade.resident, trade.day, NO_LIST_GROUP)]))
        return Quote(judge.accept(trade), judge.remaining_fen(trade))
