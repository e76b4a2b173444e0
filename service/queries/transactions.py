"""Looks up one entry, a page of a list, totals, and how a trade would be judged now."""

import contextlib
from collections.abc import Generator
from dataclasses import dataclass
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP
from service.domain.entry_totals import EntryTotals
from service.domain.errors import NotFound, ValidationFailed
from service.domain.transactions import Trade, Transaction, no_transaction
from service.domain.transfers import GoneOn
from service.judging import prepare_judge
from service.ledger import Ledger
from service.queries.filters import refuse_unknown_words
from service.storage import allowance, blocks, entry_lists, entry_sums, idempotency, journal, ledger_state, transferred
from service.storage.engine import Connection
from service.storage.entry_filters import TransactionFilters
from service.storage.entry_lists import ListedEntry, Order, Page, Place


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer that posting a trade now would give; `remaining_after_fen` would be left of the value limit."""

    transaction: Transaction
    remaining_after_fen: int


@dataclass(frozen=True, slots=True)
class Fate:
    """An entry and what happened to it since: its reversal, what has gone on of it, and its block once it is folded."""

    transaction: Transaction
    reversed_by: UUID | None
    gone: GoneOn
    block: int | None


def get_transaction(ledger: Ledger, transaction_id: UUID, trade_point: str | None = None) -> Fate:
    """One entry with its fate. Raises NotFound, also for an entry of another trade point than this one."""
    with ledger.database.reading() as connection:
        found = journal.find_with_fate(connection, transaction_id)
        if found is None or trade_point not in {None, found[0].trade_point}:
            raise NotFound(no_transaction(transaction_id, trade_point))
        transaction, reversed_by, seq = found
        sealed = blocks.find_holding(connection, seq)
        gone = transferred.find_gone(connection, [seq]).get(seq, GoneOn())
    return Fate(transaction, reversed_by, gone, None if sealed is None else sealed.block.no)


def list_transactions(ledger: Ledger, filters: TransactionFilters, place: Place, limit: int) -> Page:
    """A page of the journal. Raises ValidationFailed on a category or an origin that does not exist."""
    with ledger.database.reading() as connection:
        _refuse_unknown(ledger, connection, filters)
        return entry_lists.list_page(connection, filters, place, limit)


def stream_transactions(
    ledger: Ledger, filters: TransactionFilters, order: Order, entries_max: int | None = None
) -> Generator[ListedEntry]:
    """All entries that the filters let through, one after the other, from one snapshot.

    The snapshot is opened with the first entry, and closed behind the last one or with the generator. Raises
    ValidationFailed as `list_transactions`, and when there are more than `entries_max`: before the first entry.
    """
    with ledger.database.reading() as connection:
        _refuse_unknown(ledger, connection, filters)
        if entries_max is not None and entry_lists.count_up_to(connection, filters, entries_max + 1) > entries_max:
            detail = f"A sheet holds {entries_max} entries; ask for fewer of them, or for csv or ndjson."
            raise ValidationFailed.of("/format", "too-large-for-xlsx", detail)
        with contextlib.closing(entry_lists.entries(connection, filters, order)) as entries:
            yield from entries


@dataclass(frozen=True, slots=True)
class TotalsAt:
    """Totals, and the position of the ledger that they are exact at."""

    totals: EntryTotals
    position: str


def total_transactions(ledger: Ledger, filters: TransactionFilters) -> TotalsAt:
    """The totals of the live trades that the filters let through, from one snapshot. Raises as `list_transactions`."""
    with ledger.database.reading() as connection:
        _refuse_unknown(ledger, connection, filters)
        state, _ = ledger_state.read(connection)
        return TotalsAt(entry_sums.totals_of(connection, filters), str(state.position))


def _refuse_unknown(ledger: Ledger, connection: Connection, filters: TransactionFilters) -> None:
    """Raises ValidationFailed for filters by a category or an origin that does not exist."""
    words = {"category": filters.category, "origin": filters.origin}
    named = {name: some for name, some in words.items() if some is not None}
    refuse_unknown_words(ledger.rules.read(connection), named)


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
            judge.uses.update(allowance.find(connection, [(trade.resident, trade.day, NO_LIST_GROUP)]))
        return Quote(judge.accept(trade), judge.remaining_fen(trade))
