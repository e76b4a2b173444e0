"""The cube holds the cells of a ledger in memory, by grain and month, and works out their totals over any period.

Sums and counts add up over cells; sets are merged, because a resident who trades meat and grain is one resident.
"""

from collections.abc import Callable, Collection, Iterator

from service.domain.cells import DIMENSIONS, GRAINS, Cell, CellKey, Key
from service.domain.monthly import MonthlyCells
from service.domain.months import Month
from service.domain.stretches import LONG_STRETCHES, MergedStretches
from service.domain.totals import USUAL, merge

TOLD = {name: DIMENSIONS.index(name) for name in ("trade_point", "settlement")}
"""Dimensions whose values no rule data list. A trade point becomes known with its first transaction."""


class Cube(MonthlyCells[Month]):
    """The cells of the grains that were loaded."""

    def __init__(self) -> None:
        """Begins without cells."""
        super().__init__(MergedStretches(merge, USUAL))
        self._values: dict[int, set[str | None]] = {index: set() for index in TOLD.values()}
        self._seen: dict[int, set[Key]] = {grain.number: set() for grain in GRAINS}

    def _new_month(self, grain: int) -> Month:
        return Month(GRAINS[grain - 1].dimensions)

    def put(self, key: CellKey, cell: Cell) -> None:
        """Adds or replaces a cell, and notes the values that its dimensions have."""
        super().put(key, cell)
        grain, _, values = key
        if values not in self._seen[grain]:
            self._look_at(grain, values)

    def _look_at(self, grain: int, values: Key) -> None:
        """Notes the values of TOLD's dimensions in a new combination. The same combinations come back on every day."""
        self._seen[grain].add(values)
        for index, value in zip(GRAINS[grain - 1].dimensions, values, strict=True):
            if index in self._values:
                self._values[index].add(value)

    def values_of(self, name: str) -> Collection[str | None]:
        """The values that the cells have had in a dimension of TOLD. No value is removed: the journal loses nothing."""
        return self._values[TOLD[name]]

    def prepare(self) -> Iterator[None]:
        """Works out in advance what any question may need, one month at a time. It yields after each month."""
        return self._prepare(lambda _month: True)

    def prepare_again(self) -> Iterator[None]:
        """Prepares the months that are not prepared and have not changed since this was called before."""
        return self._prepare(Month.has_come_to_rest)

    def _prepare(self, is_wanted: Callable[[Month], bool]) -> Iterator[None]:
        yield from super()._prepare(is_wanted)
        for selection in USUAL:
            months = self._months_of(selection.grain.number)
            for year in sorted({year for year, _ in months}):
                for stretch in (tuple((year, first + n) for n in range(length)) for first, length in LONG_STRETCHES):
                    known = [months[number] for number in stretch if number in months]
                    if all(month.is_prepared for month in known):
                        self._stretches.totals(stretch, known, selection, self._row_keys(selection))
                yield
