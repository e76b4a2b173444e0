"""Lists of transactions: pages by any filter, files of all of them, and the totals of the same filters."""

import contextlib
from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

from flask import Response, request

from schemas import transaction_lists as wire
from schemas.transactions import TransactionPageSchema, TransactionWriter, gone_document
from service.domain import errors
from service.domain.errors import ValidationFailed
from service.domain.transactions import Transaction
from service.http.context import app_context
from service.http.cursors import PAGING
from service.http.downloads import answer_file
from service.http.paging import read_page
from service.http.positions import refuse_future_positions
from service.http.report_answers import CSV_MEDIA_TYPE, NDJSON_MEDIA_TYPE, XLSX_MEDIA_TYPE, representation_of
from service.http.routes import JSON_MEDIA_TYPE, Answer, Routes
from service.queries import transactions as queries
from service.rendering.entry_files import ENTRIES_MAX, PIECES
from service.storage.entry_filters import TransactionFilters
from service.storage.entry_lists import ListedEntry, Place
from service.storage.tail import PLACE_MAX

routes = Routes("Transactions")

_TRANSACTION = TransactionWriter()
_FILES = {CSV_MEDIA_TYPE: "csv", XLSX_MEDIA_TYPE: "xlsx", NDJSON_MEDIA_TYPE: "ndjson"}
"""The media types that are sent as a file of all entries, with the ending of the file's name."""


@routes.get(
    "/v1/transactions",
    scope="transactions:read",
    query=wire.TransactionsQuerySchema,
    answer=TransactionPageSchema,
    answers=(JSON_MEDIA_TYPE, CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, NDJSON_MEDIA_TYPE),
    refuses=[errors.CursorInvalid, errors.Unavailable],
    lists=wire.LISTS,
)
def list_transactions(query: dict[str, Any]) -> Answer | Response:
    """List transactions, newest first unless asked otherwise; pages neither repeat nor skip while the ledger grows.

    As CSV, XLSX or NDJSON the answer is a file of all of them, from one snapshot. Its last line tells their number: a
    file without that line was cut off.
    """
    representation = representation_of(query.get("format"), [JSON_MEDIA_TYPE, *_FILES])
    if representation in _FILES:
        return _send_all(query, representation)
    asked = read_page("transactions", wire.TransactionsQuerySchema, query, PLACE_MAX, wire.LISTS)
    place = Place(asked.filters["order"], asked.position)
    page = queries.list_transactions(app_context().ledger, _filters_of(asked.filters), place, asked.limit)
    listed, name_of = zip(page.transactions, page.reversed_by, page.gone, strict=True), app_context().keys.name_of
    items = [{**_shown(entry, reversal, name_of), **gone_document(gone)} for entry, reversal, gone in listed]
    return Answer({"items": items, "next_cursor": asked.cursor_after(page.next_seq)})


def _send_all(query: dict[str, Any], media_type: str) -> Response:
    """The file of all entries that the filters of a query let through."""
    unused = sorted({"cursor", "limit"} & request.args.keys())
    if unused:
        raise ValidationFailed.of(f"/{unused[0]}", "not-used", "A file holds all entries; leave this out.")
    shared, ending = app_context(), _FILES[media_type]
    entries_max = ENTRIES_MAX if ending == "xlsx" else None
    entries = queries.stream_transactions(shared.ledger, _filters_of(query), query["order"], entries_max)
    download = shared.downloads.begin(_pieces(entries, ending, shared.keys.name_of))
    return answer_file(download, "transactions", shared.ledger.today(), ending, media_type)


def _pieces(entries: Generator[ListedEntry], ending: str, name_of: Callable[[int], str | None]) -> Generator[bytes]:
    """The pieces of the file; the entries are closed with them."""
    with contextlib.closing(entries):
        yield from PIECES[ending](_shown(entry, reversal, name_of) for entry, reversal in entries)


def _shown(entry: Transaction, reversed_by: UUID | None, name_of: Callable[[int], str | None]) -> dict[str, Any]:
    """An entry as a list shows it, on a page and in a file."""
    return {**_TRANSACTION.dump(entry, name_of), "reversed_by": reversed_by}


@routes.get(
    "/v1/transactions/totals",
    scope="transactions:read",
    query=wire.TransactionTotalsQuerySchema,
    answer=wire.TransactionTotalsSchema,
    lists=wire.LISTS,
    positioned=True,
)
def get_transaction_totals(query: dict[str, Any]) -> Answer:
    """The totals of the live trades that a list's filters let through, by recorder, category and verdict."""
    refuse_future_positions()
    found = queries.total_transactions(app_context().ledger, _filters_of(query))
    return Answer(wire.totals_document(found.totals, found.position, app_context().keys.name_of))


def _filters_of(query: dict[str, Any]) -> TransactionFilters:
    """The filters of a query: all of it but what says how the answer is given."""
    return TransactionFilters(**{name: value for name, value in query.items() if name not in {*PAGING, "order"}})
