"""Reports: each is made from one snapshot, and is exact at the position that it names."""

import datetime
import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Generic, TypeVar

from service.domain.brief import Facts
from service.domain.bulletin import (
    Bulletin,
    Filters,
    Spans,
    processing_questions,
    questions_of,
    spans_of,
    top_commodities,
    trade_parts,
)
from service.domain.cells import Key
from service.domain.integrity import refuse_wrong_figures
from service.domain.periods import Period, day_before
from service.domain.processing_cells import On
from service.domain.processing_report import Needed, ProcessingReport, grains_needed, processing_report
from service.domain.registry import Registry, RegistryFilters
from service.domain.reports import Ask, Question, Series, TradeReport, question_so_far, series, trade_report
from service.domain.residents_report import Registered, residents_report
from service.domain.signals import SignalRule, SignalsReport
from service.domain.totals import Selection, Totals
from service.domain.warning_counts import WarningCounts, warning_counts
from service.figures import tracing
from service.ledger import Ledger
from service.queries.brief_facts import brief_facts, grains_of_brief
from service.queries.cube import CubeKeeper, Known
from service.queries.filters import (
    refuse_unknown_enterprises,
    refuse_unknown_groups,
    refuse_unknown_places,
    refuse_unknown_words,
)
from service.queries.ledger_state import LedgerStateReader
from service.queries.rules import follow_rulebook
from service.queries.signals import find_signals
from service.storage import commodities
from service.storage import warning_counts as warning_storage
from service.storage.engine import Connection
from service.storage.ledger_state import LedgerState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answered(Generic[T]):
    """An answer and the state of the ledger that it is exact at."""

    answer: T
    state: LedgerState


class Reporter:
    """Answers questions from the memory of this process, at a state that the caller has just read or at the newest.

    When the period of a question is not over, the answer runs through the current business day, for every caller.
    """

    def __init__(self, ledger: Ledger, state_reader: LedgerStateReader | None = None) -> None:
        """Prepares nothing; the first question loads what it needs."""
        self._ledger = ledger
        self._state_reader = state_reader or LedgerStateReader(ledger)
        self._keeper = CubeKeeper(ledger)

    def warm_up(self) -> None:
        """Loads and prepares what questions may need, in the background of a service. Raises DatabaseUnavailable."""
        self._keeper.warm_up()

    def stay_warm(self) -> None:
        """Prepares the months again that have changed, but not since the last call. Raises DatabaseUnavailable."""
        self._keeper.stay_warm()

    def memory_bytes(self) -> int:
        """About how much memory the cells take that questions are answered from."""
        return self._keeper.memory_bytes()

    def trade(self, question: Question, at: LedgerState | None = None) -> Answered[TradeReport]:
        """Value, weight, transactions, participations and residents. Raises ValidationFailed on an unknown filter."""
        return self._ask(question, at, _trade)

    def series(self, question: Question, measure: str, at: LedgerState | None = None) -> Answered[Series]:
        """One measure over the buckets of a period. Raises ValidationFailed on an unknown filter."""
        return self._ask(question, at, functools.partial(_series, measure))

    def residents(self, question: Question, at: LedgerState | None = None) -> Answered[TradeReport]:
        """Registered residents and how many took part. Raises ValidationFailed on an unknown filter."""
        return self._ask(question, at, _residents_at, people=True)

    def processing(
        self, question: Question, on: On = "traded", at: LedgerState | None = None
    ) -> Answered[ProcessingReport]:
        """What went on after the market, by the trades' business day or by the day of the transfers.

        Raises ValidationFailed on an unknown filter.
        """
        refuse_unknown_enterprises(self._ledger, dict(question.filters))
        return self._ask(question, at, functools.partial(_processing, on), needed=grains_needed(question, on))

    def brief(self, question: Question, today: datetime.date, at: LedgerState | None = None) -> Answered[Facts]:
        """The facts that a brief is written from, up to today at most. Raises ValidationFailed on an unknown filter."""
        so_far = question_so_far(question, today)
        return self._ask(so_far, at, brief_facts, people=True, needed=grains_of_brief(so_far))

    def bulletin(self, month: Period, today: datetime.date, filters: Filters = ()) -> Answered[Bulletin]:
        """The monthly bulletin at the newest state, up to today at most.

        Raises DatabaseUnavailable, and ValidationFailed on an unknown filter.
        """
        of_processing = processing_questions(month, today, filters)
        grains, transfers = _grains_of_bulletin(questions_of(month, today, filters), of_processing.values())
        with tracing.span("report"), ExitStack() as snapshot:
            with self._keeper.known_in(snapshot, grains, people=True, processing=transfers) as (known, connection):
                refuse_unknown_places(self._ledger, known, dict(filters))
                refuse_wrong_figures(known.state.figures)
                ask, registry, state = known.cube.totals, known.registry, known.state
                people = Spans(*(_residents(registry, question, ask) for question in spans_of(month, today, filters)))
                parts = trade_parts(month, today, ask, filters)
                processing = {name: _processing("traded", asked, known) for name, asked in of_processing.items()}
            self._ledger.rules.at(connection, state.rules)
            # The lock is free again: the slowest part is read from the same snapshot while others ask their questions.
            asked = parts.trade.month.question
            base = asked.base_period
            points = dict(filters).get("trade_point")
            current = commodities.sums_of(connection, asked.span, points)
            before = {} if base is None else commodities.sums_of(connection, base, points)
        goods = top_commodities(current, before)
        return Answered(Bulletin(month, parts, people, goods, processing), state)

    def warnings(self, question: Question, at: LedgerState | None = None) -> Answered[WarningCounts]:
        """Live trades by warning and by who recorded them, at the newest state. Raises ValidationFailed as others do.

        `at` is a state that the answer is not older than.
        """
        question = question_so_far(question, self._ledger.today())
        with tracing.span("report"), ExitStack() as snapshot:
            connection, state = self._snapshot_for(question, snapshot)
            counts = warning_storage.count_warnings(connection, question.span, dict(question.filters))
        return Answered(warning_counts(question, counts), state)

    def signals(self, question: Question, rules: Sequence[SignalRule]) -> Answered[SignalsReport]:
        """What in the live trades of a period is a reason to look, at the newest state. Raises ValidationFailed."""
        question = question_so_far(question, self._ledger.today())
        with tracing.span("report"), ExitStack() as snapshot:
            connection, state = self._snapshot_for(question, snapshot)
            return Answered(find_signals(self._ledger, connection, question, rules), state)

    def _snapshot_for(self, question: Question, snapshot: ExitStack) -> tuple[Connection, LedgerState]:
        """A snapshot of the newest state, for a report that reads the journal itself, and this state.

        Raises ValidationFailed on a filter by a value that does not exist. The lock of the cube is free again when it
        returns: the journal is read while others ask their questions.
        """
        filters = dict(question.filters)
        refuse_unknown_groups(self._ledger, filters)
        with self._keeper.known_in(snapshot, question.grains, people=True) as (known, connection):
            refuse_unknown_words(self._ledger.rules.at(connection, known.state.rules), filters)
            refuse_unknown_places(self._ledger, known, filters)
            return connection, known.state

    def _ask(
        self,
        question: Question,
        at: LedgerState | None,
        work: Callable[[Question, Known], T],
        *,
        people: bool = False,
        needed: Needed | None = None,
    ) -> Answered[T]:
        """The result of `work` on the question, cut off at today, and on what this process has in memory.

        `needed` are the grains, where they are not the question's own. Raises ValidationFailed on a filter by a value
        that does not exist.
        """
        question = question_so_far(question, self._ledger.today())
        filters = dict(question.filters)
        state = at or self._state_reader.now()
        refuse_unknown_words(follow_rulebook(self._ledger, state), filters)
        refuse_unknown_groups(self._ledger, filters)
        people = people or "settlement" in filters
        trades, transfers = needed or Needed(question.grains, ())
        asking = self._keeper.known_at(state, trades, people=people, processing=transfers)
        with tracing.span("report"), asking as known:
            refuse_unknown_places(self._ledger, known, filters)
            refuse_wrong_figures(known.state.figures)
            # The answer is named by the rules of its own state, which may be newer than the one asked at.
            follow_rulebook(self._ledger, known.state)
            return Answered(work(question, known), known.state)


def _grains_of_bulletin(questions: Iterable[Question], of_processing: Iterable[Question]) -> Needed:
    """The grains of all tables of a bulletin."""
    trades = {grain for question in questions for grain in question.grains}
    needed = [grains_needed(question, "traded") for question in of_processing]
    return Needed(trades.union(*(each.trades for each in needed)), set().union(*(each.transfers for each in needed)))


def _trade(question: Question, known: Known) -> TradeReport:
    return trade_report(question, known.cube.totals)


def _processing(on: On, question: Question, known: Known) -> ProcessingReport:
    return processing_report(question, on, known.processing.totals, known.cube.totals)


def _series(measure: str, question: Question, known: Known) -> Series:
    return series(question, measure, known.cube.totals)


def _residents_at(question: Question, known: Known) -> TradeReport:
    return _residents(known.registry, question, known.cube.totals)


def _residents(registry: Registry, question: Question, ask: Ask) -> TradeReport:
    base = question.base_period
    rows, total = question.selection(rows=True), question.selection(rows=False)

    def traded(selection: Selection) -> tuple[Mapping[Key, Totals], Mapping[Key, Totals]]:
        """The totals of the question's days and of its base period."""
        return ask(question.span, selection), {} if base is None else ask(base, selection)

    registered = _stocks_and_flows(registry, question, ())
    by_row = _stocks_and_flows(registry, question, question.by) if question.by else registered
    current, before = traded(total)
    return residents_report(
        question, by_row, traded(rows), registered, (current.get((), Totals()), before.get((), Totals()))
    )


def _stocks_and_flows(
    registry: Registry, question: Question, by: tuple[str, ...]
) -> tuple[Registered, Registered | None]:
    """The figures of the question's days and of its base period."""
    base, filters = question.base_period, dict(question.filters)
    current = _registered(registry, question.span, by, filters)
    return current, None if base is None else _registered(registry, base, by, filters)


def _registered(registry: Registry, period: Period, by: tuple[str, ...], filters: RegistryFilters) -> Registered:
    return Registered(
        {
            "registered_at_start": registry.stock_on(day_before(period.start), by, filters),
            "registered_at_end": registry.stock_on(period.end, by, filters),
            "registered_in_period": registry.registered_in(period, by, filters),
            "cancelled_in_period": registry.cancelled_in(period, by, filters),
        }
    )
