"""The cube: the cells of a ledger in memory, by grain and month, and what they add up to over any period.

Sums and counts add up over cells; sets are merged, because a resident who trades meat and grain is one resident.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from service.domain.cells import DIMENSIONS, GRAINS, Cell, CellKey, Key
from service.domain.months import ANSWERS_KEPT_MAX, Month
from service.domain.periods import Period
from service.domain.stretches import LONG_STRETCHES, MergedStretches, stretches_of
from service.domain.totals import USUAL, RowKeys, Selection, Totals, merge

TOLD = {name: DIMENSIONS.index(name) for name in ("trade_point", "settlement")}
"""Dimensions whose values no rule data list: a trade point is known once a transaction bears it."""


class Cube:
    """The cells of those grains that were loaded."""

    def __init__(self) -> None:
        """An empty cube."""
        self._months: dict[int, dict[tuple[int, int], Month]] = {grain.number: {} for grain in GRAINS}
        self._keys: dict[Selection, RowKeys] = {}
        self._stretches = MergedStretches()
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
                for stretch in (tuple((year, first + n) for n in range(length)) for first, length in LONG_STRETCHES):
                    known = [months[number] for number in stretch if number in months]
                    if all(month.is_prepared for month in known):
                        self._stretches.totals(stretch, known, selection, self._row_keys(selection))
                yield

    def totals(self, period: Period, selection: Selection) -> Mapping[Key, Totals]:
        """The totals of a period, by the selection's dimensions; not to be changed.

        Keys without a live trade may be among them.
        """
        months = self._months[selection.grain.number]
        keys = self._row_keys(selection)
        parts: list[Mapping[Key, Totals]] = []
        for numbers, is_whole in stretches_of(period):
            known = [months[number] for number in numbers if number in months]
            if len(numbers) > 1:
                parts.append(self._stretches.totals(numbers, known, selection, keys))
            else:
                parts.extend(
                    m.totals(selection, keys) if is_whole else m.totals_within(period, selection, keys) for m in known
                )
        return parts[0] if len(parts) == 1 else merge(parts)

    def _row_keys(self, selection: Selection) -> RowKeys:
        keys = self._keys.get(selection)
        if keys is None:
            if len(self._keys) >= ANSWERS_KEPT_MAX:
                self._keys.clear()
            keys = self._keys[selection] = RowKeys(selection)
        return keys
