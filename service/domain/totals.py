"""Totals: the sums of a report's row, and the selection of cells that they are computed from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyroaring import BitMap

from service.domain.cells import DIMENSIONS, GRAINS, Cell, Grain, Key, Sums


@dataclass(slots=True)
class Totals(Sums):
    """The measures of a report's row. `residents` is a set, so that the totals of months can be merged."""

    participations: int = 0
    residents: BitMap = field(default_factory=BitMap)

    @property
    def taxable_fen(self) -> int:
        """The part above the allowance, in fen."""
        return self.amount_fen - self.exempt_fen


@dataclass(frozen=True, slots=True)
class Selection:
    """What a question asks for: indices of DIMENSIONS to group by, and the values that a dimension is filtered by."""

    by: tuple[int, ...] = ()
    filters: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def grain(self) -> Grain:
        """The coarsest grain that tells the dimensions of the question apart."""
        asked = {*self.by, *(index for index, _ in self.filters)}
        return next(grain for grain in GRAINS if asked <= set(grain.dimensions))


USUAL = (Selection(), *(Selection((index,)) for index in range(len(DIMENSIONS))))
"""The selections that are asked for most: everything, and everything by one dimension."""


class HasDimensions(Protocol):
    """A grain of cells: the indices of the dimensions that it tells apart."""

    @property
    def dimensions(self) -> tuple[int, ...]:
        """The indices, in the order of the values in a cell's key."""


class SelectsCells(Protocol):
    """A selection of cells of one grain: what it groups by, and the values that it is filtered by."""

    @property
    def by(self) -> tuple[int, ...]:
        """The indices of the dimensions to group by."""

    @property
    def filters(self) -> tuple[tuple[int, frozenset[str]], ...]:
        """The wanted values of a dimension."""

    @property
    def grain(self) -> HasDimensions:
        """The grain whose cells are selected."""


class RowKeys(dict[Key, Key | None]):
    """The key of the row that a cell belongs to, by the cell's values; None for a cell that is filtered out.

    It is computed once for each combination of values, because the same combinations occur on every day.
    """

    def __init__(self, selection: SelectsCells) -> None:
        """Begins without combinations."""
        super().__init__()
        place = {index: position for position, index in enumerate(selection.grain.dimensions)}
        self._by = [place[index] for index in selection.by]
        self._filters = [(place[index], values) for index, values in selection.filters]

    def __missing__(self, values: Key) -> Key | None:
        is_asked = all(values[position] in wanted for position, wanted in self._filters)
        self[values] = key = tuple(values[position] for position in self._by) if is_asked else None
        return key


def merge(parts: Iterable[Mapping[Key, Totals]]) -> dict[Key, Totals]:
    """Adds up the totals of parts that have no day in common."""
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
    """The totals of some days. Within a day it merges and counts the sets; over the days it adds up the counts."""
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
    """The residents that are in any of the sets. The caller must not change the result: it may be one of the sets."""
    return maps[0] if len(maps) == 1 else BitMap.union(*maps)
