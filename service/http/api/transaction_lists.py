"""Lists of transactions: pages by any filter, and the totals of the same filters."""

from typing import Any

from schemas import transaction_lists as wire
from schemas.transactions import TransactionPageSchema, TransactionWriter
from service.domain import errors
from service.http.context import app_context
from service.http.paging import read_page
from service.http.routes import Answer, Routes
from service.queries import transactions as queries
from service.storage.entry_filters import TransactionFilters
from service.storage.entry_lists import Place
from service.storage.tail import PLACE_MAX

routes = Routes("Transactions")

_TRANSACTION = TransactionWriter()


@routes.get(
    "/v1/transactions",
    scope="transactions:read",
    query=wire.TransactionsQuerySchema,
    answer=TransactionPageSchema,
    refuses=[errors.CursorInvalid],
    lists=wire.LISTS,
)
def list_transactions(query: dict[str, Any]) -> Answer:
    """List transactions, newest first unless asked otherwise; pages neither repeat nor skip while the ledger grows."""
    asked = read_page("transactions", wire.TransactionsQuerySchema, query, PLACE_MAX, wire.LISTS)
    place = Place(asked.filters.pop("order"), asked.position)
    page = queries.list_transactions(app_context().ledger, TransactionFilters(**asked.filters), place, asked.limit)
    items = [_TRANSACTION.dump(each, app_context().keys.name_of) for each in page.transactions]
    return Answer({"items": items, "next_cursor": asked.cursor_after(page.next_seq)})


@routes.get(
    "/v1/transactions/totals",
    scope="transactions:read",
    query=wire.TransactionTotalsQuerySchema,
    answer=wire.TransactionTotalsSchema,
    lists=wire.LISTS,
)
def get_transaction_totals(query: dict[str, Any]) -> Answer:
    """The totals of the live trades that a list's filters let through, by recorder, category and verdict."""
    found = queries.total_transactions(app_context().ledger, TransactionFilters(**query))
    return Answer(wire.totals_document(found.totals, found.position, app_context().keys.name_of))
