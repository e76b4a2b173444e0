"""A month of cells: what is asked of days within it is merged from them, what is asked of all of it is kept.

Participations are distinct pairs of resident and day, so they don't add up over the cells of a day. But few residents
are in more than one cell of a day: those are `shared`, and only their pairs must be merged; all others just count.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from service.domain.cells import DIMENSIONS, Cell, Key, Sums
from service.domain.periods import Period
from service.domain.totals import RowKeys, Selection, Totals, merge, union

Days = dict[datetime.date, dict[Key, Cell]]

ASKED_BEFORE_GATHERING = 2
"""How many selections are answered from the days before a month is gathered: one that is posted to is not worth it."""

ANSWERS_KEPT_MAX = 64
"""How many selections a month remembers; callers may ask as many different ones as they like."""

WIDE = tuple(DIMENSIONS.index(name) for name in ("group_id", "settlement"))
"""Dimensions with many values: a filter on one of them looks up its cells instead of passing all."""

CHUNK_DAYS = 8
"""Parts of a month that are gathered as well, so that a period which ends within one passes few single days."""


@dataclass(slots=True)
class Gathered(Sums):
    """The cells of some days with the same values; `alone` counts pairs whose resident is in no other cell of the day.

    `shared` are the others, as numbers that are the same for all cells that were gathered together.
    """

    alone: int = 0
    shared: BitMap = field(default_factory=BitMap)
    residents: BitMap = field(default_factory=BitMap)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some days of a month, gathered."""

    days: set[datetime.date]
    gathered: dict[Key, Gathered]


class Month:
    """The cells of one grain in one calendar month. `version` grows with each change."""

    def __init__(self, dimensions: tuple[int, ...]) -> None:
        """No cells yet; `dimensions` are those of the grain."""
        self.days: Days = {}
        self.version = 0
        self._wide = {index: position for position, index in enumerate(dimensions) if index in WIDE}
        self.forget()

    def forget(self) -> None:
        """Drops what was worked out of the cells; to be called after each change of `days`."""
        self.version += 1
        self._worked_out = 0
        self._answers: dict[Selection, dict[Key, Totals]] = {}
        self._gathered: dict[Key, Gathered] | None = None
        self._chunks: list[Chunk] = []
        self._narrowed_days: dict[int, dict[str | None, Days]] = {}
        self._narrowed_gathered: dict[int, dict[str | None, dict[Key, Gathered]]] = {}

    def prepare(self) -> None:
        """Works out in advance what any selection may need."""
        self._gathered = self._gathered or gather(self.days)
        if not self._chunks and len(self._wide) < len(WIDE):
            # Of the finest grain there would be as many parts as there are cells.
            self._chunks = _chunks(self.days)
        for index in self._wide:
            self._days_by(index)
            self._gathered_by(index)

    def totals(self, selection: Selection, keys: RowKeys) -> Mapping[Key, Totals]:
        """The totals of the whole month."""
        answer = self._answers.get(selection)
        if answer is None:
            if len(self._answers) >= ANSWERS_KEPT_MAX:
                self._answers.clear()
            answer = self._answers[selection] = self._work_out(selection, keys)
        return answer

    def totals_within(self, period: Period, selection: Selection, keys: RowKeys) -> Mapping[Key, Totals]:
        """The totals of those days of the month that lie in the period."""
        parts = []
        days = self._asked_days(selection)
        asked = [day for day in days if period.start <= day <= period.end]
        if days is self.days:
            for chunk in self._chunks:
                if chunk.days <= set(asked):
                    parts.append(totals_of_gathered(chunk.gathered, keys))
                    asked = [day for day in asked if day not in chunk.days]
        return merge([*parts, totals_of_days((days[day] for day in asked), keys)])

    def _work_out(self, selection: Selection, keys: RowKeys) -> dict[Key, Totals]:
        self._worked_out += 1
        if self._gathered is None and self._worked_out > ASKED_BEFORE_GATHERING:
            self._gathered = gather(self.days)
        if self._gathered is None:
            return totals_of_days(self._asked_days(selection).values(), keys)
        return totals_of_gathered(self._asked_gathered(selection), keys)

    def _asked_days(self, selection: Selection) -> Days:
        """The days, narrowed to the cells of a wide dimension's wanted values where the selection filters by one."""
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._days_by(index)
                return _overlay([known[value] for value in wanted if value in known])
        return self.days

    def _asked_gathered(self, selection: Selection) -> Mapping[Key, Gathered]:
        assert self._gathered is not None
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._gathered_by(index)
                return {key: part for value in wanted for key, part in known.get(value, {}).items()}
        return self._gathered

    def _days_by(self, index: int) -> dict[str | None, Days]:
        if index not in self._narrowed_days:
            self._narrowed_days[index] = _narrow(self.days, self._wide[index])
        return self._narrowed_days[index]

    def _gathered_by(self, index: int) -> dict[str | None, dict[Key, Gathered]]:
        if index not in self._narrowed_gathered:
            assert self._gathered is not None
            found = self._narrowed_gathered[index] = {}
            for key, part in self._gathered.items():
                found.setdefault(key[self._wide[index]], {})[key] = part
        return self._narrowed_gathered[index]


def _chunks(days: Days) -> list[Chunk]:
    parts: dict[int, Days] = {}
    for day, cells in days.items():
        parts.setdefault((day.day - 1) // CHUNK_DAYS, {})[day] = cells
    return [Chunk(set(part), gather(part)) for part in parts.values()]


def _narrow(days: Days, position: int) -> dict[str | None, Days]:
    found: dict[str | None, Days] = {}
    for day, cells in days.items():
        for values, cell in cells.items():
            found.setdefault(values[position], {}).setdefault(day, {})[values] = cell
    return found


def _overlay(parts: list[Days]) -> Days:
    if len(parts) == 1:
        return parts[0]
    found: Days = {}
    for part in parts:
        for day, cells in part.items():
            found.setdefault(day, {}).update(cells)
    return found


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
