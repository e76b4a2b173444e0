"""Traces on the wire."""

from typing import Any

from marshmallow import fields

from schemas.choices import Count
from schemas.examples import EXAMPLES
from schemas.fields import BusinessDay, ResidentId, SignedCny, SignedKg, Slug
from schemas.quick import QuickWriter
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, cursor_field
from schemas.strict import StrictSchema
from service.domain.processing_batches import BATCH_OUTPUTS_MAX
from service.domain.trace_nodes import NODE_KINDS
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.domain.transfers import PURPOSES

SUBJECT_KINDS = ("transaction", "consignment", "processing_batch")
LINK_KINDS = ("goods", "made")


class TraceQuerySchema(StrictSchema):
    """The page of the trades of a trace; the flows are always of all of them."""

    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class ConsignmentTraceQuerySchema(TraceQuerySchema):
    """The trade point of a consignment, and the page of its trades."""

    trade_point = Slug(load_default=DEFAULT_TRADE_POINT)


class BatchTraceQuerySchema(TraceQuerySchema):
    """One output of a batch by its number (left out: all of them), and the page of trades."""

    output = Count(1, BATCH_OUTPUTS_MAX)


class TraceSubjectSchema(StrictSchema):
    """What a trace is about; `reversed` says that it was reversed, so that nothing flows."""

    kind = fields.String(required=True, metadata={"enum": list(SUBJECT_KINDS)})
    id = fields.String(required=True)
    trade_point = fields.String(required=True, allow_none=True)
    output = fields.Integer(required=True, allow_none=True)
    reversed = fields.Boolean(required=True)


class TraceNodeSchema(StrictSchema):
    """A place that goods pass.

    `quantity_kg` and `amount_cny` are of the traced goods there; an output has its own. `stays_kg` has not gone on from
    there; null for batches, outputs and what is not of this trace. `whole_kg` is all that a transfer or a batch holds,
    with goods of other trades. `label` is null where only words can name the node; `merged` nodes are shown as one.
    """

    id = fields.String(required=True, metadata={"examples": ["consignment:erenhot:EL-2024-0630-17"]})
    kind = fields.String(required=True, metadata={"enum": list(NODE_KINDS)})
    label = fields.String(required=True, allow_none=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, allow_none=True, attribute="amount_fen")
    stays_kg = SignedKg(required=True, allow_none=True, attribute="stays_g")
    stays_cny = SignedCny(required=True, allow_none=True, attribute="stays_fen")
    whole_kg = SignedKg(required=True, allow_none=True, attribute="whole_g")
    whole_cny = SignedCny(required=True, allow_none=True, attribute="whole_fen")
    day = BusinessDay(required=True, allow_none=True)
    hs_code = fields.String(required=True, allow_none=True)
    purpose = fields.String(required=True, allow_none=True, metadata={"enum": [*PURPOSES, None]})
    trade_point = fields.String(required=True, allow_none=True)
    vehicle_plate = fields.String(required=True, allow_none=True)
    merged = fields.Integer(required=True, metadata={"minimum": 1})


class TraceLinkSchema(StrictSchema):
    """What flows from one node to another one.

    A link of kind `goods` has the traced goods themselves, in weight and in what they were traded for. A link of kind
    `made` leads from a batch to an output and has the output's own weight and value: all inputs of a batch make all of
    its outputs together, and no output is attributed to a single input.
    """

    source = fields.String(required=True)
    target = fields.String(required=True)
    kind = fields.Function(
        lambda link: LINK_KINDS[link.is_made], required=True, metadata={"type": "string", "enum": list(LINK_KINDS)}
    )
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, allow_none=True, attribute="amount_fen")


class TracedTransactionSchema(StrictSchema):
    """A trade of a trace; `transferred_kg` has gone on, and `traced_*` is what of it is in this trace."""

    transaction_id = fields.UUID(required=True)
    resident_id = ResidentId(required=True, attribute="resident")
    name = fields.String(required=True, metadata={"examples": [EXAMPLES["masked_name"]]})
    day = BusinessDay(required=True)
    category = fields.String(required=True)
    commodity = fields.String(required=True)
    origin = fields.String(required=True)
    trade_point = fields.String(required=True)
    consignment = fields.String(required=True, allow_none=True)
    vehicle_plate = fields.String(required=True, allow_none=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    transferred_kg = SignedKg(required=True, attribute="transferred_g")
    traced_kg = SignedKg(required=True, attribute="traced_g")
    traced_cny = SignedCny(required=True, attribute="traced_fen")


class TracedTransactionPageSchema(StrictSchema):
    """One page of the trades of a trace, in the order of the journal; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(TracedTransactionSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TraceTotalsSchema(StrictSchema):
    """Of all traced goods, what has gone on by live transfers, and what of that is in live batches.

    What was reversed does not flow: `reversed_transfers` and `reversed_batches` count what the trades were in before.
    """

    transactions = fields.Integer(required=True)
    residents = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    transferred_kg = SignedKg(required=True, attribute="transferred_g")
    transferred_cny = SignedCny(required=True, attribute="transferred_fen")
    processed_kg = SignedKg(required=True, attribute="processed_g")
    processed_cny = SignedCny(required=True, attribute="processed_fen")
    reversed_transfers = fields.Integer(required=True)
    reversed_batches = fields.Integer(required=True)


class TraceSchema(StrictSchema):
    """Where goods came from, what became of them, and whose they were."""

    subject = fields.Nested(TraceSubjectSchema, required=True)
    nodes = fields.List(fields.Nested(TraceNodeSchema), required=True)
    links = fields.List(fields.Nested(TraceLinkSchema), required=True)
    transactions = fields.Nested(TracedTransactionPageSchema, required=True)
    totals = fields.Nested(TraceTotalsSchema, required=True)


TRACE_NODE, TRACE_LINK = QuickWriter(TraceNodeSchema()), QuickWriter(TraceLinkSchema())
TRACE_TOTALS = QuickWriter(TraceTotalsSchema())
_TRADE = QuickWriter(TracedTransactionSchema(exclude=["name"]))


def traced_transaction(trade: object, name: str | None) -> dict[str, Any]:
    """The document of a trade of a trace, with the masked name of its resident."""
    return {**_TRADE.dump(trade), "name": name}
