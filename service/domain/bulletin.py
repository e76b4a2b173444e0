"""The monthly bulletin of a bureau: the questions that it asks and the parts that it has, by the rules of the reports.

A month is compared with the same month a year earlier and with the month before; the year so far with the year before.
When the month is not over, every table runs through today, and the periods that it is compared with are as long.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.growth import Comparison, compare
from service.domain.periods import Period, year_to_date
from service.domain.processing_report import ProcessingReport
from service.domain.reports import Ask, Measures, Question, TradeReport, current_figure, question_so_far, trade_report
from service.domain.rounding import share

COMMODITIES_MAX = 10
DIMENSIONS = ("category", "origin", "group_id", "settlement", "trade_point", "direction")
"""The dimensions of the bulletin's tables; it also has tables by commodity, month and day."""


@dataclass(frozen=True, slots=True)
class Spans:
    """One report for each of a bulletin's spans: the month, the month against the month before, the year so far."""

    month: TradeReport
    previous: TradeReport
    year: TradeReport


class CommoditySums(NamedTuple):
    """Sums over the live trades of one commodity in a period: fen, grams, transactions."""

    amount_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0


Filters = tuple[tuple[str, frozenset[str]], ...]
"""What a whole bulletin is about, as the filters of its questions: nothing, or a trade point."""

Goods = tuple[str, str]
"""A category, and a commodity in it."""


@dataclass(frozen=True, slots=True)
class Commodity:
    """One commodity, compared with the same month a year earlier; `share` is in hundredths of a percent."""

    category: str
    commodity: str
    measures: Mapping[str, Comparison]
    share: int | None


@dataclass(frozen=True, slots=True)
class TradeParts:
    """The reports of a bulletin about trade: the three spans, the tables by dimension, by month, by day, and imports.

    `imports` is a table by category of imports alone: exports are not taxed, so with them the taxed part of a category
    would look smaller.
    """

    trade: Spans
    by: Mapping[str, TradeReport]
    months: TradeReport
    days: TradeReport
    imports: TradeReport


PROCESSING_DIMENSIONS = ("enterprise_id", "category")
"""The dimensions of the tables about landing processing."""


@dataclass(frozen=True, slots=True)
class Bulletin:
    """All figures of a bulletin, exact at one position. `processing` has a report for each of PROCESSING_DIMENSIONS."""

    month: Period
    parts: TradeParts
    residents: Spans
    commodities: Sequence[Commodity]
    processing: Mapping[str, ProcessingReport]


def spans_of(month: Period, today: datetime.date, filters: Filters = ()) -> tuple[Question, Question, Question]:
    """The questions of the three spans."""
    asked = Question(month, filters=filters), Question(month, "previous", filters=filters), _year_of(month, filters)
    first, second, third = (question_so_far(question, today) for question in asked)
    return first, second, third


def questions_of(month: Period, today: datetime.date, filters: Filters = ()) -> list[Question]:
    """All questions of a bulletin, so that the caller can load everything that they need at once."""
    by = [_by(month, today, name, filters) for name in (*DIMENSIONS, "day")]
    return [*spans_of(month, today, filters), *by, _months(month, today, filters), _imports(month, today, filters)]


def trade_parts(month: Period, today: datetime.date, ask: Ask, filters: Filters = ()) -> TradeParts:
    """The parts of a bulletin that are read from the cube."""
    spans = Spans(*(trade_report(question, ask) for question in spans_of(month, today, filters)))
    by = {name: trade_report(_by(month, today, name, filters), ask) for name in DIMENSIONS}
    months, days = _months(month, today, filters), _by(month, today, "day", filters)
    imports = trade_report(_imports(month, today, filters), ask)
    return TradeParts(spans, by, trade_report(months, ask), trade_report(days, ask), imports)


def processing_questions(month: Period, today: datetime.date, filters: Filters = ()) -> dict[str, Question]:
    """The questions about what of the month's trades has gone on to processing, by dimension."""
    only = (("purpose", frozenset({"processing"})), *filters)
    return {name: _by(month, today, name, only) for name in PROCESSING_DIMENSIONS}


def _by(month: Period, today: datetime.date, name: str, filters: Filters) -> Question:
    return question_so_far(Question(month, by=(name,), filters=filters), today)


def _months(month: Period, today: datetime.date, filters: Filters) -> Question:
    return question_so_far(_year_of(month, filters, by=("month",)), today)


def _imports(month: Period, today: datetime.date, filters: Filters) -> Question:
    only = (("direction", frozenset({"import"})), *filters)
    return question_so_far(Question(month, by=("category",), filters=only), today)


def _year_of(month: Period, filters: Filters, by: tuple[str, ...] = ()) -> Question:
    """The question about the year up to the month's end; for a future month it is then cut off at today."""
    return Question(year_to_date(month.end), by=by, filters=filters)


def top_commodities(current: Mapping[Goods, CommoditySums], base: Mapping[Goods, CommoditySums]) -> list[Commodity]:
    """The COMMODITIES_MAX commodities with the largest amounts, the largest first; equal ones by category and name."""
    total_fen = sum(sums.amount_fen for sums in current.values())
    ordered = sorted(current, key=lambda goods: (-current[goods].amount_fen, goods))[:COMMODITIES_MAX]
    return [
        Commodity(
            *goods,
            {
                name: compare(value, before)
                for name, value, before in zip(
                    CommoditySums._fields, current[goods], base.get(goods, CommoditySums()), strict=True
                )
            },
            share(current[goods].amount_fen, total_fen),
        )
        for goods in ordered
    ]


def taxed_share(measures: Measures) -> int | None:
    """The taxed share of an amount, in hundredths of a percent, half up; None when the amount is 0."""
    return share(current_figure(measures["taxable_fen"]), current_figure(measures["amount_fen"]))


def lapsed(residents: TradeReport) -> int:
    """How many residents left the stock in the period by expiry or otherwise, without a cancellation.

    It is the difference between the other figures, so that first stock plus flows equals the last stock.
    """
    figures = {name: current_figure(value) for name, value in residents.total.items()}
    before = figures["registered_at_start"] + figures["registered_in_period"]
    return before - figures["cancelled_in_period"] - figures["registered_at_end"]
