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

Days = dict[datetime.date, dict[Key, Cell]]


@dataclass(slots=True)
class Gathered(Sums):
    """The cells of some days with the same values; `alone` counts pairs whose resident is in no other cell of the day.

    `shared` are the others, as numbers that are the same for all cells that were gathered together.
    """

    alone: int = 0
    shared: BitMap = field(default_factory=BitMap)
    residents: BitMap = field(default_factory=BitMap)


class Gathering:
    """Some days, gathered. A filter on a dimension of `wide` looks up its cells, by the place that stands there."""

    def __init__(self, days: Days, wide: Mapping[int, int]) -> None:
        """Gathers the days; they must not change any more."""
        self.days = frozenset(days)
        self._wide = wide
        self._cells = gather(days)
        self._narrowed: dict[int, dict[str | None, dict[Key, Gathered]]] = {}

    def prepare(self) -> None:
        """Sorts the cells in advance as filters may look them up."""
        for index in self._wide:
            self._by(index)

    def totals(self, selection: Selection, keys: RowKeys) -> dict[Key, Totals]:
        """The totals of all its days."""
        return totals_of_gathered(self._asked(selection), keys)

    def _asked(self, selection: Selection) -> Mapping[Key, Gathered]:
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._by(index)
                return {key: part for value in wanted for key, part in known.get(value, {}).items()}
        return self._cells

    def _by(self, index: int) -> dict[str | None, dict[Key, Gathered]]:
        if index not in self._narrowed:
            found = self._narrowed[index] = {}
            for key, part in self._cells.items():
                found.setdefault(key[self._wide[index]], {})[key] = part
        return self._narrowed[index]


def gather(days: Mapping[datetime.date, Mapping[Key, Cell]]) -> dict[Key, Gathered]:
    """The cells of all days, those with the same values put together."""
    found: dict[Key, Gathered] = {}
    pairs = 0
    for cells in days.values():
        shared = _shared(cells.values())
        # Dense numbers instead of day and resident: few containers to merge, where there would be some for each day.
        number_of = {resident: number for number, resident in enumerate(shared, start=pairs)}
        pairs += len(number_of)
        for values, cell in cells.items():
            gathered = found.get(values)
            if gathered is None:
                gathered = found[values] = Gathered()
            gathered.add_sums(cell)
            gathered.residents |= cell.residents
            elsewhere = cell.residents & shared
            gathered.alone += len(cell.residents) - len(elsewhere)
            gathered.shared.update([number_of[resident] for resident in elsewhere])
    return found


def _shared(cells: Iterable[Cell]) -> BitMap:
    """The residents that are in more than one of the cells."""
    seen, shared = BitMap(), BitMap()
    for cell in cells:
        shared |= seen & cell.residents
        seen |= cell.residents
    return shared


def totals_of_gathered(months: Mapping[Key, Gathered], keys: RowKeys) -> dict[Key, Totals]:
    """The totals of a gathered month."""
    found: dict[Key, Totals] = {}
    sets: dict[Key, tuple[list[BitMap], list[BitMap]]] = {}
    for values, gathered in months.items():
        key = keys[values]
        if key is None:
            continue
        totals = found.get(key)
        if totals is None:
            totals, sets[key] = found.setdefault(key, Totals()), ([], [])
        totals.add_sums(gathered)
        totals.participations += gathered.alone
        sets[key][0].append(gathered.residents)
        sets[key][1].append(gathered.shared)
    for key, (residents, shared) in sets.items():
        found[key].residents = union(residents)
        found[key].participations += len(union(shared))
    return found
