"""Traces: from a finished good back to its origins, and from a truck or a trade forward to what became of it."""

from typing import Any

from schemas import trace as wire
from schemas.strict import StrictSchema
from service.domain import errors
from service.domain.trace import TraceScope
from service.http.context import app_context
from service.http.paging import PageAsked, read_page
from service.http.path_ids import consignment_in, processing_batch_in, transaction_id_in
from service.http.routes import Answer, Routes
from service.http.trade_points import own_trade_point
from service.queries import trace as queries
from service.queries.trace import TraceFound, TradesAsked
from service.storage.consignments import ConsignmentKey
from service.storage.tail import PLACE_MAX

routes = Routes("After the market")


@routes.get(
    "/v1/trace/transactions/<transaction_id>",
    scope="transactions:read",
    query=wire.TraceQuerySchema,
    answer=wire.TraceSchema,
    refuses=[errors.NotFound, errors.CursorInvalid],
)
def trace_transaction(transaction_id: str, query: dict[str, Any]) -> Answer:
    """Trace one trade both ways: to its truck and origin, and to the transfers, enterprises and batches it went into.

    Only live imports flow, by transfers and batches that were not reversed; totals count those that were.
    """
    found_id = transaction_id_in(transaction_id)
    page = _page("transaction", str(found_id), wire.TraceQuerySchema, query)
    found = queries.trace_trade(app_context().ledger, found_id, _scope(), _trades(page))
    return _answer(found, page, "transaction", str(found_id))


@routes.get(
    "/v1/trace/consignments/<consignment>",
    scope="transactions:read",
    query=wire.ConsignmentTraceQuerySchema,
    answer=wire.TraceSchema,
    refuses=[errors.NotFound, errors.CursorInvalid],
)
def trace_consignment(consignment: str, query: dict[str, Any]) -> Answer:
    """Trace a truck forward: by which transfers its goods went to which enterprises and batches, and what stayed.

    A batch that took goods of other trucks as well is shown with all of its outputs, because no output is attributed to
    a single input; the node transactions:other-goods says how much else was put in.
    """
    name = consignment_in(consignment)
    page = _page("consignment", name, wire.ConsignmentTraceQuerySchema, query)
    key = ConsignmentKey(page.filters["trade_point"], name)
    found = queries.trace_consignment(app_context().ledger, key, _scope(), _trades(page))
    return _answer(found, page, "consignment", name, trade_point=key.trade_point)


@routes.get(
    "/v1/trace/processing-batches/<processing_batch_id>",
    scope="transactions:read",
    query=wire.BatchTraceQuerySchema,
    answer=wire.TraceSchema,
    refuses=[errors.NotFound, errors.CursorInvalid],
)
def trace_processing_batch(processing_batch_id: str, query: dict[str, Any]) -> Answer:
    """Trace a batch, or one of its outputs, back to transfers, trucks, origins and trades; residents are masked.

    All inputs of a batch make all of its outputs together: the goods behind one output are those behind all of them.
    """
    number = processing_batch_in(processing_batch_id)
    page = _page("processing_batch", processing_batch_id, wire.BatchTraceQuerySchema, query)
    output = page.filters.get("output")
    found = queries.trace_batch(app_context().ledger, number, _scope(output), _trades(page))
    return _answer(found, page, "processing_batch", processing_batch_id, output=output)


def _scope(output: int | None = None) -> TraceScope:
    return TraceScope(output=output, trade_point=own_trade_point())


def _page(kind: str, name: str, schema: type[StrictSchema], query: dict[str, Any]) -> PageAsked:
    """The page of trades that is asked for. A cursor is of one subject, and opens no other one."""
    return read_page(f"trace/{kind}/{name}", schema, query, PLACE_MAX)


def _trades(page: PageAsked) -> TradesAsked:
    return TradesAsked(page.position, page.limit)


def _answer(
    found: TraceFound,
    page: PageAsked,
    kind: str,
    name: str,
    *,
    trade_point: str | None = None,
    output: int | None = None,
) -> Answer:
    subject = {"kind": kind, "id": name, "trade_point": trade_point, "output": output, "reversed": found.is_reversed}
    return Answer(
        {
            "subject": subject,
            "nodes": [wire.TRACE_NODE.dump(node) for node in found.trace.nodes],
            "links": [wire.TRACE_LINK.dump(link) for link in found.trace.links],
            "transactions": {
                "items": [wire.traced_transaction(trade, found.names.get(trade.resident)) for trade in found.trades],
                "next_cursor": page.cursor_after(found.following),
            },
            "totals": wire.TRACE_TOTALS.dump(found.totals),
        }
    )
