"""Puts the cells of some days together once, so that a question about all of the days reads each combination once.

Participations are distinct pairs of resident and day, so they don't add up over the cells of a day. But few residents
are in more than one cell of a day. These residents are `shared`, and only their pairs must be merged. The pairs of all
other residents are counted.
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
    """The cells of some days that have the same values.

    `alone` counts the pairs whose resident is in no other cell of the day. `shared` holds the other pairs, as numbers.
    A pair has the same number in all cells of one rollup.
    """

    alone: int = 0
    shared: BitMap = field(default_factory=BitMap)
    residents: BitMap = field(default_factory=BitMap)


class Rollup:
    """Some days, rolled up.

    `wide` tells, for each dimension with many values, its place in a key. A filter on such a dimension looks up its
    cells.
    """

    def __init__(self, days: CellsByDay, wide: Mapping[int, int]) -> None:
        """Rolls the days up. The days must not change after this."""
        self.days = frozenset(days)
        self._wide = wide
        self._cells = roll_up(days)
        self._narrowed: dict[int, dict[str | None, dict[Key, RolledUpCell]]] = {}

    def prepare(self) -> None:
        """Sorts the cells in advance by the values of each wide dimension, as filters look them up."""
        for index in self._wide:
            self._by(index)

    def totals(self, selection: Selection, keys: RowKeys) -> dict[Key, Totals]:
        """The totals of all days of this rollup."""
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
    """Puts the cells of all days together that have the same values, and returns them by these values."""
    found: dict[Key, RolledUpCell] = {}
    pairs = 0
    for cells in days.values():
        shared = _shared(cells.values())
        # A pair of day and resident gets a dense number, so that a bitmap has few containers to merge. A bitmap of the
        # pairs themselves would have some containers for each day.
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
    """The totals of days that are rolled up, by the row keys of a selection."""
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
