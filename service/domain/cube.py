"""The cube: the cells of a ledger in memory, by grain and month, and what they add up to over any period.

Sums and counts add up over cells; sets are merged, because a resident who trades meat and grain is one resident.
"""

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping

from service.domain.cells import DIMENSIONS, GRAINS, Cell, CellKey, Key
from service.domain.months import ANSWERS_KEPT_MAX, Month
from service.domain.periods import MONTHS_PER_YEAR, Period, month_end
from service.domain.totals import USUAL, RowKeys, Selection, Totals, merge

STRETCHES_KEPT_MAX = 300
"""How many quarters and years to date are remembered, each for one selection that is not usual."""

_LONG = (*((1, length) for length in range(2, MONTHS_PER_YEAR + 1)), (4, 3), (7, 3), (10, 3))
"""Years to date and quarters: their first months, and how many months they have."""

TOLD = {name: DIMENSIONS.index(name) for name in ("trade_point", "settlement")}
"""Dimensions whose values no rule data list: a trade point is known once a transaction bears it."""

_Stretch = tuple[tuple[int, int], ...]
_Place = tuple[_Stretch, Selection]
_Kept = tuple[list[int], Mapping[Key, Totals]]


class Cube:
    """The cells of those grains that were loaded."""

    def __init__(self) -> None:
        """An empty cube."""
        self._months: dict[int, dict[tuple[int, int], Month]] = {grain.number: {} for grain in GRAINS}
        self._keys: dict[Selection, RowKeys] = {}
        self._kept: dict[_Place, _Kept] = {}
        self._kept_of_usual: dict[_Place, _Kept] = {}
        self._values: dict[int, set[str | None]] = {index: set() for index in TOLD.values()}
        self._seen: dict[int, set[Key]] = {grain.number: set() for grain in GRAINS}

    def put(self, key: CellKey, cell: Cell) -> None:
        """Adds or replaces a cell."""
        grain, day, values = key
        months = self._months[grain]
        month = months.get((day.year, day.month))
        if month is None:
            month = months[day.year, day.month] = Month(GRAINS[grain - 1].dimensions)
        month.days.setdefault(day, {})[values] = cell
        month.forget()
        if values not in self._seen[grain]:
            self._look_at(grain, values)

    def _look_at(self, grain: int, values: Key) -> None:
        """Takes note of what a combination of values tells of; the same ones come back on every day."""
        self._seen[grain].add(values)
        for index, value in zip(GRAINS[grain - 1].dimensions, values, strict=True):
            if index in self._values:
                self._values[index].add(value)

    def values_of(self, name: str) -> Collection[str | None]:
        """The values of one of TOLD that the cells have had. They only grow: the journal loses nothing."""
        return self._values[TOLD[name]]

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

    def prepare(self) -> Iterator[None]:
        """Works out in advance what any question may need, a month at a time; yields after each."""
        return self._prepare(lambda _month: True)

    def prepare_again(self) -> Iterator[None]:
        """The same for months that have changed since, and not any more since this was called before."""
        return self._prepare(Month.has_come_to_rest)

    def _prepare(self, is_wanted: Callable[[Month], bool]) -> Iterator[None]:
        for months in self._months.values():
            for month in list(months.values()):
                if is_wanted(month):
                    month.prepare()
                    yield
        for selection in USUAL:
            months = self._months[selection.grain.number]
            for year in sorted({year for year, _ in months}):
                for stretch in (tuple((year, first + n) for n in range(length)) for first, length in _LONG):
                    known = [months[number] for number in stretch if number in months]
                    if all(month.is_prepared for month in known):
                        self._merged(stretch, known, selection)
                yield

    def totals(self, period: Period, selection: Selection) -> Mapping[Key, Totals]:
        """The totals of a period, by the selection's dimensions; not to be changed.

        Keys without a live trade may be among them.
        """
        months = self._months[selection.grain.number]
        keys = self._row_keys(selection)
        parts: list[Mapping[Key, Totals]] = []
        for numbers, is_whole in _stretches(period):
            known = [months[number] for number in numbers if number in months]
            if len(numbers) > 1:
                parts.append(self._merged(numbers, known, selection))
            else:
                parts.extend(
                    m.totals(selection, keys) if is_whole else m.totals_within(period, selection, keys) for m in known
                )
        return parts[0] if len(parts) == 1 else merge(parts)

    def _merged(self, numbers: _Stretch, months: list[Month], selection: Selection) -> Mapping[Key, Totals]:
        """Whole months, merged once for as long as none of them changes."""
        versions = [month.version for month in months]
        everything_kept = self._kept_of_usual if selection in USUAL else self._kept
        place = numbers, selection
        kept = everything_kept.get(place)
        if kept is None or kept[0] != versions:
            if everything_kept is self._kept and len(self._kept) >= STRETCHES_KEPT_MAX:
                self._kept.clear()
            keys = self._row_keys(selection)
            kept = everything_kept[place] = versions, merge(month.totals(selection, keys) for month in months)
        return kept[1]

    def _row_keys(self, selection: Selection) -> RowKeys:
        keys = self._keys.get(selection)
        if keys is None:
            if len(self._keys) >= ANSWERS_KEPT_MAX:
                self._keys.clear()
            keys = self._keys[selection] = RowKeys(selection)
        return keys


def _stretches(period: Period) -> Iterator[tuple[_Stretch, bool]]:
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
