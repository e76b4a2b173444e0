"""Reports: one snapshot each, exact at the position that they name."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.domain.brief import Facts, NewCategory
from service.domain.bulletin import Bulletin, Spans, questions_of, spans_of, top_commodities, trade_parts
from service.domain.cells import Key
from service.domain.growth import Comparison, compare
from service.domain.periods import Period, base_period, cut_off, day_before
from service.domain.registry import Filters, Registry
from service.domain.reports import Ask, Question, Series, TradeReport, question_so_far, series, trade_report
from service.domain.residents_report import Registered, residents_report
from service.domain.totals import Totals
from service.ledger import Ledger
from service.queries.cube import CubeKeeper, Known
from service.queries.filters import refuse_unknown_groups, refuse_unknown_places, refuse_unknown_words
from service.queries.pulse import Pulse
from service.storage import commodities
from service.storage.standing import Standing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer and the state of the ledger that it is exact at."""

    answer: T
    standing: Standing


class Reporter:
    """Answers questions from the memory of this process, at a state that the caller has just read or at the newest."""

    def __init__(self, ledger: Ledger, pulse: Pulse | None = None) -> None:
        """Loads nothing before the first question."""
        self._ledger = ledger
        self._pulse = pulse or Pulse(ledger)
        self._keeper = CubeKeeper(ledger)

    def warm_up(self) -> None:
        """Loads and prepares what questions may need, in the background of a service. Raises DatabaseUnavailable."""
        self._keeper.warm_up()

    def stay_warm(self) -> None:
        """Prepares again what has changed since, and has come to rest since this was called before."""
        self._keeper.stay_warm()

    def trade(self, question: Question, at: Standing | None = None) -> Answered[TradeReport]:
        """Value, weight, transactions, participations and residents. Raises ValidationFailed on an unknown filter."""
        return self._ask(question, at, lambda known: trade_report(question, known.cube.totals))

    def series(self, question: Question, measure: str, at: Standing | None = None) -> Answered[Series]:
        """One measure over the buckets of a period. Raises ValidationFailed on an unknown filter."""
        return self._ask(question, at, lambda known: series(question, measure, known.cube.totals))

    def residents(self, question: Question, at: Standing | None = None) -> Answered[TradeReport]:
        """Registered residents and how many took part. Raises ValidationFailed on an unknown filter."""
        return self._ask(
            question, at, lambda known: _residents(known.registry, question, known.cube.totals), people=True
        )

    def brief(self, question: Question, today: datetime.date, at: Standing | None = None) -> Answered[Facts]:
        """What a brief is written from, with nothing later than today. Raises ValidationFailed on an unknown filter."""
        so_far = question_so_far(question, today)
        return self._ask(
            so_far, at, lambda known: _facts(known.registry, so_far, known.cube.totals, today), people=True
        )

    def bulletin(self, month: Period) -> Answered[Bulletin]:
        """The monthly bulletin, at the newest state. Raises DatabaseUnavailable."""
        grains = {grain for question in questions_of(month) for grain in question.grains}
        with ExitStack() as snapshot:
            with self._keeper.known_in(snapshot, grains, people=True) as (known, connection):
                ask, registry, standing = known.cube.totals, known.registry, known.standing
                people = Spans(*(_residents(registry, question, ask) for question in spans_of(month)))
                trade, by, months, days = trade_parts(month, ask)
            # The lock is free again: what takes longest is read from the same snapshot while others ask.
            base = base_period(month, "yoy")
            current = commodities.sums_of(connection, month)
            before = {} if base is None else commodities.sums_of(connection, base)
        return Answered(Bulletin(month, trade, people, by, months, days, top_commodities(current, before)), standing)

    def _ask(
        self, question: Question, at: Standing | None, work: Callable[[Known], T], *, people: bool = False
    ) -> Answered[T]:
        """What `work` makes of all that is known. Raises ValidationFailed on a filter by what does not exist."""
        filters = dict(question.filters)
        refuse_unknown_words(self._ledger.rulebook, filters)
        refuse_unknown_groups(self._ledger, filters)
        people = people or "settlement" in filters
        with self._keeper.known_at(at or self._pulse.now(), question.grains, people=people) as known:
            refuse_unknown_places(known, filters)
            return Answered(work(known), known.standing)


def _facts(registry: Registry, question: Question, ask: Ask, today: datetime.date) -> Facts:
    by_category = dataclasses.replace(question, by=("category",))
    report = trade_report(by_category, ask)
    total = {name: _compared(value) for name, value in report.total.items()}
    registered_on = cut_off(question.period, today)
    year_before = datetime.date(registered_on.year - 1, 12, 31)
    stocks = [registry.stock_on(day, (), dict(question.filters)).get((), 0) for day in (registered_on, year_before)]
    lives = [(str(row.key["category"]), _compared(row.measures["transactions"])) for row in report.rows]
    return Facts(
        period=question.period,
        base_period=question.base_period,
        compare=question.compare,
        amount_fen=total["amount_fen"],
        participations=total["participations"],
        residents=total["residents"],
        registered=compare(*stocks),
        registered_on=registered_on,
        registered_base_on=year_before,
        new_categories=tuple(NewCategory(code, live.current) for code, live in lives if live.current and not live.base),
        filters=question.filters,
    )


def _compared(value: Comparison | int) -> Comparison:
    return compare(value, None) if isinstance(value, int) else value


def _residents(registry: Registry, question: Question, ask: Ask) -> TradeReport:
    base = question.base_period
    filters = dict(question.filters)
    rows, total = question.selection(rows=True), question.selection(rows=False)
    registered = _both(lambda period: _registered(registry, period, (), filters), question.period, base)
    by_row = registered
    if question.by:
        by_row = _both(lambda period: _registered(registry, period, question.by, filters), question.period, base)
    return residents_report(
        question,
        by_row,
        (ask(question.period, rows), {} if base is None else ask(base, rows)),
        registered,
        (_total(ask(question.period, total)), Totals() if base is None else _total(ask(base, total))),
    )


def _total(found: Mapping[Key, Totals]) -> Totals:
    return found.get((), Totals())


def _both(figures: Callable[[Period], T], period: Period, base: Period | None) -> tuple[T, T | None]:
    return figures(period), None if base is None else figures(base)


def _registered(registry: Registry, period: Period, by: tuple[str, ...], filters: Filters) -> Registered:
    return Registered(
        {
            "registered_at_start": registry.stock_on(day_before(period.start), by, filters),
            "registered_at_end": registry.stock_on(period.end, by, filters),
            "registered_in_period": registry.registered_in(period, by, filters),
            "cancelled_in_period": registry.cancelled_in(period, by, filters),
        }
    )
