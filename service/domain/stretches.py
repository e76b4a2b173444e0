"""Stretches: divides a period into runs of whole months, and keeps the merged totals of each run."""

import datetime
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from service.domain.cells import Key
from service.domain.periods import MONTHS_PER_YEAR, Period, month_end
from service.domain.totals import RowKeys

STRETCHES_KEPT_MAX = 300
"""How many stretches are remembered for selections that are not usual: a stretch and a selection count as one."""

LONG_STRETCHES = (*((1, length) for length in range(2, MONTHS_PER_YEAR + 1)), (4, 3), (7, 3), (10, 3))
"""The first month and the number of months of the years to date and the quarters."""

Stretch = tuple[tuple[int, int], ...]
"""The years and months of a stretch."""

_Place = tuple[Stretch, Any]
_Kept = tuple[list[int], Mapping[Key, Any]]
Merge = Callable[[Iterable[Mapping[Key, Any]]], dict[Key, Any]]


class WholeMonth(Protocol):
    """A calendar month of cells, which works out its totals; `version` grows with each change."""

    version: int

    def totals(self, selection: Any, keys: RowKeys) -> Mapping[Key, Any]:
        """The totals of the whole month."""


class MergedStretches:
    """Merges the totals of whole months, and keeps the result until one of the months changes."""

    def __init__(self, merge: Merge, usual: Collection[Any] = ()) -> None:
        """Begins without totals. `merge` adds up totals; those of the `usual` selections are always kept."""
        self.merge = merge
        self._usual = usual
        self._kept: dict[_Place, _Kept] = {}
        self._kept_of_usual: dict[_Place, _Kept] = {}

    def totals(
        self, stretch: Stretch, months: Sequence[WholeMonth], selection: Any, keys: RowKeys
    ) -> Mapping[Key, Any]:
        """The totals of a stretch; `months` are the months of the stretch that have cells."""
        versions = [month.version for month in months]
        everything_kept = self._kept_of_usual if selection in self._usual else self._kept
        place = stretch, selection
        kept = everything_kept.get(place)
        if kept is None or kept[0] != versions:
            if everything_kept is self._kept and len(self._kept) >= STRETCHES_KEPT_MAX:
                self._kept.clear()
            kept = everything_kept[place] = versions, self.merge(month.totals(selection, keys) for month in months)
        return kept[1]


def stretches_of(period: Period) -> Iterator[tuple[Stretch, bool]]:
    """Divides a period into years to date, quarters, months, and parts of months at its ends.

    Yields each stretch, and whether the period includes all of its days.
    """
    year, month = period.start.year, period.start.month
    while (year, month) <= (period.end.year, period.end.month):
        length, is_whole = _longest(period, year, month)
        yield tuple((year, number) for number in range(month, month + length)), is_whole
        year, month = year + (month + length - 1) // 12, (month + length - 1) % 12 + 1


def _longest(period: Period, year: int, month: int) -> tuple[int, bool]:
    """How many months from this one on make a stretch, and whether the period includes all of their days.

    From January on, a stretch is as long as possible, because a bureau mostly asks about a year to date. From other
    months on, it is a quarter at most.
    """
    lengths = range(MONTHS_PER_YEAR, 0, -1) if month == 1 else (3, 1) if month % 3 == 1 else (1,)
    if period.start <= datetime.date(year, month, 1):
        for length in lengths:
            if month_end(year, month + length - 1) <= period.end:
                return length, True
    return 1, False
