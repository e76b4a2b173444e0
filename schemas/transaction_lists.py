"""Lists of entries on the wire: the filters that pages, totals and files have in common, and what they answer."""

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast

from marshmallow import ValidationError, fields, post_load

from schemas.audit import KEY_ID_MAX
from schemas.choices import Count, OneOf
from schemas.fields import (
    HS_CODE_LENGTH_MAX,
    CountryCode,
    GroupId,
    Instant,
    ResidentId,
    SignedCny,
    SignedKg,
    Slug,
    Text,
    TradingDay,
)
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, SETTLEMENT_LENGTH_MAX, cursor_field
from schemas.several import Several
from schemas.strict import StrictSchema, Translated
from schemas.transactions import COMMODITY_LENGTH_MAX, MARK_LENGTH_MAX
from service.domain.allowance import VERDICTS
from service.domain.entry_totals import EntryTotals
from service.domain.transactions import DIRECTIONS, MARKET_TIME

ORDERS = ("newest", "oldest")
LIST_FORMATS = ("json", "csv", "xlsx", "ndjson")
LISTS = ("category", "origin", "direction", "trade_point", "group_id", "settlement", "verdict", "recorded_by")
"""The query parameters that may be repeated or hold several values with commas."""

_ONE_DAY, _SMALLEST_STEP = datetime.timedelta(days=1), datetime.timedelta(microseconds=1)


class HsPrefix(Translated):
    """The first digits of HS codes."""

    slug = "not-an-hs-prefix"
    properties: ClassVar[dict[str, Any]] = {"pattern": "^[0-9]{1,10}$", "examples": ["0204"]}
    _pattern = re.compile(r"[0-9]{1,10}", re.ASCII)

    def parse(self, text: str) -> str:
        """Checks the digits, and returns them unchanged."""
        if self._pattern.fullmatch(text) is None:
            raise ValueError(f"Send the first 1 to {HS_CODE_LENGTH_MAX} digits of HS codes, such as 0204.")
        return text


class DayOrInstant(Translated):
    """A business day, or an instant with its offset; in the domain the first instant that is meant."""

    slug = "not-a-day-or-an-instant"
    properties: ClassVar[dict[str, Any]] = {
        "examples": ["2024-06-30", "2024-06-30T09:30:00+08:00"],
        "description": "A day in Asia/Shanghai, or an instant (RFC 3339); in a query + is written %2B.",
    }
    _day, _instant = TradingDay(), Instant()

    def parse(self, text: str) -> datetime.datetime:
        """Reads a day or an instant."""
        if "T" not in text.upper():
            return self._of_day(self._day.parse(text))
        if " " in text:
            raise ValueError("Send an instant with seconds and an offset; in a query its + is written %2B.")
        return self._of_instant(self._instant.parse(text))

    def _of_day(self, day: datetime.date) -> datetime.datetime:
        return datetime.datetime.combine(day, datetime.time(), MARKET_TIME)

    def _of_instant(self, instant: datetime.datetime) -> datetime.datetime:
        return instant


class LastDayOrInstant(DayOrInstant):
    """A business day or an instant that is still included; in the domain the first instant behind it."""

    def _of_day(self, day: datetime.date) -> datetime.datetime:
        return super()._of_day(day) + _ONE_DAY

    def _of_instant(self, instant: datetime.datetime) -> datetime.datetime:
        return instant + _SMALLEST_STEP


class FilteredSchema(StrictSchema):
    """The base of every query for entries; it refuses an end before its beginning."""

    @post_load
    def ends(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Checks the order of days and of instants, and returns the filters unchanged."""
        if "from_day" in data and "to_day" in data and data["to_day"] < data["from_day"]:
            raise ValidationError({"to": [f"not-a-period: Send a day not before from, {data['from_day']}."]})
        if "recorded_from" in data and "recorded_until" in data and data["recorded_until"] <= data["recorded_from"]:
            raise ValidationError({"recorded_to": ["not-a-period: Send a day or an instant not before recorded_from."]})
        return data


def _filters() -> Mapping[str, fields.Field[Any]]:
    return {
        "resident_id": ResidentId(attribute="resident"),
        "group_id": Several(GroupId(), is_translated=True, or_none="entries without a group", attribute="group"),
        "settlement": Several(Text(SETTLEMENT_LENGTH_MAX), or_none="entries without a settlement"),
        "category": Several(Slug()),
        "commodity": Text(COMMODITY_LENGTH_MAX),
        "origin": Several(CountryCode()),
        "direction": Several(OneOf(*DIRECTIONS)),
        "trade_point": Several(Slug()),
        "consignment": Text(MARK_LENGTH_MAX),
        "vehicle_plate": Text(MARK_LENGTH_MAX),
        "reference": Text(MARK_LENGTH_MAX),
        "hs_code": HsPrefix(attribute="hs_prefix"),
        "verdict": Several(OneOf(*VERDICTS)),
        "kind": OneOf("trade", "reversal"),
        "reversed": OneOf(
            "true",
            "false",
            translate=lambda word: word == "true",
            attribute="is_reversed",
            metadata={"description": "Whether the entry was reversed; a reversal never is."},
        ),
        "recorded_by": Several(
            Count(0, KEY_ID_MAX),
            is_translated=True,
            or_none="entries from before it was recorded",
        ),
        "declarant_id": ResidentId(attribute="declarant"),
        "from": TradingDay(attribute="from_day"),
        "to": TradingDay(attribute="to_day"),
        "recorded_from": DayOrInstant(),
        "recorded_to": LastDayOrInstant(attribute="recorded_until"),
    }


def _query(name: str, added: Mapping[str, fields.Field[Any]]) -> type[StrictSchema]:
    """The schema of a query with all filters. `from` is a keyword of Python, so the fields stand in a dictionary."""
    return cast(type[StrictSchema], FilteredSchema.from_dict({**_filters(), **added}, name=name))


TransactionTotalsQuerySchema = _query("TransactionTotalsQuerySchema", {})
TransactionExportQuerySchema = _query("TransactionExportQuerySchema", {"order": OneOf(*ORDERS, load_default="newest")})
TransactionsQuerySchema = _query(
    "TransactionsQuerySchema",
    {
        "order": OneOf(*ORDERS, load_default="newest"),
        "format": OneOf(*LIST_FORMATS),
        "cursor": cursor_field(),
        "limit": Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT),
    },
)


class LiveSumsSchema(StrictSchema):
    """Sums and counts of live trades."""

    transactions = fields.Integer(required=True)
    participations = fields.Integer(required=True)
    residents = fields.Integer(required=True)
    quantity_kg = SignedKg(required=True, attribute="quantity_g")
    amount_cny = SignedCny(required=True, attribute="amount_fen")
    exempt_cny = SignedCny(required=True, attribute="exempt_fen")
    taxable_cny = SignedCny(required=True, attribute="taxable_fen")


class RecorderSumsSchema(LiveSumsSchema):
    """The sums of the trades that one API key recorded; the key is null for those from before it was recorded."""

    key = fields.Nested(RecorderSchema, required=True, allow_none=True)


class NamedSumsSchema(LiveSumsSchema):
    """The sums of the trades of one category or one verdict."""

    key = fields.String(required=True)


class TransactionTotalsSchema(StrictSchema):
    """The totals of the live trades that the filters let through, exact at the position.

    Each list goes by amount, the largest first. `reversals` counts the reversals that the filters let through.
    """

    total = fields.Nested(LiveSumsSchema, required=True)
    recorded_by = fields.List(fields.Nested(RecorderSumsSchema), required=True)
    category = fields.List(fields.Nested(NamedSumsSchema), required=True)
    verdict = fields.List(fields.Nested(NamedSumsSchema), required=True)
    reversals = fields.Integer(required=True)
    position = fields.String(required=True)


_SUMS = LiveSumsSchema()


def totals_document(totals: EntryTotals, position: str, name_of: Callable[[int], str | None]) -> dict[str, object]:
    """Makes the document of totals; `name_of` gives the name of a key by its id."""
    return {
        "total": _SUMS.dump(totals.total),
        "recorded_by": [{"key": _recorder(key, name_of), **_SUMS.dump(sums)} for key, sums in totals.by_recorder],
        "category": [{"key": key, **_SUMS.dump(sums)} for key, sums in totals.by_category],
        "verdict": [{"key": key, **_SUMS.dump(sums)} for key, sums in totals.by_verdict],
        "reversals": totals.reversals,
        "position": position,
    }


def _recorder(key: int | None, name_of: Callable[[int], str | None]) -> dict[str, object] | None:
    return None if key is None else {"id": key, "name": name_of(key)}
