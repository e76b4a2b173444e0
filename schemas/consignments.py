"""Consignments and their splits on the wire."""

from typing import Any

from marshmallow import fields, post_load
from marshmallow.validate import Length

from schemas.choices import Count, OneOf
from schemas.days import BetweenDaysSchema
from schemas.examples import EXAMPLES
from schemas.fields import (
    BusinessDay,
    Cny,
    CountryCode,
    HsCode,
    Instant,
    Kg,
    ResidentId,
    SignedCny,
    SignedKg,
    Slug,
    Text,
    TradingDay,
)
from schemas.mandates import WhomSchema
from schemas.processing_batches import EnterpriseNameSchema
from schemas.public_ids import EnterpriseId, TransferId
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, cursor_field
from schemas.strict import StrictSchema
from schemas.transactions import COMMODITY_LENGTH_MAX, MARK_LENGTH_MAX, TransactionSchema
from service.domain.consignments import CONSIGNMENT_LINES_MAX, Consignment, ConsignmentLine, SplitTerms
from service.domain.proposals import PROPOSAL_LENGTH_MAX
from service.domain.residents import parse_resident_id
from service.domain.splitting import SPLIT_POLICIES
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.domain.transfers import CONSIGNMENT_TRANSFERS_MAX, PURPOSES

LEAVE = "leave"
NO_ROOM_REASONS = (
    "not-active", "no-value-left", "no-weight-left", "less-than-a-unit", "worth-nothing",
)  # fmt: skip


class ConsignmentName(Text):
    """The name of a consignment. It stands in addresses, so it has no slash and is not of dots alone."""

    def parse(self, text: str) -> str:
        """Reads the name, and returns it in its normal form."""
        name = super().parse(text)
        if "/" in name or "\\" in name or not name.strip("."):
            raise ValueError("Send a name without slashes that is not of dots alone, because it stands in addresses.")
        return name


class NewLineSchema(StrictSchema):
    """A line of a consignment: goods with the weight and the amount of the whole line."""

    category = Slug(required=True, metadata={"examples": ["meat"]})
    commodity = Text(COMMODITY_LENGTH_MAX, required=True, metadata={"examples": [EXAMPLES["commodity"]]})
    hs_code = HsCode(allow_none=True, load_default=None)
    origin = CountryCode(required=True)
    quantity_kg = Kg(required=True, attribute="quantity_g", metadata={"examples": ["25000"]})
    amount_cny = Cny(required=True, attribute="amount_fen", metadata={"examples": ["416750.00"]})

    @post_load
    def line(self, data: dict[str, Any], **_kwargs: Any) -> ConsignmentLine:
        """Makes the domain's line."""
        return ConsignmentLine(**data)


class NewConsignmentSchema(StrictSchema):
    """A truck to be registered, with its lines in order."""

    consignment = ConsignmentName(MARK_LENGTH_MAX, required=True, metadata={"examples": ["EL-2024-0630-17"]})
    vehicle_plate = Text(MARK_LENGTH_MAX, allow_none=True, load_default=None)
    seller = Text(COMMODITY_LENGTH_MAX, allow_none=True, load_default=None)
    trade_point = Slug(load_default=DEFAULT_TRADE_POINT, metadata={"examples": ["erenhot"]})
    arrived_at = Instant(required=True)
    lines = fields.List(
        fields.Nested(NewLineSchema),
        required=True,
        validate=Length(1, CONSIGNMENT_LINES_MAX, error=f"wrong-number: Send 1 to {CONSIGNMENT_LINES_MAX} lines."),
        error_messages={"invalid": "not-a-list: Send a list of lines."},
    )

    @post_load
    def consigned(self, data: dict[str, Any], **_kwargs: Any) -> Consignment:
        """Makes the domain's consignment."""
        return Consignment(**{**data, "lines": tuple(data["lines"])})


class LineSchema(StrictSchema):
    """A line of a registered consignment: what it held, what of it was split, and what is left."""

    line = fields.Integer(required=True, metadata={"minimum": 1})
    category = fields.String(required=True)
    commodity = fields.String(required=True)
    hs_code = fields.String(required=True, allow_none=True)
    origin = fields.String(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    split_kg = SignedKg(required=True, attribute="split_g")
    split_cny = SignedCny(required=True, attribute="split_fen")
    left_kg = SignedKg(required=True, attribute="left_g")
    left_cny = SignedCny(required=True, attribute="left_fen")


class OtherTradesSchema(StrictSchema):
    """The live trades that name the consignment and are no part of a split of it."""

    transactions = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")


class ConsignmentTransferSchema(StrictSchema):
    """A transfer with goods of a consignment; its sums are of these goods."""

    transfer_id = TransferId(required=True, attribute="number")
    enterprise_id = EnterpriseId(required=True)
    enterprise = fields.Nested(EnterpriseNameSchema, required=True)
    purpose = fields.String(required=True, metadata={"enum": list(PURPOSES)})
    transferred_on = BusinessDay(required=True)
    transactions = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    reversed = fields.Function(lambda one: one["reversal"] is not None, required=True, metadata={"type": "boolean"})


class ConsignmentSchema(StrictSchema):
    """A registered consignment."""

    consignment = fields.String(required=True)
    trade_point = fields.String(required=True)
    vehicle_plate = fields.String(required=True, allow_none=True)
    seller = fields.String(required=True, allow_none=True)
    arrived_at = Instant(required=True)
    lines = fields.List(fields.Nested(LineSchema), required=True)
    other_trades = fields.Nested(OtherTradesSchema, required=True)
    transfers = fields.List(
        fields.Nested(ConsignmentTransferSchema),
        required=True,
        metadata={"description": f"The newest {CONSIGNMENT_TRANSFERS_MAX} at most; GET /v1/transfers lists all."},
    )
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class ConsignmentPageSchema(StrictSchema):
    """One page of consignments, the newest registration first; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(ConsignmentSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TradePointQuerySchema(StrictSchema):
    """The trade point of a consignment; a name is unique at its trade point only."""

    trade_point = Slug(load_default=DEFAULT_TRADE_POINT)


class ProposedPointQuerySchema(StrictSchema):
    """The trade point of a consignment; if left out, the one of the proposal."""

    trade_point = Slug(load_default=None)


class ConsignmentsQuerySchema(BetweenDaysSchema):
    """The filters of the list of consignments, and the page; the days are those of the arrival."""

    trade_point = Slug()
    vehicle_plate = Text(MARK_LENGTH_MAX)
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class RemainderTo(ResidentId):
    """What becomes of what nobody has room for: it is left, or one resident buys it, taxed."""

    slug = "not-a-choice"

    def parse(self, text: str) -> int:
        """Reads the resident, or "leave" as 0."""
        if text == LEAVE:
            return 0
        try:
            return parse_resident_id(text)
        except ValueError:
            raise ValueError(f'Send "{LEAVE}" or a resident id, such as "R00000001".') from None


class SplitTermsSchema(WhomSchema):
    """How a consignment is to be split; the residents of a group in the order of their ids, named ones as sent."""

    day = TradingDay(required=True)
    policy = OneOf(*SPLIT_POLICIES, load_default="fill")
    unit_kg = Kg(load_default=1, attribute="unit_g", metadata={"default": "0.001", "examples": ["20"]})
    declarant_id = ResidentId(allow_none=True, load_default=None, attribute="declarant")
    remainder = RemainderTo(
        allow_none=True,
        load_default=None,
        metadata={
            "pattern": r"^(leave|R(?!0{8})[0-9]{8})$",
            "examples": [LEAVE],
            "description": 'What becomes of what nobody has room for: "leave", or the resident who buys it, taxed.',
        },
    )

    @post_load
    def terms(self, data: dict[str, Any], **_kwargs: Any) -> SplitTerms:
        """Makes the domain's terms."""
        remainder = data["remainder"]
        return SplitTerms(
            day=data["day"],
            group=data["group"],
            residents=tuple(data["residents"] or ()),
            policy=data["policy"],
            unit_g=data["unit_g"],
            declarant=data["declarant"],
            leaves=remainder == 0,
            remainder_to=remainder or None,
        )


class PartSchema(StrictSchema):
    """A part of a proposed split, and how it would be judged now."""

    line = fields.Integer(required=True, metadata={"minimum": 1})
    resident_id = ResidentId(required=True, attribute="resident")
    name = fields.String(required=True, metadata={"examples": [EXAMPLES["masked_name"]]})
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    exempt_cny = SignedCny(required=True, attribute="exempt_fen")
    taxable_cny = SignedCny(required=True, attribute="taxable_fen")


class NoRoomSchema(StrictSchema):
    """A resident who gets no part, and why; `detail` says it in a sentence."""

    resident_id = ResidentId(required=True, attribute="resident")
    name = fields.String(required=True)
    why = fields.String(required=True, metadata={"enum": list(NO_ROOM_REASONS)})
    detail = fields.String(required=True)


class LeftSchema(StrictSchema):
    """What is left of a line after the split; zeros when nothing is. A resident as `remainder` gets it as a part."""

    line = fields.Integer(required=True, metadata={"minimum": 1})
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")


class SplitProposalSchema(StrictSchema):
    """A proposed split. Nothing is written; `proposal` is the token with which it is posted."""

    proposal = fields.String(required=True)
    consignment = fields.String(required=True)
    day = TradingDay(required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)
    no_room = fields.List(fields.Nested(NoRoomSchema), required=True)
    left = fields.List(fields.Nested(LeftSchema), required=True)


class SplitSchema(StrictSchema):
    """A proposed split to be posted."""

    proposal = Text(PROPOSAL_LENGTH_MAX, required=True)


class SplitAnswerSchema(StrictSchema):
    """The parts of a posted split, as transactions."""

    consignment = fields.String(required=True)
    items = fields.List(fields.Nested(TransactionSchema), required=True)
