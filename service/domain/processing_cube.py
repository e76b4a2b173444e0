"""The cube of what went on after the market: its cells in memory by month, and their totals over any period.

A month is merged once over its days, and keeps its totals by selection until one of its cells changes. Runs of whole
months are kept too (domain/stretches.py). There are no participations here, so this cube is simpler than that of trade.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap, BitMap64

from service.domain.cells import Key
from service.domain.monthly import MonthlyCells
from service.domain.months import ANSWERS_KEPT_MAX, ASKED_BEFORE_ROLLING_UP, Days, chunks_of, narrow, overlay
from service.domain.periods import Period, month_end
from service.domain.processing_cells import (
    ALL_GRAINS,
    ENTERPRISE_PLACE,
    GRAINS,
    WIDE_DIMENSIONS,
    On,
    ProcessingCell,
    ProcessingGrain,
)
from service.domain.stretches import MergedStretches
from service.domain.totals import RowKeys, union


@dataclass(slots=True)
class ProcessingTotals(ProcessingCell):
    """The measures of a report's row. The sets stay sets, so that the totals of months can be merged."""

    enterprises: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ProcessingSelection:
    """What a question asks for: the day that counts, indices of PROCESSING_DIMENSIONS to group by, and filters."""

    on: On = "traded"
    by: tuple[int, ...] = ()
    filters: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def grain(self) -> ProcessingGrain:
        """The coarsest grain that tells the dimensions of the question apart."""
        coarse, fine = GRAINS[self.on]
        asked = {*self.by, *(index for index, _ in self.filters)}
        return coarse if asked <= set(coarse.dimensions) else fine


class _Sets:
    """The sets of one row, to be merged at the end: a union of many sets at once is faster than one after the other."""

    __slots__ = ("parts", "residents")

    def __init__(self) -> None:
        self.residents: list[BitMap] = []
        self.parts: list[BitMap64] = []

    def add(self, cell: ProcessingCell) -> None:
        """Notes the sets of a cell."""
        self.residents.append(cell.residents)
        if cell.parts:
            self.parts.append(cell.parts)

    def merge_into(self, cell: ProcessingCell) -> None:
        """Gives a cell the merged sets."""
        cell.residents = union(self.residents)
        cell.parts = BitMap64() if not self.parts else self.parts[0] if len(self.parts) == 1 else _union(self.parts)


def _union(maps: list[BitMap64]) -> BitMap64:
    merged: BitMap64 = BitMap64.union(*maps)
    return merged


def totals_of_cells(days: Iterable[Mapping[Key, ProcessingCell]], keys: RowKeys) -> dict[Key, ProcessingTotals]:
    """The totals of the cells of some days, by the row keys of a selection."""
    found: dict[Key, ProcessingTotals] = {}
    sets: dict[Key, _Sets] = {}
    for cells in days:
        for values, cell in cells.items():
            key = keys[values]
            if key is None or not cell.residents:  # A cell without residents has no live line.
                continue
            totals = found.get(key)
            if totals is None:
                totals, sets[key] = found.setdefault(key, ProcessingTotals()), _Sets()
            totals.add_sums(cell)
            totals.enterprises.add(values[ENTERPRISE_PLACE] or "")
            sets[key].add(cell)
    for key, own in sets.items():
        own.merge_into(found[key])
    return found


def merge_totals(parts: Iterable[Mapping[Key, ProcessingTotals]]) -> dict[Key, ProcessingTotals]:
    """Adds up the totals of parts that have no day in common."""
    found: dict[Key, ProcessingTotals] = {}
    sets: dict[Key, _Sets] = {}
    for part in parts:
        for key, totals in part.items():
            merged = found.get(key)
            if merged is None:
                merged, sets[key] = found.setdefault(key, ProcessingTotals()), _Sets()
            merged.add_sums(totals)
            merged.enterprises |= totals.enterprises
            sets[key].add(totals)
    for key, own in sets.items():
        own.merge_into(found[key])
    return found


class _NarrowedDays:
    """Cells by day. A filter on a dimension with many values looks its cells up, and does not pass through all."""

    def __init__(self, days: Days[ProcessingCell], wide: Mapping[int, int]) -> None:
        self.days = days
        self._wide = wide
        self._narrowed: dict[int, dict[str | None, Days[ProcessingCell]]] = {}

    def prepare(self) -> None:
        """Sorts the cells in advance by the values of each wide dimension, as filters look them up."""
        for index in self._wide:
            self._by(index)

    def _by(self, index: int) -> dict[str | None, Days[ProcessingCell]]:
        if index not in self._narrowed:
            self._narrowed[index] = narrow(self.days, self._wide[index])
        return self._narrowed[index]

    def asked(self, selection: ProcessingSelection) -> Days[ProcessingCell]:
        """The days, with the wanted cells at least."""
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._by(index)
                return overlay([known[value] for value in wanted if value in known])
        return self.days


class ProcessingMonth:
    """The cells of one grain in one calendar month. `version` grows with each change."""

    def __init__(self, grain: ProcessingGrain) -> None:
        """Begins without cells."""
        self.days: Days[ProcessingCell] = {}
        self.version = 0
        self._looked_at = -1
        self._wide = {index: place for place, index in enumerate(grain.dimensions) if index in WIDE_DIMENSIONS}
        self.forget()

    def forget(self) -> None:
        """Drops all that was worked out from the cells. The caller calls it after each change of `days`."""
        self.version += 1
        self._worked_out = 0
        self._answers: dict[ProcessingSelection, Mapping[Key, ProcessingTotals]] = {}
        self._whole: _NarrowedDays | None = None
        self._chunks: list[tuple[set[datetime.date], _NarrowedDays]] = []
        self._by_day = _NarrowedDays(self.days, self._wide)

    def prepare(self) -> None:
        """Merges the days in advance, and sorts them and the merged cells as filters look them up."""
        for days in (self._roll_up(), self._by_day):
            days.prepare()
        # In a fine grain, the merged cells of a chunk are nearly as many as those of its days, so merging saves little.
        if not self._wide:
            self._chunks = [(set(days), _NarrowedDays(_merged(days), {})) for days in chunks_of(self.days)]

    def _roll_up(self) -> _NarrowedDays:
        if self._whole is None:
            self._whole = _NarrowedDays(_merged(self.days), self._wide)
        return self._whole

    def has_come_to_rest(self) -> bool:
        """Whether the month is not merged, and has not changed since this function was called before."""
        is_at_rest, self._looked_at = self._looked_at == self.version, self.version
        return is_at_rest and self._whole is None

    def totals(self, selection: ProcessingSelection, keys: RowKeys) -> Mapping[Key, ProcessingTotals]:
        """The totals of the whole month."""
        answer = self._answers.get(selection)
        if answer is None:
            if len(self._answers) >= ANSWERS_KEPT_MAX:
                self._answers.clear()
            answer = self._answers[selection] = self._work_out(selection, keys)
        return answer

    def _work_out(self, selection: ProcessingSelection, keys: RowKeys) -> dict[Key, ProcessingTotals]:
        self._worked_out += 1
        is_worth_it = self._worked_out > ASKED_BEFORE_ROLLING_UP
        days = self._roll_up() if is_worth_it else self._whole or self._by_day
        return totals_of_cells(days.asked(selection).values(), keys)

    def totals_within(
        self, period: Period, selection: ProcessingSelection, keys: RowKeys
    ) -> Mapping[Key, ProcessingTotals]:
        """The totals of the days of the month that lie in the period."""
        left = {day for day in self.days if period.start <= day <= period.end}
        parts: list[Mapping[Key, ProcessingCell]] = []
        for days, merged in self._chunks:
            if days <= left:
                parts.extend(merged.days.values())
                left -= days
        parts.extend(cells for day, cells in self._by_day.asked(selection).items() if day in left)
        return totals_of_cells(parts, keys)


def _merged(days: Days[ProcessingCell]) -> Days[ProcessingCell]:
    """The cells of all days put together by their values, as if they were of the month's last day."""
    found: dict[Key, ProcessingCell] = {}
    sets: dict[Key, _Sets] = {}
    for cells in days.values():
        for values, cell in cells.items():
            if values not in found:
                found[values], sets[values] = ProcessingCell(), _Sets()
            found[values].add_sums(cell)
            sets[values].add(cell)
    for values, own in sets.items():
        own.merge_into(found[values])
    return {month_end(day.year, day.month): found for day in list(days)[:1]}


class ProcessingCube(MonthlyCells[ProcessingMonth]):
    """The cells of the grains that were loaded."""

    def __init__(self) -> None:
        """Begins without cells."""
        super().__init__(MergedStretches(merge_totals))

    def _new_month(self, grain: int) -> ProcessingMonth:
        return ProcessingMonth(ALL_GRAINS[grain - 1])

    def prepare(self) -> Iterator[None]:
        """Merges every month in advance, one month at a time. It yields after each month."""
        return self._prepare(lambda _month: True)

    def prepare_again(self) -> Iterator[None]:
        """Merges the months that are not merged and have not changed since this was called before."""
        return self._prepare(ProcessingMonth.has_come_to_rest)
