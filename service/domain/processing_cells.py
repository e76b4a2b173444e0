"""Cells of what went on after the market: a day, a combination of dimensions, and what transfers brought there.

A cell is of the trades' business day, or of the day of the transfers. It holds sums, and two sets: the residents whose
goods they were, and the trades that went on in parts. A trade in two parts is one trade, so parts can't be added up.
"""

import datetime
import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

from pyroaring import BitMap, BitMap64

from service.domain.cells import CellKey, Key
from service.domain.enterprises import enterprise_id
from service.domain.groups import group_id

On = Literal["traded", "transferred"]
"""The day that a report counts by: the trades' business day, or the day on which their goods went on."""

WAYS: tuple[On, ...] = ("traded", "transferred")

PROCESSING_DIMENSIONS = ("enterprise_id", "purpose", "category", "origin", "trade_point", "group_id", "settlement")
"""The dimensions by which what went on is told apart, in the order of keys."""

ROW_DIMENSIONS = PROCESSING_DIMENSIONS[:5]
"""The dimensions of the coarse grains: a report may have rows by them. The others are for filters only."""

WIDE_DIMENSIONS = tuple(range(len(ROW_DIMENSIONS), len(PROCESSING_DIMENSIONS)))
ENTERPRISE_PLACE = PROCESSING_DIMENSIONS.index("enterprise_id")
KEYS_KNOWN_MAX = 100_000


class ProcessingGrain(NamedTuple):
    """What the cells of one set tell apart: indices of PROCESSING_DIMENSIONS; `number` names the set in storage."""

    number: int
    dimensions: tuple[int, ...]
    on: On


_COARSE = tuple(range(len(ROW_DIMENSIONS)))
_FINE = tuple(range(len(PROCESSING_DIMENSIONS)))

GRAINS: Mapping[On, tuple[ProcessingGrain, ProcessingGrain]] = {
    "traded": (ProcessingGrain(1, _COARSE, "traded"), ProcessingGrain(2, _FINE, "traded")),
    "transferred": (ProcessingGrain(3, _COARSE, "transferred"), ProcessingGrain(4, _FINE, "transferred")),
}
"""The grains by day, the coarse one first."""

ALL_GRAINS = tuple(grain for grains in GRAINS.values() for grain in grains)


class CountedLine(NamedTuple):
    """What the cells need of a line of a transfer; `key` has a value for each of PROCESSING_DIMENSIONS.

    `place` is the trade's place in the journal. `is_reversal` says that the line has been taken back.
    """

    resident: int
    place: int
    traded_on: datetime.date
    transferred_on: datetime.date
    key: Key
    amount_fen: int
    quantity_g: int
    paid_fen: int
    is_whole: bool
    is_reversal: bool

    def cell_in(self, grain: ProcessingGrain) -> CellKey:
        """The key of the cell of this grain that the line belongs to."""
        day = self.traded_on if grain.on == "traded" else self.transferred_on
        return grain.number, day, self.key[: len(grain.dimensions)]


@dataclass(slots=True)
class LineSums:
    """The measures that add up over cells: fen, grams, fen that are paid, and the lines that are whole trades."""

    amount_fen: int = 0
    quantity_g: int = 0
    paid_fen: int = 0
    whole: int = 0

    def add_sums(self, part: "LineSums") -> None:
        """Adds the measures that can be added."""
        self.amount_fen += part.amount_fen
        self.quantity_g += part.quantity_g
        self.paid_fen += part.paid_fen
        self.whole += part.whole


@dataclass(slots=True)
class ProcessingCell(LineSums):
    """The sums of a cell, the residents with a live line in it, and the places of its trades in parts.

    Places are numbers of 64 bits, so their bitmap is as well.
    """

    residents: BitMap = field(default_factory=BitMap)
    parts: BitMap64 = field(default_factory=BitMap64)

    @property
    def transactions(self) -> int:
        """The trades: those that went on whole, and those that went on in parts, each once."""
        return self.whole + len(self.parts)

    def add(self, line: CountedLine) -> None:
        """Adds a line, or takes a reversed one off the sums; whether it leaves the sets depends on other lines."""
        sign = -1 if line.is_reversal else 1
        self.amount_fen += sign * line.amount_fen
        self.quantity_g += sign * line.quantity_g
        self.paid_fen += sign * line.paid_fen
        self.whole += sign * line.is_whole
        if not line.is_reversal:
            self.residents.add(line.resident)
            if not line.is_whole:
                self.parts.add(line.place)

    def copy(self) -> Self:
        """A copy that can be changed without a change of this cell."""
        sums = (self.amount_fen, self.quantity_g, self.paid_fen, self.whole)
        return type(self)(*sums, BitMap(self.residents), BitMap64(self.parts))


def touched_cells(lines: Iterable[CountedLine], grains: Collection[ProcessingGrain]) -> set[CellKey]:
    """The keys of those cells of the grains that the lines change."""
    return {line.cell_in(grain) for line in lines for grain in grains}


def apply_lines(
    lines: Sequence[CountedLine],
    live: Iterable[CountedLine],
    cells: dict[CellKey, ProcessingCell],
    grains: Collection[ProcessingGrain],
) -> None:
    """Adds lines to cells. `cells` must hold every touched cell that exists; cells that are missing begin empty.

    `live` must have every live line of a resident and a cell that a reversed line is of, after all of `lines`. A
    resident, and a trade in parts, leaves a cell only when no live line is left in it.
    """
    for line in lines:
        for grain in grains:
            key = line.cell_in(grain)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = ProcessingCell()
            cell.add(line)
    reversals = [line for line in lines if line.is_reversal]
    if reversals:
        _settle(reversals, list(live), cells, grains)


def _settle(
    reversals: Iterable[CountedLine],
    live: Iterable[CountedLine],
    cells: Mapping[CellKey, ProcessingCell],
    grains: Collection[ProcessingGrain],
) -> None:
    """Takes out of the sets what no live line holds there any more, because a set does not count lines."""
    held = {(line.cell_in(grain), line.resident) for line in live for grain in grains}
    held_parts = {(line.cell_in(grain), line.place) for line in live if not line.is_whole for grain in grains}
    for line in reversals:
        for grain in grains:
            key = line.cell_in(grain)
            if (key, line.resident) not in held:
                cells[key].residents.discard(line.resident)
            if not line.is_whole and (key, line.place) not in held_parts:
                cells[key].parts.discard(line.place)


@functools.lru_cache(KEYS_KNOWN_MAX)
def processing_key(enterprise: int, purpose: str, *traded: Any) -> Key:
    """The key of a line, from ordinals and raw values: enterprise, purpose, category, origin, point, group, settlement.

    Keys are remembered, because few of them come all the time.
    """
    *common, group, settlement = traded
    return (enterprise_id(enterprise), purpose, *common, None if group is None else group_id(group), settlement)
