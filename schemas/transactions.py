"""Transactions on the wire: a trade as a caller posts it, an entry as the API answers it."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from marshmallow import ValidationError, fields, post_load

from schemas.choices import Count, OneOf
from schemas.examples import EXAMPLES
from schemas.fields import (
    BusinessDay,
    Cny,
    CountryCode,
    GroupId,
    HsCode,
    Instant,
    Kg,
    ResidentId,
    SignedCny,
    SignedKg,
    Slug,
    Text,
    TextMap,
    TradingDay,
)
from schemas.quick import QuickReader, QuickWriter
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, cursor_field
from schemas.strict import StrictSchema
from schemas.warnings import WarningSchema, warnings_document
from service.domain.money import format_cny, format_kg
from service.domain.transactions import DEFAULT_TRADE_POINT, DIRECTIONS, METADATA_ENTRIES_MAX, Trade, Transaction
from service.domain.transfers import GoneOn

COMMODITY_LENGTH_MAX = 100
MARK_LENGTH_MAX = 64
METADATA_KEY_LENGTH_MAX = 40
METADATA_VALUE_LENGTH_MAX = 500
OVER_ALLOWANCE = ("tax", "refuse")
"""What happens to a trade that the allowance does not cover: the rest is taxed, or the whole trade is refused."""


class TradeSchema(StrictSchema):
    """One commodity line of one resident."""

    resident_id = ResidentId(required=True, attribute="resident")
    category = Slug(required=True, metadata={"examples": ["meat"]})
    commodity = Text(COMMODITY_LENGTH_MAX, required=True, metadata={"examples": [EXAMPLES["commodity"]]})
    origin = CountryCode(required=True)
    quantity_kg = Kg(required=True, attribute="quantity_g")
    amount_cny = Cny(required=True, attribute="amount_fen")
    traded_at = Instant(required=True)
    hs_code = HsCode(allow_none=True)
    direction = OneOf(*DIRECTIONS, load_default="import")
    trade_point = Slug(
        load_default=DEFAULT_TRADE_POINT,
        metadata={
            "examples": ["erenhot"],
            "description": "For a key of one trade point, the default is that point, and any other is not found.",
        },
    )
    consignment = Text(MARK_LENGTH_MAX, allow_none=True)
    vehicle_plate = Text(MARK_LENGTH_MAX, allow_none=True)
    seller = Text(COMMODITY_LENGTH_MAX, allow_none=True)
    reference = Text(MARK_LENGTH_MAX, allow_none=True)
    over_allowance = OneOf(
        *OVER_ALLOWANCE,
        translate=lambda word: word == "refuse",
        load_default=False,
        attribute="refuse_over_allowance",
        metadata={"default": "tax"},
    )
    metadata = TextMap(METADATA_ENTRIES_MAX, METADATA_KEY_LENGTH_MAX, METADATA_VALUE_LENGTH_MAX)
    declarant_id = ResidentId(
        allow_none=True,
        attribute="declarant",
        metadata={"description": "Who declares, if that is not the buyer; the buyer must have given a mandate."},
    )

    @post_load
    def trade(self, data: dict[str, Any], **_kwargs: Any) -> Trade:
        """Makes the domain's trade."""
        return Trade(**data)

    def read(self, document: object) -> Any:
        """The domain's trade of a document, read the quick way when it has no errors. Raises ValidationFailed."""
        trade = self.read_quickly(document)
        if trade is not None:
            return trade
        trade = super().read(document)
        return trade if trade.declarant != trade.resident else trade._replace(declarant=None)

    def read_quickly(self, document: object) -> Trade | None:
        """The domain's trade of a document; None when `read` must look for errors. `read` does the same, but slower."""
        trade = _QUICK.read(document)
        if trade is None or trade.declarant is None or trade.declarant != trade.resident:
            return trade
        return trade._replace(declarant=None)


_QUICK = QuickReader(TradeSchema(), Trade)


class TransactionSchema(StrictSchema):
    """An entry of the journal. A reversal has negative amounts and weight, and names its trade in `reverses`."""

    transaction_id = fields.UUID(required=True)
    kind = fields.String(required=True, metadata={"enum": ["trade", "reversal"]})
    resident_id = ResidentId(required=True, attribute="resident")
    category = fields.String(required=True)
    commodity = fields.String(required=True)
    origin = fields.String(required=True)
    hs_code = fields.String(required=True, allow_none=True)
    direction = fields.String(required=True, metadata={"enum": list(DIRECTIONS)})
    trade_point = fields.String(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    exempt_cny = SignedCny(required=True, attribute="exempt_fen")
    taxable_cny = SignedCny(required=True, attribute="taxable_fen")
    verdict = fields.String(required=True, metadata={"enum": ["exempt", "partly_taxed", "taxed", "export"]})
    rule_version = fields.String(required=True)
    traded_at = Instant(required=True)
    day = BusinessDay(required=True)
    group_id = GroupId(required=True, allow_none=True, attribute="group")
    settlement = fields.String(required=True, allow_none=True)
    consignment = fields.String(required=True, allow_none=True)
    vehicle_plate = fields.String(required=True, allow_none=True)
    seller = fields.String(required=True, allow_none=True)
    reference = fields.String(required=True, allow_none=True)
    over_allowance = fields.Function(
        lambda entry: "refuse" if entry.refuse_over_allowance else "tax",
        required=True,
        metadata={"type": "string", "enum": list(OVER_ALLOWANCE)},
    )
    metadata = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    reverses = fields.UUID(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    declarant_id = ResidentId(required=True, attribute="declared_by")
    consignment_line = fields.Integer(required=True, allow_none=True)
    rule_verified = fields.Boolean(required=True, allow_none=True)
    warnings = fields.Function(
        warnings_document,
        required=True,
        metadata={"type": "array", "items": {"$ref": "#/components/schemas/Warning"}},
    )
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class TransactionWriter:
    """Writes the answers for entries. It adds the recording key's name, because an entry has only the key's id."""

    def __init__(self) -> None:
        """Prepares the writer from the schema, once for all entries."""
        self._writer = QuickWriter(TransactionSchema(exclude=["recorded_by"]))

    def dump(self, entry: Transaction, name_of: Callable[[int], str | None]) -> dict[str, Any]:
        """Makes the answer for an entry; `name_of` gives the name of a key by its id."""
        key = entry.recorded_by
        recorder = None if key is None else {"id": key, "name": name_of(key)}
        return {**self._writer.dump(entry), "recorded_by": recorder}


def gone_document(gone: GoneOn) -> dict[str, str]:
    """What has gone on of a trade by live transfers, as an answer tells it."""
    return {"transferred_kg": format_kg(gone.quantity_g), "transferred_cny": format_cny(gone.amount_fen)}


class ProvenTransactionSchema(TransactionSchema):
    """An entry as a proof shows it: without the sentences of its warnings, whose text the proof has apart."""

    class Meta:
        """Leaves the sentences out."""

        exclude = ("warnings",)


class ListedTransactionSchema(TransactionSchema):
    """An entry and its reversal, if there is one."""

    reversed_by = fields.UUID(required=True, allow_none=True)


class PageEntrySchema(ListedTransactionSchema):
    """An entry on a page of a list: its reversal, if there is one, and what has gone on of it by live transfers."""

    transferred_kg = SignedKg(required=True)
    transferred_cny = SignedCny(required=True)


class TransactionWithFateSchema(PageEntrySchema):
    """An entry and what happened to it later; also its block after it is folded."""

    block = fields.Integer(required=True, allow_none=True)


class QuoteSchema(StrictSchema):
    """The answer that posting the trade now would give."""

    resident_id = ResidentId(required=True, attribute="resident")
    day = BusinessDay(required=True)
    verdict = fields.String(required=True, metadata={"enum": ["exempt", "partly_taxed", "taxed", "export"]})
    exempt_cny = SignedCny(required=True, attribute="exempt_fen")
    taxable_cny = SignedCny(required=True, attribute="taxable_fen")
    rule_version = fields.String(required=True)
    rule_verified = fields.Boolean(required=True)
    warnings = fields.List(fields.Nested(WarningSchema), required=True)
    remaining_after_cny = SignedCny(required=True, attribute="remaining_after_fen")


class StatementSchema(StrictSchema):
    """The base of a statement's query; it refuses a last day before the first day."""

    @post_load
    def days(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Checks the order of the days, and returns the filters unchanged."""
        if "from_day" in data and "to_day" in data and data["to_day"] < data["from_day"]:
            raise ValidationError({"to": [f"not-a-period: Send a day not before from, {data['from_day']}."]})
        return data


def statement_query(name: str, filters: Mapping[str, fields.Field[Any]]) -> type[StrictSchema]:
    """Makes the schema of a statement's query: its filters, its days, and the page.

    The fields are given as names in a dictionary, because `from` is a keyword of Python.
    """
    paged = {
        "from": TradingDay(attribute="from_day"),
        "to": TradingDay(attribute="to_day"),
        "cursor": cursor_field(),
        "limit": Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT),
    }
    return cast(type[StrictSchema], StatementSchema.from_dict({**filters, **paged}, name=name))


class TransactionPageSchema(StrictSchema):
    """One page of a list; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(PageEntrySchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
