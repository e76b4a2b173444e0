"""Cells: what was traded on one business day under one combination of dimensions, and the set of who took part.

A cell is a day and one value of each dimension of its grain. What is asked of many cells is answered by the cube.
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
"""What a report may be grouped and filtered by, in the order of keys."""

DIMENSION_FIELDS = tuple(told.name for told in FIELDS if told.dimension is not None)
"""The same as fields of an entry."""

GROUP_PLACE = DIMENSIONS.index("group_id")
KEYS_KNOWN_MAX = 100_000


class Grain(NamedTuple):
    """The dimensions that the cells of one set tell apart, as indices of DIMENSIONS; `number` names it in storage."""

    number: int
    dimensions: tuple[int, ...]


def _grain(number: int, *left_out: str) -> Grain:
    return Grain(number, tuple(index for index, name in enumerate(DIMENSIONS) if name not in left_out))


GRAINS = (_grain(1, "group_id", "settlement"), _grain(2, "group_id"), _grain(3))
"""From the coarsest to the finest: a question is answered from the first that tells its dimensions apart."""


@dataclass(slots=True)
class Sums:
    """The measures that add up over cells: fen, grams, and the number of live trades."""

    amount_fen: int = 0
    exempt_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0

    def add_sums(self, part: "Sums") -> None:
        """Adds what can be added; people can't be, neither those who took part nor how often they did."""
        self.amount_fen += part.amount_fen
        self.exempt_fen += part.exempt_fen
        self.quantity_g += part.quantity_g
        self.transactions += part.transactions


@dataclass(slots=True)
class Cell(Sums):
    """The sums, and the residents with at least one live trade."""

    residents: BitMap = field(default_factory=BitMap)

    def copy(self) -> Self:
        """A cell of its own, to be changed without changing this one."""
        return type(self)(self.amount_fen, self.exempt_fen, self.quantity_g, self.transactions, BitMap(self.residents))


class CountedEntry(NamedTuple):
    """What the cube needs of a transaction; `key` has a value for each of DIMENSIONS."""

    resident: int
    day: datetime.date
    key: Key
    amount_fen: int
    exempt_fen: int
    quantity_g: int
    is_reversal: bool


class Pair(NamedTuple):
    """A resident on a business day: what a participation is."""

    resident: int
    day: datetime.date


CellKey = tuple[int, datetime.date, Key]
"""The number of a grain, a day, and the values of the grain's dimensions."""


def cell_key(grain: Grain, day: datetime.date, key: Key) -> CellKey:
    """The cell that an entry with this full key falls into."""
    return grain.number, day, tuple(key[index] for index in grain.dimensions)


def reversed_pairs(entries: Iterable[CountedEntry]) -> set[Pair]:
    """The residents and days of which the journal must be asked what is still live."""
    return {Pair(entry.resident, entry.day) for entry in entries if entry.is_reversal}


def touched_cells(entries: Iterable[CountedEntry], grains: Collection[Grain] = GRAINS) -> set[CellKey]:
    """The cells of the grains that the entries change."""
    places = {(entry.day, entry.key) for entry in entries}
    return {cell_key(grain, day, key) for day, key in places for grain in grains}


def apply(
    entries: Sequence[CountedEntry],
    live: Mapping[Pair, set[Key]],
    cells: dict[CellKey, Cell],
    grains: Collection[Grain] = GRAINS,
) -> None:
    """Adds entries to cells, which must hold every touched cell that exists; missing ones begin empty.

    `live` says, for each of `reversed_pairs`, the full keys under which the journal has a live trade. A resident
    leaves a cell only if none of them falls into it.
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
    """The entries of each day and full key as a cell of their own, to be added to every grain at once."""
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
    """Whether the resident of an entry is in its cells, by what is still live of that day: a set can't subtract."""
    for grain in grains:
        key = cell_key(grain, entry.day, entry.key)
        if any(cell_key(grain, entry.day, known) == key for known in keys):
            cells[key].residents.add(entry.resident)
        else:
            cells[key].residents.discard(entry.resident)


_dimensions_of: Callable[[Transaction], tuple[Any, ...]] = operator.attrgetter(*DIMENSION_FIELDS)


@functools.lru_cache(KEYS_KNOWN_MAX)
def key_of(values: tuple[Any, ...]) -> Key:
    """The key of the values of DIMENSION_FIELDS, in which a group is an ordinal; few of them come back all the time."""
    group = values[GROUP_PLACE]
    return (*values[:GROUP_PLACE], None if group is None else group_id(group), *values[GROUP_PLACE + 1 :])


def entry_of(transaction: Transaction) -> CountedEntry:
    """The cube's view of a transaction."""
    return CountedEntry(
        resident=transaction.resident,
        day=transaction.day,
        key=key_of(_dimensions_of(transaction)),
        amount_fen=transaction.amount_fen,
        exempt_fen=transaction.exempt_fen,
        quantity_g=transaction.quantity_g,
        is_reversal=transaction.reverses is not None,
    )
