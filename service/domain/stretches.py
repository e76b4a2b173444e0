"""Stretches: a period as whole months that are asked for together, and their totals, merged once."""

import datetime
from collections.abc import Iterator, Mapping, Sequence

from service.domain.cells import Key
from service.domain.months import Month
from service.domain.periods import MONTHS_PER_YEAR, Period, month_end
from service.domain.totals import USUAL, RowKeys, Selection, Totals, merge

STRETCHES_KEPT_MAX = 300
"""How many quarters and years to date are remembered, each for one selection that is not usual."""

LONG_STRETCHES = (*((1, length) for length in range(2, MONTHS_PER_YEAR + 1)), (4, 3), (7, 3), (10, 3))
"""Years to date and quarters: their first months, and how many months they have."""

Stretch = tuple[tuple[int, int], ...]
"""The years and months of a stretch."""

_Place = tuple[Stretch, Selection]
_Kept = tuple[list[int], Mapping[Key, Totals]]


class MergedStretches:
    """The totals of whole months, merged once for as long as none of the months changes."""

    def __init__(self) -> None:
        """Nothing is merged yet."""
        self._kept: dict[_Place, _Kept] = {}
        self._kept_of_usual: dict[_Place, _Kept] = {}

    def totals(
        self, stretch: Stretch, months: Sequence[Month], selection: Selection, keys: RowKeys
    ) -> Mapping[Key, Totals]:
        """The totals of a stretch, of which `months` are those with cells."""
        versions = [month.version for month in months]
        everything_kept = self._kept_of_usual if selection in USUAL else self._kept
        place = stretch, selection
        kept = everything_kept.get(place)
        if kept is None or kept[0] != versions:
            if everything_kept is self._kept and len(self._kept) >= STRETCHES_KEPT_MAX:
                self._kept.clear()
            kept = everything_kept[place] = versions, merge(month.totals(selection, keys) for month in months)
        return kept[1]


def stretches_of(period: Period) -> Iterator[tuple[Stretch, bool]]:
    """A period as years to date, quarters, months, and parts of months at its ends; and whether each is whole."""
    year, month = period.start.year, period.start.month
    while (year, month) <= (period.end.year, period.end.month):
        length, is_whole = _longest(period, year, month)
        yield tuple((year, number) for number in range(month, month + length)), is_whole
        year, month = year + (month + length - 1) // 12, (month + length - 1) % 12 + 1


def _longest(period: Period, year: int, month: int) -> tuple[int, bool]:
    """How many months, beginning with this one, are taken together, and whether all of their days are asked for.

    From January on as many as there are, because most of what a bureau asks is of a year to date; else quarters.
    """
    lengths = range(MONTHS_PER_YEAR, 0, -1) if month == 1 else (3, 1) if month % 3 == 1 else (1,)
    if period.start <= datetime.date(year, month, 1):
        for length in lengths:
            if month_end(year, month + length - 1) <= period.end:
                return length, True
    return 1, False
