"""Consignments (批次): one truck with its lines of goods, which are split among residents."""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from service.domain.errors import CategoryHsMismatch, FieldError, Refusal, ValidationFailed
from service.domain.personal_data import refuse_personal_data
from service.domain.recorded_transfers import RecordedTransfer
from service.domain.splitting import LineRemainder, LineToSplit, SplitPolicy
from service.domain.transactions import CLOCK_SKEW_MAX, MARKET_TIME, Trade, business_day

CONSIGNMENT_LINES_MAX = 100
MIDDAY = datetime.time(12, tzinfo=MARKET_TIME)
"""When a part is traded that is split on a later day than that of the arrival: nobody states an hour of it."""


class ConsignmentLine(NamedTuple):
    """Goods of a consignment: fen and grams of the whole line."""

    category: str
    commodity: str
    hs_code: str | None
    origin: str
    quantity_g: int
    amount_fen: int


class Consignment(NamedTuple):
    """A consignment as the caller states it. Its name is unique at its trade point."""

    consignment: str
    trade_point: str
    vehicle_plate: str | None
    seller: str | None
    arrived_at: datetime.datetime
    lines: Sequence[ConsignmentLine]

    def trade_of(self, place: int, resident: int, traded_at: datetime.datetime) -> Trade:
        """The trade by which a resident would buy the whole line at this place, counted from 0."""
        line = self.lines[place]
        return Trade(
            resident=resident,
            category=line.category,
            commodity=line.commodity,
            origin=line.origin,
            quantity_g=line.quantity_g,
            amount_fen=line.amount_fen,
            traded_at=traded_at,
            hs_code=line.hs_code,
            trade_point=self.trade_point,
            consignment=self.consignment,
            vehicle_plate=self.vehicle_plate,
            seller=self.seller,
            consignment_line=place + 1,
        )


class RegisteredConsignment(NamedTuple):
    """A consignment of the ledger, when it was recorded, and by which API key."""

    number: int
    stated: Consignment
    recorded_at: datetime.datetime
    recorded_by: int | None


class LineGiven(NamedTuple):
    """How much of a line was split: the parts that are live."""

    quantity_g: int = 0
    amount_fen: int = 0


class OtherTrades(NamedTuple):
    """The live trades that name a consignment and are no part of a split of it."""

    transactions: int = 0
    quantity_g: int = 0
    amount_fen: int = 0


class ConsignmentState(NamedTuple):
    """A consignment, what of each of its lines was split, and the trades that name it without being a part.

    `transfers` are those with goods of it, the newest first; their sums are of these goods.
    """

    registered: RegisteredConsignment
    given: Sequence[LineGiven]
    other_trades: OtherTrades
    transfers: Sequence[RecordedTransfer] = ()

    @property
    def left(self) -> list[LineRemainder]:
        """What is left of each line."""
        return [
            LineRemainder(line.quantity_g - one.quantity_g, line.amount_fen - one.amount_fen)
            for line, one in zip(self.registered.stated.lines, self.given, strict=True)
        ]

    def lines_to_split(self, list_groups: Sequence[str | None]) -> list[LineToSplit]:
        """The lines as `splitting.split` takes them; `list_groups` are those of the lines on the business day."""
        return [
            LineToSplit(line.quantity_g, line.amount_fen, list_group, *one)
            for line, one, list_group in zip(self.registered.stated.lines, self.given, list_groups, strict=True)
        ]


class SplitTerms(NamedTuple):
    """How a consignment is to be split: on which day, among whom, and what becomes of a remainder.

    The residents are those of a group, or those named, in this order. `leaves` and `remainder_to` say what becomes of
    what nobody has room for: it is left, or it is taxed to a resident, or the caller has not said it.
    """

    day: datetime.date
    group: int | None
    residents: tuple[int, ...]
    policy: SplitPolicy
    unit_g: int
    declarant: int | None
    leaves: bool
    remainder_to: int | None


def refuse_impossible_consignment(stated: Consignment, now: datetime.datetime) -> None:
    """Refuses a consignment with a citizen number in its texts, or with an arrival in the future.

    Raises PersonalData, ValidationFailed.
    """
    named = [(f"/{name}", getattr(stated, name)) for name in ("consignment", "trade_point", "vehicle_plate", "seller")]
    lines = [(f"/lines/{place}/commodity", line.commodity) for place, line in enumerate(stated.lines)]
    refuse_personal_data([*named, *lines])
    if stated.arrived_at > now + CLOCK_SKEW_MAX:
        raise ValidationFailed.of(
            "/arrived_at", "in-the-future", f"Send an instant not later than 5 minutes after now ({now.isoformat()})."
        )


def of_the_line(refusal: Refusal, place: int) -> Refusal:
    """The refusal of a line's goods, as a refusal of the consignment: it names the line."""
    if isinstance(refusal, ValidationFailed):
        errors = tuple(FieldError(f"/lines/{place}{one.pointer}", one.code, one.detail) for one in refusal.errors)
        return ValidationFailed("; ".join(f"{one.pointer}: {one.detail}" for one in errors), errors=errors)
    if isinstance(refusal, CategoryHsMismatch):
        return CategoryHsMismatch(f"Line {place + 1}: {refusal.detail}")
    return refusal


def traded_at_of(stated: Consignment, day: datetime.date, now: datetime.datetime) -> datetime.datetime:
    """When the parts of a split on a business day are traded: at the arrival, or at midday of a later day.

    It is never in the future. Raises ValidationFailed for a day before the arrival, and for a day to come.
    """
    arrived_on = business_day(stated.arrived_at)
    if day < arrived_on:
        raise ValidationFailed.of(
            "/day", "too-early", f"{stated.consignment} arrived on {arrived_on}; send that day or a later one."
        )
    if day > business_day(now):
        raise ValidationFailed.of("/day", "in-the-future", f"Send a day not after today, {business_day(now)}.")
    traded_at = stated.arrived_at if day == arrived_on else datetime.datetime.combine(day, MIDDAY)
    return min(traded_at, now.astimezone(MARKET_TIME))
