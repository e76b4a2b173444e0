"""The cube: what was traded on each business day, by each combination of dimensions, and the set of who took part.

A cell is a day and one value of each dimension of its grain. Sums and counts add up over cells; sets are merged,
because a resident who trades meat and grain is one resident. Participations are merged within a day and added over
days.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from pyroaring import BitMap

from service.domain.periods import Period
from service.domain.transactions import Transaction

Key = tuple[str | None, ...]

DIMENSIONS = ("category", "origin", "direction", "trade_point", "group_id", "settlement")
"""What a report may be grouped and filtered by, in the order of keys."""


class Grain(NamedTuple):
    """The dimensions that the cells of one set tell apart, as indices of DIMENSIONS; `number` names it in storage."""

    number: int
    dimensions: tuple[int, ...]


GRAINS = (Grain(1, (0, 1, 2, 3)), Grain(2, (0, 1, 2, 3, 5)), Grain(3, (0, 1, 2, 3, 4, 5)))
"""From the coarsest to the finest: a question is answered from the first that tells its dimensions apart."""


@dataclass(slots=True)
class Cell:
    """Sums in fen and grams, the number of live trades, and the residents with at least one live trade."""

    amount_fen: int = 0
    exempt_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0
    residents: BitMap = field(default_factory=BitMap)

    def copy(self) -> Self:
        """A cell of its own, to be changed without changing this one."""
        return type(self)(self.amount_fen, self.exempt_fen, self.quantity_g, self.transactions, BitMap(self.residents))

    def add(self, entry: "Entry") -> None:
        """Adds the sums of an entry; who takes part is decided by `Day.settle`, because a set can't subtract."""
        self.amount_fen += entry.amount_fen
        self.exempt_fen += entry.exempt_fen
        self.quantity_g += entry.quantity_g
        self.transactions += -1 if entry.is_reversal else 1


@dataclass(frozen=True, slots=True)
class Entry:
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


def reversed_pairs(entries: Iterable[Entry]) -> set[Pair]:
    """The residents and days of which the journal must be asked what is still live."""
    return {Pair(entry.resident, entry.day) for entry in entries if entry.is_reversal}


def touched_cells(entries: Iterable[Entry]) -> set[CellKey]:
    """The cells, of every grain, that the entries change."""
    return {cell_key(grain, entry.day, entry.key) for entry in entries for grain in GRAINS}


def apply(entries: Iterable[Entry], live: Mapping[Pair, set[Key]], cells: dict[CellKey, Cell]) -> None:
    """Adds entries to cells, which must hold every touched cell that exists; missing ones begin empty.

    `live` says, for each of `reversed_pairs`, the full keys under which the journal has a live trade. A resident
    leaves a cell only if none of them falls into it.
    """
    for entry in entries:
        for grain in GRAINS:
            key = cell_key(grain, entry.day, entry.key)
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = Cell()
            cell.add(entry)
            keys = live.get(Pair(entry.resident, entry.day))
            if keys is None or any(cell_key(grain, entry.day, known) == key for known in keys):
                cell.residents.add(entry.resident)
            else:
                cell.residents.discard(entry.resident)


@dataclass(slots=True)
class Totals:
    """The measures of a report's row. `residents` is the set, so that totals of months can be merged."""

    amount_fen: int = 0
    exempt_fen: int = 0
    quantity_g: int = 0
    transactions: int = 0
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


class _Month(NamedTuple):
    year: int
    month: int


class Cube:
    """The cells of a ledger in memory, by grain, month and day; whole months are merged once and kept."""

    def __init__(self) -> None:
        """An empty cube."""
        self._days: dict[int, dict[_Month, dict[datetime.date, dict[Key, Cell]]]] = {g.number: {} for g in GRAINS}
        self._merged: dict[_Month, dict[Selection, dict[Key, Totals]]] = {}

    def put(self, key: CellKey, cell: Cell) -> None:
        """Replaces a cell; what was merged of its month is forgotten."""
        grain, day, values = key
        month = _Month(day.year, day.month)
        self._days[grain].setdefault(month, {}).setdefault(day, {})[values] = cell
        self._merged.pop(month, None)

    def find(self, key: CellKey) -> Cell | None:
        """A cell, or None."""
        grain, day, values = key
        return self._days[grain].get(_Month(day.year, day.month), {}).get(day, {}).get(values)

    def take_out(self, key: CellKey) -> None:
        """Removes a cell that `put` has added."""
        grain, day, values = key
        month = _Month(day.year, day.month)
        del self._days[grain][month][day][values]
        self._merged.pop(month, None)

    def totals(self, period: Period, selection: Selection) -> dict[Key, Totals]:
        """The totals of a period, by the selection's dimensions. Keys without a live trade may be among them."""
        parts = [self._part(month, period, selection) for month in _months(period)]
        return _merge([part for part in parts if part])

    def _part(self, month: _Month, period: Period, selection: Selection) -> dict[Key, Totals]:
        days = self._days[selection.grain.number].get(month)
        if not days:
            return {}
        if period.start <= datetime.date(*month, 1) and _last_day(month) <= period.end:
            merged = self._merged.setdefault(month, {})
            part = merged.get(selection)
            if part is None:
                part = merged[selection] = _project(days.values(), selection)
            return part
        return _project([cells for day, cells in days.items() if period.start <= day <= period.end], selection)


def _last_day(month: _Month) -> datetime.date:
    following = datetime.date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def _months(period: Period) -> Iterator[_Month]:
    year, month = period.start.year, period.start.month
    while (year, month) <= (period.end.year, period.end.month):
        yield _Month(year, month)
        year, month = year + month // 12, month % 12 + 1


def _project(days: Iterable[Mapping[Key, Cell]], selection: Selection) -> dict[Key, Totals]:
    """The totals of some days: within a day the sets are merged and counted, over days the counts are added."""
    place = {index: position for position, index in enumerate(selection.grain.dimensions)}
    by = [place[index] for index in selection.by]
    filters = [(place[index], values) for index, values in selection.filters]
    found: dict[Key, Totals] = {}
    sets: dict[Key, list[BitMap]] = {}
    for cells in days:
        today: dict[Key, list[BitMap]] = {}
        for values, cell in cells.items():
            if any(values[position] not in wanted for position, wanted in filters):
                continue
            key = tuple(values[position] for position in by)
            _add_sums(found.setdefault(key, Totals()), cell)
            today.setdefault(key, []).append(cell.residents)
        for key, maps in today.items():
            together = maps[0] if len(maps) == 1 else BitMap.union(*maps)
            found[key].participations += len(together)
            sets.setdefault(key, []).append(together)
    for key, maps in sets.items():
        found[key].residents = BitMap.union(*maps)
    return found


def _add_sums(totals: Totals, part: Cell | Totals) -> None:
    totals.amount_fen += part.amount_fen
    totals.exempt_fen += part.exempt_fen
    totals.quantity_g += part.quantity_g
    totals.transactions += part.transactions


def _merge(parts: list[dict[Key, Totals]]) -> dict[Key, Totals]:
    """The totals of parts that have no day in common."""
    if len(parts) == 1:
        return parts[0]
    found: dict[Key, Totals] = {}
    sets: dict[Key, list[BitMap]] = {}
    for part in parts:
        for key, totals in part.items():
            merged = found.setdefault(key, Totals())
            _add_sums(merged, totals)
            merged.participations += totals.participations
            sets.setdefault(key, []).append(totals.residents)
    for key, maps in sets.items():
        found[key].residents = BitMap.union(*maps)
    return found


def entry_of(transaction: Transaction, group_id: str | None) -> Entry:
    """The cube's view of a transaction, whose group is named by its public id."""
    return Entry(
        resident=transaction.resident,
        day=transaction.day,
        key=(
            transaction.category,
            transaction.origin,
            transaction.direction,
            transaction.trade_point,
            group_id,
            transaction.settlement,
        ),
        amount_fen=transaction.amount_fen,
        exempt_fen=transaction.exempt_fen,
        quantity_g=transaction.quantity_g,
        is_reversal=transaction.reverses is not None,
    )
