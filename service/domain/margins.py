"""Margins: totals of the most frequent selections, computed in advance for a month, for parts of it, and for its days.

The totals of any period are then merged from a few margins. On 10 M transactions, margins took a quarter off the time
of questions that were never asked before (docs/decisions/0006). Without margins the answers are the same, but slower.
"""

import datetime
from collections.abc import Collection, Iterable, Mapping

from service.domain.cells import Key
from service.domain.rollup import CellsByDay
from service.domain.totals import RowKeys, Selection, Totals, merge, totals_of_days

_ByDays = dict[frozenset[datetime.date], Mapping[Key, Totals]]


class Margins:
    """The margins of one month, for each of some selections. They are right as long as no cell of the month changes."""

    def __init__(
        self, days: CellsByDay, parts: Iterable[CellsByDay], selections: Iterable[Selection], *, keeps_days: bool
    ) -> None:
        """Takes parts that hold each of the days once; `keeps_days` also keeps the totals of each single day."""
        self._whole = frozenset(days)
        self._by_selection = {
            selection: _by_days(days, list(parts), RowKeys(selection), keeps_days=keeps_days)
            for selection in selections
        }

    def of_all(self, selection: Selection) -> Mapping[Key, Totals] | None:
        """The totals of all days; None for a selection without margins."""
        by_days = self._by_selection.get(selection)
        return None if by_days is None else by_days[self._whole]

    def within(
        self, days: Collection[datetime.date], selection: Selection
    ) -> tuple[list[Mapping[Key, Totals]], set[datetime.date]]:
        """The longest margins that lie within the days, and the days that these margins do not cover."""
        left = set(days)
        found: list[Mapping[Key, Totals]] = []
        for covered, totals in self._by_selection.get(selection, {}).items():
            if covered <= left:
                found.append(totals)
                left -= covered
        return found, left


def _by_days(days: CellsByDay, parts: Iterable[CellsByDay], keys: RowKeys, *, keeps_days: bool) -> _ByDays:
    """The totals of all days, of each part, and of each day, the longest first."""
    by_day = {day: totals_of_days([cells], keys) for day, cells in days.items()}
    by_part = {frozenset(part): merge(by_day[day] for day in part) for part in parts}
    return {
        frozenset(days): merge(by_part.values()),
        **by_part,
        **({frozenset([day]): totals for day, totals in by_day.items()} if keeps_days else {}),
    }
