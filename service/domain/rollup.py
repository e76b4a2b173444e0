"""Days of cells put together once and for all, so that what is asked of all of them passes each kind of cell once.

Participations are distinct pairs of resident and day, so they don't add up over the cells of a day. But few residents
are in more than one cell of a day: those are `shared`, and only their pairs must be merged; all others just count.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from service.domain.cells import Cell, Key, Sums
from service.domain.totals import RowKeys, Selection, Totals, union

CellsByDay = dict[datetime.date, dict[Key, Cell]]


@dataclass(slots=True)
class RolledUpCell(Sums):
    """The cells of some days with the same values; `alone` counts pairs whose resident is in no other cell of the day.

    `shared` are the others, as numbers that are the same for all cells of one rollup.
    """

    alone: int = 0
    shared: BitMap = field(default_factory=BitMap)
    residents: BitMap = field(default_factory=BitMap)


class Rollup:
    """Some days, rolled up. A filter on a dimension of `wide` looks up its cells, by the place that stands there."""

    def __init__(self, days: CellsByDay, wide: Mapping[int, int]) -> None:
        """Rolls the days up; they must not change any more."""
        self.days = frozenset(days)
        self._wide = wide
        self._cells = roll_up(days)
        self._narrowed: dict[int, dict[str | None, dict[Key, RolledUpCell]]] = {}

    def prepare(self) -> None:
        """Sorts the cells in advance as filters may look them up."""
        for index in self._wide:
            self._by(index)

    def totals(self, selection: Selection, keys: RowKeys) -> dict[Key, Totals]:
        """The totals of all its days."""
        return totals_of_rolled_up(self._asked(selection), keys)

    def _asked(self, selection: Selection) -> Mapping[Key, RolledUpCell]:
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._by(index)
                return {key: part for value in wanted for key, part in known.get(value, {}).items()}
        return self._cells

    def _by(self, index: int) -> dict[str | None, dict[Key, RolledUpCell]]:
        if index not in self._narrowed:
            found = self._narrowed[index] = {}
            for key, part in self._cells.items():
                found.setdefault(key[self._wide[index]], {})[key] = part
        return self._narrowed[index]


def roll_up(days: Mapping[datetime.date, Mapping[Key, Cell]]) -> dict[Key, RolledUpCell]:
    """The cells of all days, those with the same values put together."""
    found: dict[Key, RolledUpCell] = {}
    pairs = 0
    for cells in days.values():
        shared = _shared(cells.values())
        # Dense numbers instead of day and resident: few containers to merge, where there would be some for each day.
        number_of = {resident: number for number, resident in enumerate(shared, start=pairs)}
        pairs += len(number_of)
        for values, cell in cells.items():
            rolled_up = found.get(values)
            if rolled_up is None:
                rolled_up = found[values] = RolledUpCell()
            rolled_up.add_sums(cell)
            rolled_up.residents |= cell.residents
            elsewhere = cell.residents & shared
            rolled_up.alone += len(cell.residents) - len(elsewhere)
            rolled_up.shared.update([number_of[resident] for resident in elsewhere])
    return found


def _shared(cells: Iterable[Cell]) -> BitMap:
    """The residents that are in more than one of the cells."""
    seen, shared = BitMap(), BitMap()
    for cell in cells:
        shared |= seen & cell.residents
        seen |= cell.residents
    return shared


def totals_of_rolled_up(months: Mapping[Key, RolledUpCell], keys: RowKeys) -> dict[Key, Totals]:
    """The totals of a month that is rolled up."""
    found: dict[Key, Totals] = {}
    sets: dict[Key, tuple[list[BitMap], list[BitMap]]] = {}
    for values, rolled_up in months.items():
        key = keys[values]
        if key is None:
            continue
        totals = found.get(key)
        if totals is None:
            totals, sets[key] = found.setdefault(key, Totals()), ([], [])
        totals.add_sums(rolled_up)
        totals.participations += rolled_up.alone
        sets[key][0].append(rolled_up.residents)
        sets[key][1].append(rolled_up.shared)
    for key, (residents, shared) in sets.items():
        found[key].residents = union(residents)
        found[key].participations += len(union(shared))
    return found
