"""Cells: what was traded on one business day under one combination of dimensions, and the set of residents that traded.

A cell stands for a day and one value of each dimension of its grain. The cube answers questions about many cells.
"""

import datetime
import functools
import operator
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from pyroaring import BitMap

from service.domain.groups import group_id
from service.domain.transactions import FIELDS, Transaction

Key = tuple[str | None, ...]

DIMENSIONS = tuple(told.dimension for told in FIELDS if told.dimension is not None)
"""The dimensions by which a report may be grouped and filtered, in the order of keys."""

DIMENSION_FIELDS = tuple(told.name for told in FIELDS if told.dimension is not None)
"""The fields of an entry that hold the values of DIMENSIONS, in the same order."""

GROUP_PLACE = DIMENSIONS.index("group_id")
KEYS_KNOWN_MAX = 100_000


class Grain(NamedTuple):
    """The dimensions that the cells of one set tell apart, as indices of DIMENSIONS; `number` names it in storage."""

    number: int
    dimensions: tuple[int, ...]


def _grain(number: int, *left_out: str) -> Grain:
    return Grain(number, tuple(index for index, name in enumerate(DIMENSIONS) if name not in left_out))


GRAINS = (_grain(1, "group_id", "settlement"), _grain(2, "group_id"), _grain(3))
"""The grains from the coarsest to the finest. A question is answered from the first that has all its dimensions."""


@dataclass(slots=True)
class Sums:
    """The measures that add up over cells: fen, grams, and the number of live trades."""

    amount_fen: int = 0
    exempt_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0

    def add_sums(self, part: "Sums") -> None:
        """Adds the measures that can be added. Numbers of residents and of participations can't be added."""
        self.amount_fen += part.amount_fen
        self.exempt_fen += part.exempt_fen
        self.quantity_g += part.quantity_g
        self.transactions += part.transactions


@dataclass(slots=True)
class Cell(Sums):
    """The sums of a cell, and the set of residents with at least one live trade in it."""

    residents: BitMap = field(default_factory=BitMap)

    def copy(self) -> Self:
        """A copy that can be changed without a change of this cell."""
        return type(self)(self.amount_fen, self.exempt_fen, self.quantity_g, self.transactions, BitMap(self.residents))


class CountedEntry(NamedTuple):
    """The values of a transaction that the cube needs; `key` has a value for each of DIMENSIONS."""

    resident: int
    day: datetime.date
    key: Key
    amount_fen: int
    exempt_fen: int
    quantity_g: int
    is_reversal: bool


class Pair(NamedTuple):
    """A resident and a business day; a participation is such a pair."""

    resident: int
    day: datetime.date


CellKey = tuple[int, datetime.date, Key]
"""The number of a grain, a day, and the values of the grain's dimensions."""


def cell_key(grain: Grain, day: datetime.date, key: Key) -> CellKey:
    """The key of the cell that an entry with this full key belongs to."""
    return grain.number, day, tuple(key[index] for index in grain.dimensions)


def reversed_pairs(entries: Iterable[CountedEntry]) -> set[Pair]:
    """The residents and days of the reversals: for them the journal must be asked which trades are still live."""
    return {Pair(entry.resident, entry.day) for entry in entries if entry.is_reversal}


def touched_cells(entries: Iterable[CountedEntry], grains: Collection[Grain] = GRAINS) -> set[CellKey]:
    """The keys of those cells of the grains that the entries change."""
    places = {(entry.day, entry.key) for entry in entries}
    return {cell_key(grain, day, key) for day, key in places for grain in grains}


def apply(
    entries: Sequence[CountedEntry],
    live: Mapping[Pair, set[Key]],
    cells: dict[CellKey, Cell],
    grains: Collection[Grain] = GRAINS,
) -> None:
    """Adds entries to cells. `cells` must hold every touched cell that exists; cells that are missing begin empty.

    `live` gives, for each of `reversed_pairs`, the full keys under which the journal has a live trade. A resident is
    removed from a cell only if none of these keys belongs to the cell.
    """
    for (day, key), together in _together(entries).items():
        for grain in grains:
            cell = cells.setdefault(cell_key(grain, day, key), Cell())
            cell.add_sums(together)
            cell.residents |= together.residents
    if live:
        for entry in entries:
            keys = live.get(Pair(entry.resident, entry.day))
            if keys is not None:
                _settle(entry, keys, cells, grains)


def _together(entries: Iterable[CountedEntry]) -> dict[tuple[datetime.date, Key], Cell]:
    """The entries of each day and full key as one cell, which is then added to the cells of every grain."""
    found: dict[tuple[datetime.date, Key], Cell] = {}
    residents: dict[tuple[datetime.date, Key], list[int]] = {}
    for resident, day, key, amount_fen, exempt_fen, quantity_g, is_reversal in entries:
        place = day, key
        cell = found.get(place)
        if cell is None:
            cell, residents[place] = found.setdefault(place, Cell()), []
        cell.amount_fen += amount_fen
        cell.exempt_fen += exempt_fen
        cell.quantity_g += quantity_g
        cell.transactions += -1 if is_reversal else 1
        residents[place].append(resident)
    for place, cell in found.items():
        cell.residents = BitMap(residents[place])
    return found


def _settle(entry: CountedEntry, keys: set[Key], cells: Mapping[CellKey, Cell], grains: Collection[Grain]) -> None:
    """Adds the resident of an entry to its cells, or removes it, by the trades of that day that are still live.

    The live trades are needed, because a set does not know how many trades have put a resident into it.
    """
    for grain in grains:
        key = cell_key(grain, entry.day, entry.key)
        if any(cell_key(grain, entry.day, known) == key for known in keys):
            cells[key].residents.add(entry.resident)
        else:
            cells[key].residents.discard(entry.resident)


_dimensions_of: Callable[[Transaction], tuple[Any, ...]] = operator.attrgetter(*DIMENSION_FIELDS)


@functools.lru_cache(KEYS_KNOWN_MAX)
def key_of(values: tuple[Any, ...]) -> Key:
    """The key of the values of DIMENSION_FIELDS, where the group is an ordinal and becomes a public id.

    Keys are remembered, because few of them come all the time.
    """
    group = values[GROUP_PLACE]
    return (*values[:GROUP_PLACE], None if group is None else group_id(group), *values[GROUP_PLACE + 1 :])


def entry_of(transaction: Transaction) -> CountedEntry:
    """The values of a transaction that the cube needs."""
    return CountedEntry(
        resident=transaction.resident,
        day=transaction.day,
        key=key_of(_dimensions_of(transaction)),
        amount_fen=transaction.amount_fen,
        exempt_fen=transaction.exempt_fen,
        quantity_g=transaction.quantity_g,
        is_reversal=transaction.reverses is not None,
    )
