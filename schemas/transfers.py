"""Transfers on the wire."""

from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from schemas.choices import Count, OneOf
from schemas.days import BetweenDaysSchema
from schemas.fields import BusinessDay, Cny, Instant, Kg, SignedCny, SignedKg, Slug, Text, TradingDay
from schemas.processing_batches import EnterpriseNameSchema
from schemas.public_ids import EnterpriseId, ProcessingBatchId, TransferId
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, cursor_field
from schemas.reversals import TransactionId
from schemas.strict import StrictSchema
from schemas.transactions import MARK_LENGTH_MAX
from service.domain.money import parse_cny
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import PURPOSES, TRANSFER_LINES_MAX, NewTransfer

_ONE_WAY = "one-way: Send one of transaction_ids, lines and consignment."


class PaidCny(Cny):
    """What an enterprise pays for the goods; it may be nothing."""

    def parse(self, text: str) -> int:
        """Reads CNY as fen."""
        return parse_cny(text)


class WantedLineSchema(StrictSchema):
    """A trade, and how much of it goes on; all that has not gone on yet, if no weight is sent."""

    transaction_id = TransactionId(required=True)
    quantity_kg = Kg(allow_none=True, load_default=None, attribute="quantity_g")

    @post_load
    def line(self, data: dict[str, Any], **_kwargs: Any) -> WantedLine:
        """Makes the domain's line."""
        return WantedLine(**data)


def _some(each: Any) -> fields.List[Any]:
    return fields.List(
        each,
        validate=Length(1, TRANSFER_LINES_MAX, error=f"wrong-number: Send 1 to {TRANSFER_LINES_MAX:,} trades."),
        error_messages={"invalid": "not-a-list: Send a list of trades."},
    )


class NewTransferSchema(StrictSchema):
    """A transfer to be recorded: of trades, of parts of trades, or of all that is left of a consignment.

    `trade_point` is that of the consignment; beside trades, all of them must be of it.
    """

    enterprise_id = EnterpriseId(required=True, attribute="enterprise")
    purpose = OneOf(*PURPOSES, required=True)
    transferred_on = TradingDay(required=True)
    transaction_ids = _some(TransactionId())
    lines = _some(fields.Nested(WantedLineSchema))
    consignment = Text(MARK_LENGTH_MAX)
    trade_point = Slug(metadata={"default": DEFAULT_TRADE_POINT})
    paid_cny = PaidCny(allow_none=True, load_default=None, attribute="paid_fen")
    contract = Text(MARK_LENGTH_MAX, allow_none=True, load_default=None)
    invoice = Text(MARK_LENGTH_MAX, allow_none=True, load_default=None)

    @post_load
    def stated(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Makes the domain's transfer and its goods, which must be named in exactly one way."""
        if len({"transaction_ids", "lines", "consignment"} & data.keys()) != 1:
            raise ValidationError({"transaction_ids": [_ONE_WAY]})
        point = data.get("trade_point")
        if "consignment" in data:
            goods = StatedGoods.of_consignment(data["consignment"], point or DEFAULT_TRADE_POINT)
        elif "lines" in data:
            goods = StatedGoods.of_trades(data["lines"], point)
        else:
            lines = [WantedLine(one) for one in data["transaction_ids"]]
            goods = StatedGoods.of_trades(lines, point, "transaction_ids")
        stated = NewTransfer(**{name: data[name] for name in NewTransfer._fields})
        return {"stated": stated, "goods": goods, "trade_point": goods.trade_point}


class TransferReversalSchema(StrictSchema):
    """The reversal of a transfer."""

    reason = fields.String(required=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)


class TransferLineSchema(StrictSchema):
    """A line of a transfer: what of a trade goes on, what it is worth, and its part of what is paid."""

    line = fields.Integer(required=True, metadata={"minimum": 1})
    transaction_id = fields.UUID(required=True)
    quantity_kg = SignedKg(required=True)
    amount_cny = SignedCny(required=True)
    paid_cny = SignedCny(required=True, allow_none=True)


class MovedGoodsSchema(StrictSchema):
    """What of one kind of goods a transfer holds, and of how many trades."""

    category = fields.String(required=True)
    commodity = fields.String(required=True)
    hs_code = fields.String(required=True, allow_none=True)
    origin = fields.String(required=True)
    transactions = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")


class TransferTruckSchema(StrictSchema):
    """A truck or lot that goods of a transfer came with."""

    consignment = fields.String(required=True, allow_none=True)
    vehicle_plate = fields.String(required=True, allow_none=True)


class ListedTransferSchema(StrictSchema):
    """A transfer without its lines. `trade_point` is null when its trades are of several trade points."""

    transfer_id = TransferId(required=True, attribute="number")
    enterprise = fields.Nested(EnterpriseNameSchema, required=True)
    enterprise_id = EnterpriseId(required=True)
    purpose = fields.String(required=True, metadata={"enum": list(PURPOSES)})
    transferred_on = BusinessDay(required=True)
    trade_point = fields.String(required=True, allow_none=True)
    consignment = fields.String(
        required=True, allow_none=True, metadata={"description": "When the request named one, and not its trades."}
    )
    contract = fields.String(required=True, allow_none=True)
    invoice = fields.String(required=True, allow_none=True)
    paid_cny = SignedCny(required=True, allow_none=True, attribute="paid_fen")
    transactions = fields.Integer(required=True)
    residents = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    reversal = fields.Nested(TransferReversalSchema, required=True, allow_none=True)
    processing_batch_id = ProcessingBatchId(
        required=True,
        allow_none=True,
        attribute="processing_batch",
        metadata={"description": "The live batch that the transfer is in."},
    )
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)


class TransferSchema(ListedTransferSchema):
    """A transfer with its lines, and with its goods and trucks, as a delivery note names them."""

    lines = fields.List(fields.Nested(TransferLineSchema), required=True)
    goods = fields.List(fields.Nested(MovedGoodsSchema), required=True)
    trucks = fields.List(fields.Nested(TransferTruckSchema), required=True)


class TransferPageSchema(StrictSchema):
    """One page of transfers, the newest first; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(ListedTransferSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TransfersQuerySchema(BetweenDaysSchema):
    """The filters of the list of transfers, and the page; the days are those of the transfers."""

    enterprise_id = EnterpriseId(attribute="enterprise")
    purpose = OneOf(*PURPOSES)
    trade_point = Slug(metadata={"description": "Only transfers all of whose trades are of this trade point."})
    consignment = Text(MARK_LENGTH_MAX, metadata={"description": "Only transfers with goods of this consignment."})
    transaction_id = TransactionId(metadata={"description": "Only transfers with goods of this trade."})
    reversed = OneOf("true", "false", translate=lambda word: word == "true", attribute="is_reversed")
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)
