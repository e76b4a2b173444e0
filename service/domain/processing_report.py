"""The report on what went on after the market, by enterprise and purpose, and its share of the imports.

See docs/RULES.md, What went on.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from service.domain.cells import DIMENSIONS, Grain, Key
from service.domain.growth import ComparedShare, compare, compare_shares
from service.domain.periods import Period
from service.domain.processing_cells import PROCESSING_DIMENSIONS, WAYS, On, ProcessingGrain
from service.domain.processing_cube import ProcessingSelection, ProcessingTotals
from service.domain.report_rows import plain_rows, time_rows
from service.domain.reports import Ask, Measures, Question, ReportRow, TradeReport
from service.domain.rounding import share
from service.domain.totals import Selection, Totals

PROCESSING_MEASURES = ("amount_fen", "quantity_g", "paid_fen", "transactions", "residents", "enterprises")

AskProcessing = Callable[[Period, ProcessingSelection], Mapping[Key, ProcessingTotals]]
"""A function that returns the totals of a period: a cube's, or in the tests a plain recount of the lines."""


@dataclass(frozen=True, slots=True)
class ProcessingRow(ReportRow):
    """A row, and its share of the imports in hundredths of a percent: the current one alone without a comparison."""

    of_imports: ComparedShare | int | None


@dataclass(frozen=True, slots=True)
class ProcessingReport(TradeReport):
    """The answer to a question about what went on: by which day it counts, and the total's share of the imports."""

    on: On
    of_imports: ComparedShare | int | None


@dataclass(frozen=True, slots=True)
class _Figures:
    """The totals of a row, what went on of the trades of the same days, and the imports of these days."""

    totals: ProcessingTotals
    of_trades_fen: int
    imports_fen: int

    @property
    def amount_fen(self) -> int:
        """The value that went on."""
        return self.totals.amount_fen

    @property
    def transactions(self) -> int:
        """The trades whose goods went on."""
        return self.totals.transactions

    @property
    def of_imports(self) -> int | None:
        """The share of the imports, in hundredths of a percent; None without imports."""
        return share(self.of_trades_fen, self.imports_fen)


_NO_TOTALS, _NO_IMPORTS = ProcessingTotals(), Totals()
_NOTHING = _Figures(_NO_TOTALS, 0, 0)


def processing_report(question: Question, on: On, ask: AskProcessing, ask_trades: Ask) -> ProcessingReport:
    """Makes the report. It has a row for each key under which something went on in the current or the base period.

    `ask_trades` tells the imports. The share is that of the trades' business day also when `on` is "transferred".
    """
    asking = _Asking(question, on, ask, ask_trades)
    before = question.base_period
    current = asking.figures(question.span, rows=False).get((), _NOTHING)
    base = None if before is None else asking.figures(before, rows=False).get((), _NOTHING)

    parts = (
        time_rows(question, asking.rows, asking.nothing)
        if question.interval
        else plain_rows(question, asking.rows, asking.nothing, current.amount_fen)
    )
    rows = [
        ProcessingRow(key, _measures(question, now, then), part, _of_imports(question, now, then))
        for key, now, then, part in parts
    ]
    measures, of_imports = _measures(question, current, base), _of_imports(question, current, base)
    return ProcessingReport(question, measures, rows, on, of_imports)


class _Asking:
    """Asks for the figures of the rows and of the total of one question."""

    def __init__(self, question: Question, on: On, ask: AskProcessing, ask_trades: Ask) -> None:
        self._question, self._on, self._ask, self._ask_trades = question, on, ask, ask_trades
        self._is_empty = "import" not in dict(question.filters).get("direction", {"import"})
        self._places = [place for place, name in enumerate(question.dimensions) if name in DIMENSIONS]
        self._shares: dict[tuple[Period, bool], tuple[Mapping[Key, ProcessingTotals], Mapping[Key, Totals]]] = {}

    def rows(self, period: Period | None) -> Mapping[Key, _Figures]:
        """The figures of a period by the keys of the rows; none for None."""
        return {} if period is None else self.figures(period, rows=True)

    def figures(self, period: Period, *, rows: bool) -> dict[Key, _Figures]:
        """The figures of a period: by the keys of the rows, or the total under the key ()."""
        if self._is_empty:
            return {}  # Exports do not go on.
        question = self._question
        selection = processing_selection(question, self._on, rows=rows)
        totals = self._ask(period, selection)
        by_trades = dataclasses.replace(selection, on="traded")
        of_trades = totals if selection == by_trades else self._ask(period, by_trades)
        shares = self._shares[period, rows] = (
            of_trades,
            self._ask_trades(period, imports_selection(question, rows=rows)),
        )
        keys = totals if rows else {**totals, (): None}
        return {key: self._figures_of(key, totals.get(key, _NO_TOTALS), *shares, rows=rows) for key in keys}

    def nothing(self, period: Period, key: Key) -> _Figures:
        """The figures of a row under which nothing went on in a period: it may have imports all the same."""
        if self._is_empty:
            return _NOTHING
        return self._figures_of(key, _NO_TOTALS, *self._shares[period, True], rows=True)

    def _figures_of(
        self,
        key: Key,
        totals: ProcessingTotals,
        of_trades: Mapping[Key, ProcessingTotals],
        imports: Mapping[Key, Totals],
        *,
        rows: bool,
    ) -> _Figures:
        imported = tuple(key[place] for place in self._places) if rows else ()
        return _Figures(
            totals, of_trades.get(key, _NO_TOTALS).amount_fen, imports.get(imported, _NO_IMPORTS).amount_fen
        )


class Needed(NamedTuple):
    """The grains of cells that a report is made from: those of trades, for the imports, and those of transfers."""

    trades: Collection[Grain]
    transfers: Collection[ProcessingGrain]


def grains_needed(question: Question, on: On) -> Needed:
    """The grains that `processing_report` asks for."""
    ways = {on, WAYS[0]}
    return Needed(
        {imports_selection(question, rows=rows).grain for rows in (True, False)},
        {processing_selection(question, way, rows=rows).grain for way in ways for rows in (True, False)},
    )


def processing_selection(question: Question, on: On, *, rows: bool) -> ProcessingSelection:
    """The selection of cells for the rows, or for the total."""
    by = tuple(map(PROCESSING_DIMENSIONS.index, question.dimensions)) if rows else ()
    filters = [(PROCESSING_DIMENSIONS.index(name), values) for name, values in _without_direction(question)]
    return ProcessingSelection(on, by, tuple(sorted(filters, key=lambda pair: pair[0])))


def imports_selection(question: Question, *, rows: bool) -> Selection:
    """The selection of the trades that a row, or the total, is a share of: imports under its trades' dimensions."""
    by = tuple(DIMENSIONS.index(name) for name in question.dimensions if rows and name in DIMENSIONS)
    filters = [(DIMENSIONS.index(name), values) for name, values in _without_direction(question) if name in DIMENSIONS]
    filters.append((DIMENSIONS.index("direction"), frozenset({"import"})))
    return Selection(by, tuple(sorted(filters, key=lambda pair: pair[0])))


def _without_direction(question: Question) -> Iterable[tuple[str, frozenset[str]]]:
    return (pair for pair in question.filters if pair[0] != "direction")


def _measures(question: Question, current: _Figures, base: _Figures | None) -> Measures:
    figures = _figures_of(current)
    if question.compare == "none":
        return dict(zip(PROCESSING_MEASURES, figures, strict=True))
    before = (None,) * len(figures) if base is None else _figures_of(base)
    return dict(zip(PROCESSING_MEASURES, map(compare, figures, before), strict=True))


def _figures_of(figures: _Figures) -> tuple[int, ...]:
    """The measures, in the order of PROCESSING_MEASURES."""
    totals = figures.totals
    return (
        totals.amount_fen, totals.quantity_g, totals.paid_fen, totals.transactions, len(totals.residents),
        len(totals.enterprises),
    )  # fmt: skip


def _of_imports(question: Question, current: _Figures, base: _Figures | None) -> ComparedShare | int | None:
    if question.compare == "none":
        return current.of_imports
    return compare_shares(current.of_imports, None if base is None else base.of_imports, has_base=base is not None)
