"""The filters of lists of entries, and their conditions in SQL. Every place that filters entries uses these."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.domain.allowance import Verdict
from service.domain.transactions import EntryKind
from service.storage.columns import DayType, InstantType
from service.storage.tables import journal


@dataclass(frozen=True, slots=True)
class TransactionFilters:
    """Which entries are wanted. None means that a field is not filtered; a None among values means entries without one.

    Both days are included, `recorded_from` as well; `recorded_until` is the first instant that is not. A reversal is
    never reversed. `hs_prefix` is the beginning of the code. A buyer without a declarant declares.
    """

    resident: int | None = None
    group: Collection[int | None] | None = None
    settlement: Collection[str | None] | None = None
    category: Collection[str] | None = None
    commodity: str | None = None
    origin: Collection[str] | None = None
    direction: Collection[str] | None = None
    trade_point: Collection[str] | None = None
    consignment: str | None = None
    vehicle_plate: str | None = None
    reference: str | None = None
    hs_prefix: str | None = None
    verdict: Collection[Verdict] | None = None
    kind: EntryKind | None = None
    is_reversed: bool | None = None
    recorded_by: Collection[int | None] | None = None
    declarant: int | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None
    recorded_from: datetime.datetime | None = None
    recorded_until: datetime.datetime | None = None


_reversal = journal.alias("reversal")
IS_REVERSED = sa.exists().where(_reversal.c.reverses == journal.c.transaction_id)
"""Whether an entry was reversed; the database looks the reversal up by its unique index."""

_IS_EXPORT = journal.c.direction == "export"
VERDICT = sa.case(
    (_IS_EXPORT, "export"),
    (journal.c.exempt_fen == journal.c.amount_fen, "exempt"),
    (journal.c.exempt_fen == 0, "taxed"),
    else_="partly_taxed",
)
"""The verdict of an entry, as `service.domain.allowance.verdict` says it of the same figures."""


WITHOUT_INDEX: Mapping[str, sa.ColumnElement[Any]] = {
    "commodity": journal.c.commodity.op("||", return_type=sa.Text())(sa.literal_column("''")),
    "day": journal.c.day.op("+", return_type=DayType())(sa.literal_column("0")),
    "recorded_at": journal.c.recorded_at.op("+", return_type=InstantType())(sa.literal_column("0")),
}
"""Columns in a form for which there is no index."""


def conditions(filters: TransactionFilters, without_index: Collection[str] = ()) -> Iterable[sa.ColumnElement[bool]]:
    """The conditions that an entry of the journal fulfils when the filters let it through.

    The database does not look the columns `without_index` (commodity, day, recorded_at) up in their index.
    """
    column = journal.c
    single = (
        (column.resident, filters.resident),
        (WITHOUT_INDEX["commodity"] if "commodity" in without_index else column.commodity, filters.commodity),
        (column.consignment, filters.consignment),
        (column.vehicle_plate, filters.vehicle_plate),
    )
    yield from (one == value for one, value in single if value is not None)
    if filters.reference is not None:
        yield column.reference == filters.reference
        if filters.trade_point is None:
            yield column.trade_point.in_(_points_with_references())
    several: Iterable[tuple[sa.ColumnElement[Any], Collection[Any] | None]] = (
        (column.market_group, filters.group),
        (column.settlement, filters.settlement),
        (column.category, filters.category),
        (column.origin, filters.origin),
        (column.direction, filters.direction),
        (column.trade_point, filters.trade_point),
        (column.recorded_by, filters.recorded_by),
        (VERDICT, filters.verdict),
    )
    yield from (_one_of(one, values) for one, values in several if values is not None)
    if filters.hs_prefix is not None:
        yield column.hs_code.startswith(filters.hs_prefix, autoescape=True)
    if filters.kind is not None:
        yield column.reverses.is_(None) if filters.kind == "trade" else column.reverses.is_not(None)
    if filters.is_reversed is not None:
        yield IS_REVERSED if filters.is_reversed else ~IS_REVERSED
    if filters.declarant is not None:
        is_buyer = column.declarant.is_(None) & (column.resident == filters.declarant)
        yield (column.declarant == filters.declarant) | is_buyer
    for name in ("day", "recorded_at"):
        yield from within(filters, name, WITHOUT_INDEX[name] if name in without_index else column[name])


def within(
    filters: TransactionFilters, name: str, column: sa.ColumnElement[Any] | None = None
) -> Iterable[sa.ColumnElement[bool]]:
    """The conditions on the business day, or on the time of recording; `name` is that of the column."""
    column = journal.c[name] if column is None else column
    first, last = (
        (filters.from_day, filters.to_day) if name == "day" else (filters.recorded_from, filters.recorded_until)
    )
    if first is not None:
        yield column >= first
    if last is not None:
        yield column <= last if name == "day" else column < last


def _points_with_references() -> sa.Select[Any]:
    """The trade points that have references, each found by one look into the index of references.

    That index begins with the trade point, so a reference alone would be looked for in the whole journal.
    """
    point, has_reference = journal.c.trade_point, journal.c.reference.is_not(None)
    first = sa.select(sa.func.min(point).label("name")).where(has_reference).cte("points", recursive=True)
    following = sa.select(sa.func.min(point)).where(has_reference, point > first.c.name).scalar_subquery()
    points = first.union_all(sa.select(following).where(first.c.name.is_not(None)))
    return sa.select(points.c.name)


def _one_of(column: sa.ColumnElement[Any], values: Collection[Any]) -> sa.ColumnElement[bool]:
    """Whether a column has one of these values; a None among them stands for NULL."""
    stated = sorted((value for value in values if value is not None), key=str)
    has_stated = column == stated[0] if len(stated) == 1 else column.in_(stated)
    if None not in values:
        return has_stated
    return sa.or_(column.is_(None), has_stated) if stated else column.is_(None)
