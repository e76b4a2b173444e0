"""Totals: what a report's row adds up to, and what is asked of the cells for it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from service.domain.cells import DIMENSIONS, GRAINS, Cell, Grain, Key, Sums


@dataclass(slots=True)
class Totals(Sums):
    """The measures of a report's row. `residents` is the set, so that totals of months can be merged."""

    participations: int = 0
    residents: BitMap = field(default_factory=BitMap)

    @property
    def taxable_fen(self) -> int:
        """The part above the allowance, in fen."""
        return self.amount_fen - self.exempt_fen


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question asks for: indices of DIMENSIONS to group by, and the values that others are narrowed to."""

    by: tuple[int, ...] = ()
    filters: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def grain(self) -> Grain:
        """The coarsest grain that tells the dimensions of the question apart."""
        asked = {*self.by, *(index for index, _ in self.filters)}
        return next(grain for grain in GRAINS if asked <= set(grain.dimensions))


USUAL = (Selection(), *(Selection((index,)) for index in range(len(DIMENSIONS))))
"""What is asked most: everything, and everything by one dimension."""


class RowKeys(dict[Key, Key | None]):
    """The key of the row that a cell belongs to, by the cell's values; None for a cell that is filtered out.

    Worked out once per combination of values: the same ones come back on every day.
    """

    def __init__(self, selection: Selection) -> None:
        """Knows no combination yet."""
        super().__init__()
        place = {index: position for position, index in enumerate(selection.grain.dimensions)}
        self._by = [place[index] for index in selection.by]
        self._filters = [(place[index], values) for index, values in selection.filters]

    def __missing__(self, values: Key) -> Key | None:
        is_asked = all(values[position] in wanted for position, wanted in self._filters)
        self[values] = key = tuple(values[position] for position in self._by) if is_asked else None
        return key


def merge(parts: Iterable[Mapping[Key, Totals]]) -> dict[Key, Totals]:
    """The totals of parts that have no day in common."""
    found: dict[Key, Totals] = {}
    sets: dict[Key, list[BitMap]] = {}
    for part in parts:
        for key, totals in part.items():
            merged = found.get(key)
            if merged is None:
                merged, sets[key] = found.setdefault(key, Totals()), []
            merged.add_sums(totals)
            merged.participations += totals.participations
            sets[key].append(totals.residents)
    for key, maps in sets.items():
        found[key].residents = union(maps)
    return found


def totals_of_days(days: Iterable[Mapping[Key, Cell]], keys: RowKeys) -> dict[Key, Totals]:
    """The totals of some days: within a day the sets are merged and counted, over days the counts are added."""
    found: dict[Key, Totals] = {}
    sets: dict[Key, list[BitMap]] = {}
    for cells in days:
        today: dict[Key, list[BitMap]] = {}
        for values, cell in cells.items():
            key = keys[values]
            if key is None:
                continue
            totals = found.get(key)
            if totals is None:
                totals, sets[key] = found.setdefault(key, Totals()), []
            totals.add_sums(cell)
            today.setdefault(key, []).append(cell.residents)
        for key, maps in today.items():
            together = union(maps)
            found[key].participations += len(together)
            sets[key].append(together)
    for key, maps in sets.items():
        found[key].residents = union(maps)
    return found


def union(maps: list[BitMap]) -> BitMap:
    """The residents that are in any of the sets; not to be changed, because it may be one of them."""
    return maps[0] if len(maps) == 1 else BitMap.union(*maps)
