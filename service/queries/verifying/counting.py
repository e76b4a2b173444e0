"""Counts the journal again from its first entry on, and tells what the rows of the cells must hold."""

import operator
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from pyroaring import BitMap, BitMap64

from service.domain.cells import DIMENSION_FIELDS, GRAINS, Cell, key_of
from service.domain.chain import PLACES
from service.storage.cell_tables import RawKey, dimensions_text


@dataclass(slots=True)
class CountedRow:
    """What the row of a cell must hold beside its key: sums and sets in the order of its columns, and what changed it.

    `changed_in` is the number of what changed the cell last.
    """

    sums: list[int]
    sets: list[Any]
    changed_in: int
    is_shared: bool = True
    """Whether other rows have the same sums and sets, so that they must not be changed."""
    _stored: tuple[object, ...] | None = None

    def joined(self, part: Self) -> Self:
        """This row with another part of its cell; a row that others share is left as it is."""
        changed_in = max(self.changed_in, part.changed_in)
        sums = list(map(operator.add, self.sums, part.sums))
        if self.is_shared:
            sets = [own | other if other else own.copy() for own, other in zip(self.sets, part.sets, strict=True)]
            return type(self)(sums, sets, changed_in, is_shared=False)
        for own, other in zip(self.sets, part.sets, strict=True):
            if other:
                own |= other  # noqa: PLW2901 (a bitmap is changed in its place)
        self.sums, self.changed_in = sums, changed_in
        return self

    def as_stored(self) -> tuple[object, ...]:
        """The columns behind the key, as a fold writes them. They are kept for the other cells with the same row."""
        stored = self._stored
        if stored is None:
            stored = (*self.sums, *map(serialized, self.sets), self.changed_in)
            if self.is_shared:
                self._stored = stored
        return stored


_EMPTY = {kind: kind().serialize() for kind in (BitMap, BitMap64)}


def serialized(members: Any) -> bytes:
    """The bytes of a set; most cells of transfers have no trade that went on in parts."""
    found: bytes = members.serialize() if members else _EMPTY[type(members)]
    return found


def roll_up(parts: Iterable[tuple[RawKey, CountedRow]]) -> dict[RawKey, CountedRow]:
    """The rows of cells, from the parts of each cell. Most cells have one part, and share it."""
    rows: dict[RawKey, CountedRow] = {}
    for key, part in parts:
        row = rows.get(key)
        rows[key] = part if row is None else row.joined(part)
    return rows


@dataclass(slots=True)
class _Spot(Cell):
    """The sums of the entries of one day that have the same value of every dimension."""

    block: int = 0


_spot_of: Callable[[Sequence[Any]], tuple[Any, ...]] = operator.itemgetter(
    PLACES["day"], *(PLACES[name] for name in DIMENSION_FIELDS)
)
_counted_of: Callable[[Sequence[Any]], tuple[Any, ...]] = operator.itemgetter(
    *(PLACES[name] for name in ("resident", "amount_fen", "exempt_fen", "quantity_g", "transaction_id", "reverses"))
)
_OF_GRAINS = [(grain.number, operator.itemgetter(*grain.dimensions)) for grain in GRAINS]


@dataclass(slots=True)
class Recount:
    """The numbers of transactions and blocks, and what was counted of each day and combination of all dimensions."""

    transactions: int = 0
    blocks: int = 0
    spots: dict[tuple[Any, ...], _Spot] = field(default_factory=dict)

    def add(self, entries: Collection[Sequence[Any]], reversed_ids: Collection[Any], block_no: int) -> None:
        """Counts the entries of a block, from the plain values of their canonical bytes.

        A resident is in the set of a cell only with a live trade there.
        """
        self.blocks += 1
        self.transactions += len(entries)
        spots = self.spots
        for values in entries:
            resident, amount_fen, exempt_fen, quantity_g, own_id, reverses = _counted_of(values)
            key = _spot_of(values)
            spot = spots.get(key)
            if spot is None:
                spot = spots[key] = _Spot()
            spot.amount_fen += amount_fen
            spot.exempt_fen += exempt_fen
            spot.quantity_g += quantity_g
            spot.block = block_no
            if reverses is not None:
                spot.transactions -= 1
                continue
            spot.transactions += 1
            if own_id not in reversed_ids:
                spot.residents.add(resident)

    def cell_rows(self) -> dict[RawKey, CountedRow]:
        """What the row of each cell must hold, for every grain."""
        return roll_up(self._parts())

    def _parts(self) -> Iterable[tuple[RawKey, CountedRow]]:
        for (day, *dimensions), spot in self.spots.items():
            key = key_of(tuple(dimensions))
            sums = [spot.amount_fen, spot.exempt_fen, spot.quantity_g, spot.transactions]
            part = CountedRow(sums, [spot.residents], spot.block)
            for grain, values_of in _OF_GRAINS:
                yield (grain, day, dimensions_text(values_of(key))), part
