"""Trades as callers state them, entries as the journal keeps them, and the business day of an instant."""

import datetime
import operator
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from service.domain.allowance import Judgement, Rules, Verdict, verdict
from service.domain.errors import CategoryHsMismatch, HsCodeRequired, ValidationFailed
from service.domain.fields import Mark, ValueKind, fields_of
from service.domain.personal_data import NUMBER_LENGTH, redacted, refuse_personal_data, texts_of

Direction = Literal["import", "export"]
EntryKind = Literal["trade", "reversal"]
DIRECTIONS: tuple[Direction, ...] = ("import", "export")

MARKET_TIME = datetime.timezone(datetime.timedelta(hours=8))
"""Asia/Shanghai: UTC+8 without summer time since 1992, and the ledger begins in 2000."""

FIRST_TRADING_DAY = datetime.date(2000, 1, 1)
CLOCK_SKEW_MAX = datetime.timedelta(minutes=5)
METADATA_ENTRIES_MAX = 20
DEFAULT_TRADE_POINT = "erenhot"
HOME_COUNTRY = "CN"
NO_METADATA: Mapping[str, str] = {}
"""The metadata of every trade that has none. All such trades share it, so no code may change it."""


def business_day(instant: datetime.datetime) -> datetime.date:
    """The calendar date in Asia/Shanghai of an instant with an offset: 2024-06-29T16:00:00Z is 2024-06-30."""
    return instant.astimezone(MARKET_TIME).date()


def no_transaction(transaction_id: UUID, trade_point: str | None = None) -> str:
    """The sentence for a transaction that does not exist, or that is not of the only trade point of a key.

    The sentence is the same for both, so that a key does not learn what there is at another trade point.
    """
    where = "in the ledger" if trade_point is None else f"of {trade_point}, the trade point of this key"
    return f"No transaction {transaction_id} is {where}."


def end_of_day(day: datetime.date) -> datetime.datetime:
    """The first instant after a business day. Raises OverflowError on the last day of the calendar."""
    return datetime.datetime(day.year, day.month, day.day, tzinfo=MARKET_TIME) + datetime.timedelta(days=1)


class Trade(NamedTuple):
    """One commodity line of one resident as the caller states it: fen, grams, and `traded_at` in the market's time.

    `declarant` is the resident who declares, if that is not the buyer. `consignment_line` is the line of a registered
    consignment that the trade is a part of; a split states it, and no caller does.
    """

    resident: int
    category: str
    commodity: str
    origin: str
    quantity_g: int
    amount_fen: int
    traded_at: datetime.datetime
    hs_code: str | None = None
    direction: Direction = "import"
    trade_point: str = DEFAULT_TRADE_POINT
    consignment: str | None = None
    vehicle_plate: str | None = None
    seller: str | None = None
    reference: str | None = None
    refuse_over_allowance: bool = False
    metadata: Mapping[str, str] = NO_METADATA
    declarant: Annotated[int | None, Mark(since=3)] = None
    consignment_line: Annotated[int | None, Mark(since=3)] = None

    @property
    def day(self) -> datetime.date:
        """The business day of the trade; it decides which rules and which allowance apply."""
        return self.traded_at.date()

    @property
    def is_import(self) -> bool:
        """Whether the trade is an import; only imports use the allowance."""
        return self.direction == "import"


DatedTrade = tuple[Trade, datetime.date]
"""A trade with its business day."""


class Transaction(NamedTuple):
    """One entry of the journal. It is never changed or deleted. A reversal has negative amounts and weights.

    This is the one list of an entry's fields, in the order in which an answer shows them. Their columns, their places
    in the canonical bytes and the dimensions of the cube follow from it (service.domain.fields).
    """

    transaction_id: Annotated[UUID, Mark(is_own=True)]
    resident: int
    category: Annotated[str, Mark(dimension="category")]
    commodity: str
    origin: Annotated[str, Mark(dimension="origin")]
    hs_code: str | None
    direction: Annotated[Direction, Mark(dimension="direction")]
    trade_point: Annotated[str, Mark(dimension="trade_point")]
    quantity_g: int
    amount_fen: int
    exempt_fen: int
    exempt_quantity_g: int
    list_group: str | None
    rule_version: str
    traded_at: datetime.datetime
    day: datetime.date
    group: Annotated[int | None, Mark(column="market_group", dimension="group_id")]
    settlement: Annotated[str | None, Mark(dimension="settlement")]
    consignment: str | None
    vehicle_plate: str | None
    seller: str | None
    reference: Annotated[str | None, Mark(is_own=True)]
    refuse_over_allowance: bool
    metadata: Mapping[str, str]
    reverses: Annotated[UUID | None, Mark(is_own=True)]
    reason: Annotated[str | None, Mark(is_own=True)]
    declarant: Annotated[int | None, Mark(since=3)]
    consignment_line: Annotated[int | None, Mark(since=3)]
    rule_verified: Annotated[bool | None, Mark(since=3)]
    warnings: Annotated[str | None, Mark(is_own=True, since=3)]
    recorded_at: Annotated[datetime.datetime, Mark(is_own=True)]
    recorded_by: Annotated[int | None, Mark(is_own=True, since=2)]

    @property
    def kind(self) -> EntryKind:
        """Whether the entry is a trade or a reversal; a reversal names the trade that it reverses."""
        return "trade" if self.reverses is None else "reversal"

    @property
    def declared_by(self) -> int:
        """The resident who declared: the buyer, when no declarant is recorded."""
        return self.resident if self.declarant is None else self.declarant

    @property
    def taxable_fen(self) -> int:
        """The part above the allowance, in fen."""
        return self.amount_fen - self.exempt_fen

    @property
    def verdict(self) -> Verdict:
        """The verdict in a word; a reversal has the verdict of its trade."""
        return verdict(is_import=self.direction == "import", exempt_fen=self.exempt_fen, taxable_fen=self.taxable_fen)


FIELDS = fields_of(Transaction)
NEGATED = tuple(field.name for field in FIELDS if field.kind is ValueKind.MEASURE)
"""The fields that a reversal has with the opposite sign."""


class Recording(NamedTuple):
    """What the ledger adds to a trade that it has judged.

    It says when, under which id and by which API key the trade was entered, and the resident's group and settlement at
    that time. `recorded_by` is the id of the API key (service.domain.keys); None in entries from before it was
    recorded. `rule_verified` says whether all rules of the verdict are confirmed. `warnings` are the codes of what the
    caller was warned of, each with its parameter, joined by blanks; None without one.
    """

    transaction_id: UUID
    day: datetime.date
    recorded_at: datetime.datetime
    recorded_by: int | None
    group: int | None
    settlement: str | None
    rule_verified: bool | None = None
    warnings: str | None = None
    reverses: UUID | None = None
    reason: str | None = None


def refuse_impossible(trade: Trade, rules: Rules, countries: frozenset[str], now: datetime.datetime) -> None:
    """Refuses a trade that the clock, the countries or the rules of its day show to be impossible.

    Raises ValidationFailed for a trade in the future, an unknown category or an origin that can't be,
    CategoryHsMismatch for a code that the category does not allow, and HsCodeRequired for an import without a code
    where the category needs one.
    """
    if trade.traded_at > now + CLOCK_SKEW_MAX:
        raise ValidationFailed.of(
            "/traded_at", "in-the-future", f"Send an instant not later than 5 minutes after now ({now.isoformat()})."
        )
    _refuse_impossible_origin(trade, countries)
    if trade.category not in rules.categories:
        known = ", ".join(sorted(rules.categories))
        raise ValidationFailed.of("/category", "unknown-category", f"Send one of {known}.")
    if not rules.allows(trade.category, trade.hs_code):
        allowed = ", ".join(rules.categories[trade.category].hs_prefixes)
        raise CategoryHsMismatch(
            f"HS code {trade.hs_code} is not {trade.category}: its codes begin with {allowed}. "
            "Send the category that the goods are traded as, or the code that the goods have."
        )
    if trade.is_import and trade.hs_code is None and rules.categories[trade.category].hs_code_required:
        allowed = ", ".join(rules.categories[trade.category].hs_prefixes)
        raise HsCodeRequired(
            f"An import of {trade.category} needs an HS code on {trade.day}: "
            f"send hs_code with 6, 8 or 10 digits that begin with one of {allowed}."
        )


def refuse_citizen_numbers(trade: Trade) -> None:
    """Refuses a trade whose free texts hold a citizen number. Raises PersonalData.

    Call it before any other rule. Otherwise the ledger would remember another refusal with a fingerprint of the trade,
    and a person who tries all possible numbers could find the number from it.
    """
    if trade.metadata or max(map(len, filter(None, _free_texts(trade)))) >= NUMBER_LENGTH:
        named = zip([f"/{name}" for name in _FREE_TEXTS], _free_texts(trade), strict=True)
        refuse_personal_data([*named, *texts_of(trade.metadata)])


_FREE_TEXTS = ("commodity", "consignment", "vehicle_plate", "seller", "reference", "trade_point")
"""The fields whose text the caller chooses freely, beside the metadata."""

_free_texts: Callable[[Trade], tuple[str | None, ...]] = operator.attrgetter(*_FREE_TEXTS)


def _refuse_impossible_origin(trade: Trade, countries: frozenset[str]) -> None:
    if trade.origin not in countries:
        raise ValidationFailed.of("/origin", "unknown-country", "Send an ISO 3166 code that exists, such as MN.")
    if trade.is_import and trade.origin == HOME_COUNTRY:
        raise ValidationFailed.of("/origin", "home-country", "An import comes from abroad; send its country of origin.")


def without_citizen_numbers(trade: Trade) -> Trade:
    """The trade with REDACTED in the place of each text that holds a citizen number.

    Of a trade that is refused for a citizen number, the ledger may keep no more than this.
    """
    texts: dict[str, Any] = {
        name: redacted(text) for name, text in zip(_FREE_TEXTS, _free_texts(trade), strict=True) if text is not None
    }
    metadata = {redacted(key) or "": redacted(value) or "" for key, value in trade.metadata.items()}
    return trade._replace(**texts, metadata=metadata)


_SOURCES = (*Trade._fields, *Judgement._fields, *Recording._fields)
_in_order = operator.itemgetter(*(_SOURCES.index(field.name) for field in FIELDS))


def record(trade: Trade, judgement: Judgement, recording: Recording) -> Transaction:
    """Makes the entry of an accepted trade."""
    return recorded(trade, judgement, recording)


_make = tuple.__new__


def recorded(trade: Trade, judgement: tuple[Any, ...], recording: tuple[Any, ...]) -> Transaction:
    """Does what `record` does, with the values of a Judgement and a Recording as plain tuples.

    No other place makes an entry from a stated trade.
    """
    # Putting three tuples in order takes half the time of 27 named arguments, and a batch does it ten thousand times.
    return _make(Transaction, _in_order(trade + judgement + recording))


def reverse(
    trade: Transaction, reason: str, *, transaction_id: UUID, recorded_at: datetime.datetime, recorded_by: int | None
) -> Transaction:
    """Makes the reversal of a trade: it negates all that the trade used and moved, on the trade's own business day."""
    negated: dict[str, Any] = {name: -getattr(trade, name) for name in NEGATED}
    return trade._replace(
        **negated,
        transaction_id=transaction_id,
        recorded_at=recorded_at,
        recorded_by=recorded_by,
        reference=None,
        reverses=trade.transaction_id,
        reason=reason,
        warnings=None,
    )
