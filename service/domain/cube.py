"""The cube: the cells of a ledger in memory, by grain and month, and what they add up to over any period.

Sums and counts add up over cells; sets are merged, because a resident who trades meat and grain is one resident.
"""

import datetime
from collections.abc import Iterator, Mapping

from service.domain.cells import GRAINS, Cell, CellKey, Key
from service.domain.months import Month
from service.domain.periods import Period, month_end
from service.domain.totals import Selection, Totals, merge

_MonthKey = tuple[int, int]


class Cube:
    """The cells of those grains that were loaded."""

    def __init__(self) -> None:
        """An empty cube."""
        self._months: dict[int, dict[_MonthKey, Month]] = {grain.number: {} for grain in GRAINS}

    def put(self, key: CellKey, cell: Cell) -> None:
        """Adds or replaces a cell."""
        grain, day, values = key
        months = self._months[grain]
        month = months.get((day.year, day.month))
        if month is None:
            month = months[day.year, day.month] = Month(GRAINS[grain - 1].dimensions)
        month.days.setdefault(day, {})[values] = cell
        month.forget()

    def find(self, key: CellKey) -> Cell | None:
        """A cell, or None."""
        grain, day, values = key
        month = self._months[grain].get((day.year, day.month))
        return None if month is None else month.days.get(day, {}).get(values)

    def take_out(self, key: CellKey) -> None:
        """Removes a cell that `put` has added."""
        grain, day, values = key
        month = self._months[grain][day.year, day.month]
        del month.days[day][values]
        month.forget()

    def totals(self, period: Period, selection: Selection) -> Mapping[Key, Totals]:
        """The totals of a period, by the selection's dimensions; not to be changed.

        Keys without a live trade may be among them.
        """
        months = self._months[selection.grain.number]
        parts = [
            month.totals(selection) if is_whole else month.totals_within(period, selection)
            for number, is_whole in _months_of(period)
            if (month := months.get(number)) is not None
        ]
        return parts[0] if len(parts) == 1 else merge(parts)


def _months_of(period: Period) -> Iterator[tuple[_MonthKey, bool]]:
    """The months that a period touches, and whether all of their days lie in it."""
    year, month = period.start.year, period.start.month
    while (year, month) <= (period.end.year, period.end.month):
        is_whole = period.start <= datetime.date(year, month, 1) and month_end(year, month) <= period.end
        yield (year, month), is_whole
        year, month = year + month // 12, month % 12 + 1
