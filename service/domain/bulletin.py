"""The monthly bulletin of a bureau: which questions it asks, and what it is made of, by the rules of the reports.

A month is compared with the same month a year earlier and with the month before; the year so far with the year before.
A month that is not over runs through today in every table, and so do the periods that it is compared with.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.growth import Comparison, compare
from service.domain.periods import Period, year_to_date
from service.domain.reports import Ask, Measures, Question, TradeReport, current_figure, question_so_far, trade_report
from service.domain.rounding import share

COMMODITIES_MAX = 10
DIMENSIONS = ("category", "origin", "group_id", "settlement", "trade_point", "direction")
"""What the bulletin's tables are by, besides commodities, months and days."""


@dataclass(frozen=True, slots=True)
class Spans:
    """The same report for the three spans of a bulletin: the month, the month with the one before, the year so far."""

    month: TradeReport
    previous: TradeReport
    year: TradeReport


class CommoditySums(NamedTuple):
    """The live trades of one commodity in a period: fen, grams, transactions."""

    amount_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0


Goods = tuple[str, str]
"""A category and a commodity of it."""


@dataclass(frozen=True, slots=True)
class Commodity:
    """One commodity, compared with the same month a year earlier; `share` is in hundredths of a percent."""

    category: str
    commodity: str
    measures: Mapping[str, Comparison]
    share: int | None


@dataclass(frozen=True, slots=True)
class TradeParts:
    """The three spans, the tables by dimension, the months of the year, the days of the month, and imports alone.

    `imports` are by category: exports are not taxed, and would dilute what part of a category is.
    """

    trade: Spans
    by: Mapping[str, TradeReport]
    months: TradeReport
    days: TradeReport
    imports: TradeReport


@dataclass(frozen=True, slots=True)
class Bulletin:
    """Everything that a bulletin says, exact at one position."""

    month: Period
    parts: TradeParts
    residents: Spans
    commodities: Sequence[Commodity]


def spans_of(month: Period, today: datetime.date) -> tuple[Question, Question, Question]:
    """The questions of the three spans."""
    asked = Question(month), Question(month, "previous"), _year_of(month)
    first, second, third = (question_so_far(question, today) for question in asked)
    return first, second, third


def questions_of(month: Period, today: datetime.date) -> list[Question]:
    """Every question of a bulletin, so that whatever they need can be loaded at once."""
    by = [_by(month, today, name) for name in (*DIMENSIONS, "day")]
    months = question_so_far(_year_of(month, by=("month",)), today)
    return [*spans_of(month, today), *by, months, _imports(month, today)]


def trade_parts(month: Period, today: datetime.date, ask: Ask) -> TradeParts:
    """All of a bulletin that is read from the cube."""
    spans = Spans(*(trade_report(question, ask) for question in spans_of(month, today)))
    by = {name: trade_report(_by(month, today, name), ask) for name in DIMENSIONS}
    months = trade_report(question_so_far(_year_of(month, by=("month",)), today), ask)
    days, imports = trade_report(_by(month, today, "day"), ask), trade_report(_imports(month, today), ask)
    return TradeParts(spans, by, months, days, imports)


def _by(month: Period, today: datetime.date, name: str) -> Question:
    return question_so_far(Question(month, by=(name,)), today)


def _imports(month: Period, today: datetime.date) -> Question:
    only = (("direction", frozenset({"import"})),)
    return question_so_far(Question(month, by=("category",), filters=only), today)


def _year_of(month: Period, by: tuple[str, ...] = ()) -> Question:
    """The year to the month's end; of a month to come it is the year so far."""
    return Question(year_to_date(month.end), by=by)


def top_commodities(current: Mapping[Goods, CommoditySums], base: Mapping[Goods, CommoditySums]) -> list[Commodity]:
    """The commodities with the largest amounts of the month, the largest first, then by category and name."""
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
    """What part of an amount was taxed, in hundredths of a percent, half up; None of no amount."""
    return share(current_figure(measures["taxable_fen"]), current_figure(measures["amount_fen"]))


def lapsed(residents: TradeReport) -> int:
    """How many left the stock of residents in the period without a cancellation.

    They are what is left over, so that the flows of a period lead from its first stock to its last.
    """
    figures = {name: current_figure(value) for name, value in residents.total.items()}
    before = figures["registered_at_start"] + figures["registered_in_period"]
    return before - figures["cancelled_in_period"] - figures["registered_at_end"]
