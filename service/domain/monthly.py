"""The frame of a cube: cells by grain and month, and the totals of a period, put together from months and stretches."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from service.domain.cells import CellKey, Key
from service.domain.months import ANSWERS_KEPT_MAX
from service.domain.periods import Period
from service.domain.stretches import MergedStretches, stretches_of
from service.domain.totals import RowKeys


class CellMonth(Protocol):
    """One calendar month of cells of one grain. `version` grows with each change."""

    days: dict[datetime.date, dict[Key, Any]]
    version: int

    def forget(self) -> None:
        """Drops all that was worked out from the cells."""

    def prepare(self) -> None:
        """Works out in advance what any selection may need."""

    def totals(self, selection: Any, keys: RowKeys) -> Mapping[Key, Any]:
        """The totals of the whole month."""

    def totals_within(self, period: Period, selection: Any, keys: RowKeys) -> Mapping[Key, Any]:
        """The totals of the days of the month that lie in the period."""


M = TypeVar("M", bound=CellMonth)

BYTES_PER_CELL = 980
"""A cell with its key and its place, without the members of its set. 20,000 cells with sets of 1, 10, 100 and 2,000
members made the memory of a process grow by that and their sets, within 4 %."""
_CONTAINER_BYTES = ("n_bytes_array_containers", "n_bytes_run_containers", "n_bytes_bitset_containers")


def cell_bytes(cell: Any) -> int:
    """About how many bytes a cell takes; those of the containers of its set as CRoaring counts them."""
    told: dict[str, int] = cell.residents.get_statistics()
    return BYTES_PER_CELL + sum(told[name] for name in _CONTAINER_BYTES)


class MonthlyCells(Generic[M]):
    """Cells by grain and month. A cube makes its months, and says how totals are merged."""

    def __init__(self, stretches: MergedStretches) -> None:
        """Begins without cells."""
        self._months: dict[int, dict[tuple[int, int], M]] = {}
        self._keys: dict[Any, RowKeys] = {}
        self._bytes: dict[tuple[int, tuple[int, int]], tuple[int, int]] = {}
        self._stretches = stretches

    def _new_month(self, grain: int) -> M:
        """An empty month of the grain with this number."""
        raise NotImplementedError

    def put(self, key: CellKey, cell: Any) -> None:
        """Adds or replaces a cell."""
        grain, day, values = key
        months = self._months_of(grain)
        month = months.get((day.year, day.month))
        if month is None:
            month = months[day.year, day.month] = self._new_month(grain)
        month.days.setdefault(day, {})[values] = cell
        month.forget()

    def find(self, key: CellKey) -> Any:
        """The cell with a key, or None."""
        grain, day, values = key
        month = self._months_of(grain).get((day.year, day.month))
        return None if month is None else month.days.get(day, {}).get(values)

    def measure(self) -> Iterator[int]:
        """About how many bytes the cells of each month take, month by month; a month that has not changed is known.

        What is worked out from the cells is not counted.
        """
        for grain, months in list(self._months.items()):
            for number, month in list(months.items()):
                version, found = self._bytes.get((grain, number), (None, 0))
                if version != month.version:
                    found = sum(cell_bytes(cell) for day in month.days.values() for cell in day.values())
                    self._bytes[grain, number] = month.version, found
                yield found

    def take_out(self, key: CellKey) -> None:
        """Removes a cell that `put` has added."""
        grain, day, values = key
        month = self._months_of(grain)[day.year, day.month]
        del month.days[day][values]
        month.forget()

    def totals(self, period: Period, selection: Any) -> Mapping[Key, Any]:
        """The totals of a period, by the selection's dimensions. The caller must not change them.

        Some keys may have no live trade.
        """
        months = self._months_of(selection.grain.number)
        keys = self._row_keys(selection)
        parts: list[Mapping[Key, Any]] = []
        for numbers, is_whole in stretches_of(period):
            known = [months[number] for number in numbers if number in months]
            if len(numbers) > 1:
                parts.append(self._stretches.totals(numbers, known, selection, keys))
            else:
                parts.extend(
                    m.totals(selection, keys) if is_whole else m.totals_within(period, selection, keys) for m in known
                )
        return parts[0] if len(parts) == 1 else self._stretches.merge(parts)

    def _prepare(self, is_wanted: Callable[[M], bool]) -> Iterator[None]:
        """Prepares the wanted months of every grain. It yields after each month."""
        for months in list(self._months.values()):
            for month in list(months.values()):
                if is_wanted(month):
                    month.prepare()
                    yield

    def _months_of(self, grain: int) -> dict[tuple[int, int], M]:
        return self._months.setdefault(grain, {})

    def _row_keys(self, selection: Any) -> RowKeys:
        keys = self._keys.get(selection)
        if keys is None:
            if len(self._keys) >= ANSWERS_KEPT_MAX:
                self._keys.clear()
            keys = self._keys[selection] = RowKeys(selection)
        return keys
