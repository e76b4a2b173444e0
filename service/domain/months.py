"""A month of cells. It merges the answers about some of its days, and keeps its answers about the whole month."""

import datetime
from collections.abc import Iterable, Mapping
from typing import TypeVar

from service.domain.cells import DIMENSIONS, Key
from service.domain.margins import Margins
from service.domain.periods import Period
from service.domain.rollup import CellsByDay, Rollup
from service.domain.totals import USUAL, RowKeys, Selection, Totals, merge, totals_of_days

ASKED_BEFORE_ROLLING_UP = 2
"""So many selections are answered from the days before a month is rolled up. A month that still gets trades changes too
often to be worth it."""

ANSWERS_KEPT_MAX = 64
"""How many answers a month keeps. It has a limit because callers may ask for any number of different selections."""

WIDE = tuple(DIMENSIONS.index(name) for name in ("group_id", "settlement"))
"""Dimensions with many values. A filter on one of them looks up its cells, and does not pass through all cells."""

CHUNK_DAYS = 8
"""A month is rolled up in parts of so many days as well. So a period that ends within a month reads few single days."""


C = TypeVar("C")
Days = dict[datetime.date, dict[Key, C]]


class Month:
    """The cells of one grain in one calendar month. `version` grows with each change."""

    def __init__(self, dimensions: tuple[int, ...]) -> None:
        """Begins without cells. `dimensions` are the dimensions of the grain."""
        self.days: CellsByDay = {}
        self.version = 0
        self._looked_at = -1
        self._wide = {index: position for position, index in enumerate(dimensions) if index in WIDE}
        self._usual = [selection for selection in USUAL if selection.grain.dimensions == dimensions]
        self.forget()

    def forget(self) -> None:
        """Drops all that was worked out from the cells. The caller calls it after each change of `days`."""
        self.version += 1
        self._worked_out = 0
        self._answers: dict[Selection, Mapping[Key, Totals]] = {}
        self._whole: Rollup | None = None
        self._chunks: list[Rollup] = []
        self._margins: Margins | None = None
        self._narrowed: dict[int, dict[str | None, CellsByDay]] = {}

    def prepare(self) -> None:
        """Works out in advance what any selection may need, and the answers to the usual selections."""
        self._whole = self._whole or Rollup(self.days, self._wide)
        # In the finest grain, a chunk would have as many parts as its days have cells, and a day as many totals, so
        # neither would save work.
        is_finest = len(self._wide) == len(WIDE)
        chunks = list(chunks_of(self.days))
        self._chunks = [] if is_finest else [Rollup(chunk, self._wide) for chunk in chunks]
        self._margins = Margins(self.days, chunks, self._usual, keeps_days=not is_finest)
        for rollup in (self._whole, *self._chunks):
            rollup.prepare()
        for index in self._wide:
            self._days_by(index)

    @property
    def is_prepared(self) -> bool:
        """Whether the month was prepared, and has not changed since."""
        return self._margins is not None

    def has_come_to_rest(self) -> bool:
        """Whether the month is not prepared, and has not changed since this function was called before."""
        is_at_rest, self._looked_at = self._looked_at == self.version, self.version
        return is_at_rest and not self.is_prepared

    def totals(self, selection: Selection, keys: RowKeys) -> Mapping[Key, Totals]:
        """The totals of the whole month."""
        known = None if self._margins is None else self._margins.of_all(selection)
        if known is not None:
            return known
        answer = self._answers.get(selection)
        if answer is None:
            if len(self._answers) >= ANSWERS_KEPT_MAX:
                self._answers.clear()
            answer = self._answers[selection] = self._work_out(selection, keys)
        return answer

    def totals_within(self, period: Period, selection: Selection, keys: RowKeys) -> Mapping[Key, Totals]:
        """The totals of the days of the month that lie in the period."""
        left = {day for day in self.days if period.start <= day <= period.end}
        parts: list[Mapping[Key, Totals]] = []
        if self._margins is not None:
            parts, left = self._margins.within(left, selection)
        for chunk in self._chunks:
            if chunk.days <= left:
                parts.append(chunk.totals(selection, keys))
                left -= chunk.days
        asked = self._asked_days(selection)
        return merge([*parts, totals_of_days((cells for day, cells in asked.items() if day in left), keys)])

    def _work_out(self, selection: Selection, keys: RowKeys) -> dict[Key, Totals]:
        self._worked_out += 1
        if self._whole is None and self._worked_out > ASKED_BEFORE_ROLLING_UP:
            self._whole = Rollup(self.days, self._wide)
        if self._whole is None:
            return totals_of_days(self._asked_days(selection).values(), keys)
        return self._whole.totals(selection, keys)

    def _asked_days(self, selection: Selection) -> CellsByDay:
        """The days. When the selection filters by a wide dimension, they hold only the cells with the wanted values."""
        for index, wanted in selection.filters:
            if index in self._wide:
                known = self._days_by(index)
                return overlay([known[value] for value in wanted if value in known])
        return self.days

    def _days_by(self, index: int) -> dict[str | None, CellsByDay]:
        if index not in self._narrowed:
            self._narrowed[index] = narrow(self.days, self._wide[index])
        return self._narrowed[index]


def chunks_of(days: Days[C]) -> Iterable[Days[C]]:
    """The days of a month in parts of CHUNK_DAYS."""
    parts: dict[int, Days[C]] = {}
    for day, cells in days.items():
        parts.setdefault((day.day - 1) // CHUNK_DAYS, {})[day] = cells
    return parts.values()


def narrow(days: Days[C], position: int) -> dict[str | None, Days[C]]:
    """The cells by the value at a position of their keys."""
    found: dict[str | None, Days[C]] = {}
    for day, cells in days.items():
        for values, cell in cells.items():
            found.setdefault(values[position], {}).setdefault(day, {})[values] = cell
    return found


def overlay(parts: list[Days[C]]) -> Days[C]:
    """The cells of parts that have no cell in common."""
    if len(parts) == 1:
        return parts[0]
    found: Days[C] = {}
    for part in parts:
        for day, cells in part.items():
            found.setdefault(day, {}).update(cells)
    return found
