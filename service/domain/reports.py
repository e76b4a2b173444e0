"""Trade reports: a question, and the rows that answer it, compared and ordered as the reference says (GET /docs)."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.domain.cells import DIMENSIONS, Grain, Key
from service.domain.custom_bases import compared_base, paired_buckets
from service.domain.growth import Comparison, compare
from service.domain.periods import Bucket, Compare, Interval, Period, base_period, buckets_of, period_so_far
from service.domain.report_rows import live_keys, named, plain_rows, sortable, time_rows
from service.domain.totals import Selection, Totals
from service.domain.transactions import DIRECTIONS

Ask = Callable[[Period, Selection], Mapping[Key, Totals]]
"""A function that returns the totals of a period: a cube's, or in the tests a plain recount of the journal."""

INTERVALS: tuple[Interval, ...] = ("day", "month", "quarter", "year")
TRADE_MEASURES = (
    "amount_fen", "exempt_fen", "taxable_fen", "quantity_g", "transactions", "participations", "residents",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """The question of a report: a period, a comparison, dimensions and at most one interval, and filters.

    `custom_base` is the base period that the caller names, for `compare` "custom". `not_after` is the current business
    day when the period or that base is not over, otherwise None (see `question_so_far`).
    """

    period: Period
    compare: Compare = "yoy"
    by: tuple[str, ...] = ()
    filters: tuple[tuple[str, frozenset[str]], ...] = ()
    not_after: datetime.date | None = None
    custom_base: Period | None = None

    @property
    def through(self) -> datetime.date:
        """The last day that the figures include: the earlier of the period's end and the current business day."""
        return self.period.end if self.not_after is None else min(self.period.end, self.not_after)

    @property
    def has_begun(self) -> bool:
        """Whether the period has begun by today."""
        return self.period.start <= self.through

    @property
    def span(self) -> Period:
        """The days that all figures include: the period up to `through`, or a whole period that has not begun."""
        return period_so_far(self.period, self.through)

    @property
    def base_period(self) -> Period | None:
        """The period to compare with: the base of `span`, so that a part is never compared with a whole.

        It is None also when the period has not begun and its base has: future days have no trade yet, which would look
        like a fall by 100 %. When both periods lie in the future, it is the base, and neither has a trade.
        """
        base = self._base_of_span
        return base if base is None or self.has_begun or base.start > self.through else None

    @property
    def _base_of_span(self) -> Period | None:
        if self.custom_base is None or self.compare != "custom":
            return base_period(self.span, self.compare)
        return compared_base(self.period, self.custom_base, self.not_after)

    @property
    def compared_buckets(self) -> list[tuple[Bucket, Period | None]]:
        """Each bucket with the period to compare it with; None when it has none, or the whole period has none."""
        base = self.base_period
        if base is None:
            return [(bucket, None) for bucket in self.buckets]
        if self.compare == "custom" and self.custom_base is not None:
            return paired_buckets(self.buckets, self.period, self.custom_base, base)
        return [(bucket, bucket.base_period(self.compare)) for bucket in self.buckets]

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """The time buckets of `span`."""
        assert self.interval is not None
        return buckets_of(self.span, self.interval)

    @property
    def interval(self) -> Interval | None:
        """The interval among `by`; None when there is none."""
        return next((name for name in INTERVALS if name in self.by), None)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions among `by`, in their order."""
        return tuple(name for name in self.by if name not in INTERVALS)

    @property
    def grains(self) -> set[Grain]:
        """The grains of the cells that the rows and the total are read from."""
        return {self.selection(rows=True).grain, self.selection(rows=False).grain}

    def selection(self, *, rows: bool) -> Selection:
        """The selection of cells for the rows, or for the total. A filter by both directions filters nothing."""
        by = tuple(DIMENSIONS.index(name) for name in self.dimensions) if rows else ()
        narrowing = (pair for pair in self.filters if pair != ("direction", frozenset(DIRECTIONS)))
        filters = tuple((DIMENSIONS.index(name), values) for name, values in narrowing)
        return Selection(by, tuple(sorted(filters, key=lambda pair: pair[0])))


def question_so_far(question: Question, today: datetime.date) -> Question:
    """The question as it is answered today: a period that is not over runs through today, and its base is as long.

    A question that was cut off before does not change, so that all parts of an answer are of one day. See
    docs/RULES.md, A period that is not over.
    """
    base = question.custom_base
    is_over = question.period.end <= today and (base is None or base.end <= today)
    return question if is_over or question.not_after is not None else dataclasses.replace(question, not_after=today)


Measures = Mapping[str, Comparison | int]
"""Each measure, compared with its base, or the current figure alone when the question compares with nothing."""


def current_figure(value: Comparison | int) -> int:
    """The current figure of a measure, with or without a comparison."""
    return value if isinstance(value, int) else value.current


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row: its key by name, its measures, and its share of the current total amount, in hundredths of a percent."""

    key: Mapping[str, str | None]
    measures: Measures
    share: int | None


@dataclass(frozen=True, slots=True)
class TradeReport:
    """The answer to a question: a total and rows."""

    question: Question
    total: Measures
    rows: Sequence[ReportRow]


_NOTHING = Totals()


def _nothing(_period: Period, _key: Key) -> Totals:
    return _NOTHING


def trade_report(question: Question, ask: Ask) -> TradeReport:
    """Makes the report. It has a row for each key with a live trade in the current or the base period."""
    before = question.base_period
    total = _totals(ask, question, question.span, rows=False).get((), _NOTHING)
    base = None if before is None else _totals(ask, question, before, rows=False).get((), _NOTHING)

    def ask_rows(period: Period | None) -> Mapping[Key, Totals]:
        """The totals of a period by the keys of the rows."""
        return _totals(ask, question, period, rows=True)

    parts = (
        time_rows(question, ask_rows, _nothing)
        if question.interval
        else plain_rows(question, ask_rows, _nothing, total.amount_fen)
    )
    rows = [ReportRow(key, _measures(question, now, then), part) for key, now, then, part in parts]
    return TradeReport(question, _measures(question, total, base), rows)


def _totals(ask: Ask, question: Question, period: Period | None, *, rows: bool) -> Mapping[Key, Totals]:
    return {} if period is None else ask(period, question.selection(rows=rows))


def _measures(question: Question, current: Totals, base: Totals | None) -> Measures:
    figures = _figures(current)
    if question.compare == "none":
        return dict(zip(TRADE_MEASURES, figures, strict=True))
    before = _NO_FIGURES if base is None else _figures(base)
    return dict(zip(TRADE_MEASURES, map(compare, figures, before), strict=True))


def _figures(totals: Totals) -> tuple[int, ...]:
    """The measures of totals, in the order of TRADE_MEASURES."""
    amount_fen, exempt_fen = totals.amount_fen, totals.exempt_fen
    return (
        amount_fen, exempt_fen, amount_fen - exempt_fen, totals.quantity_g, totals.transactions, totals.participations,
        len(totals.residents),
    )  # fmt: skip


_NO_FIGURES = (None,) * len(TRADE_MEASURES)


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """One line of a series: a figure for each bucket, and for each bucket's base when there is a base period.

    A bucket without a base day has the base 0, as in the trade report, because a series has no gaps.
    """

    key: Mapping[str, str | None]
    current: Sequence[int]
    base: Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Series:
    """One measure over all buckets of a period, without gaps."""

    question: Question
    buckets: Sequence[str]
    lines: Sequence[SeriesLine]


def series(question: Question, measure: str, ask: Ask) -> Series:
    """The series of a measure (one of TRADE_MEASURES), with the lines in order of amount, the largest first."""
    buckets = question.compared_buckets
    current = [_totals(ask, question, bucket.period, rows=True) for bucket, _ in buckets]
    base = [_totals(ask, question, before, rows=True) for _, before in buckets]
    amounts: dict[Key, int] = {}
    for totals in (*current, *base):
        for key in live_keys(totals):
            amounts.setdefault(key, 0)
    for totals in current:
        for key in amounts:
            amounts[key] += totals.get(key, _NOTHING).amount_fen
    if not question.dimensions:
        amounts.setdefault((), 0)
    keys = sorted(amounts, key=lambda key: (-amounts[key], sortable(key)))
    place = TRADE_MEASURES.index(measure)
    lines = [
        SeriesLine(
            named(question.dimensions, key),
            [_figures(totals.get(key, _NOTHING))[place] for totals in current],
            None if question.base_period is None else [_figures(totals.get(key, _NOTHING))[place] for totals in base],
        )
        for key in keys
    ]
    return Series(question, [bucket.key for bucket, _ in buckets], lines)
