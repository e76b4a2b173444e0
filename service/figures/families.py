"""Families of figures: counters, gauges and histograms, with labels from short fixed lists.

A family is declared once, in a module of service.figures, before anything is counted. Each figure then has a fixed
place in the memory that the processes share. Nobody can add a figure by inventing a label.
"""

import bisect
import itertools
import math
import time
import zlib
from typing import ClassVar, Literal

from service.figures.memory import FIGURES_MAX, NUMBERS_MAX, Counts

STALE_S = 15.0
"""A process looks at its own gauges every few seconds (service.server.sampling). One that has not done so for this time
has ended."""

LabelValues = tuple[str, ...]


class Family:
    """What all families have: a name, a sentence that says what it is, and a place for each of its labels' values."""

    declared: ClassVar[dict[str, "Family"]] = {}
    _end: ClassVar[int] = 0

    def __init__(self, name: str, what: str, width: int, labels: dict[str, LabelValues]) -> None:
        """Takes `width` numbers for each combination of labels."""
        assert name not in Family.declared, f"{name} is declared twice"
        self.name, self.what, self.labels = name, what, tuple(labels)
        self._first, self._width = Family._end, width
        combinations = list[LabelValues](itertools.product(*labels.values()))
        self.places = {values: self._first + at * width for at, values in enumerate(combinations)}
        Family._end += len(combinations) * width
        assert Family._end <= FIGURES_MAX, "so many figures need more numbers"
        Family.declared[name] = self

    @staticmethod
    def layout() -> int:
        """A number for the places of all figures. Two processes with the same number may share the memory."""
        told = [(family.name, family.places) for family in Family.declared.values()]
        return zlib.crc32(repr((NUMBERS_MAX, told)).encode())


class Counter(Family):
    """Counts what happens, in all processes together. `divided_by` keeps sums exact: fen are counted, CNY are shown."""

    def __init__(self, name: str, what: str, *, divided_by: int = 1, **labels: LabelValues) -> None:
        """The name is that of the family; its samples end in `_total`."""
        super().__init__(name, what, 1, labels)
        self._divided_by = divided_by

    def add(self, amount: float, *labels: str) -> None:
        """Adds an amount; the labels' values come in the order of the declaration."""
        Counts.of_this_process().add((self.places[labels], amount))

    def values(self) -> dict[LabelValues, float]:
        """The sum of all processes for each combination of labels."""
        totals = Counts.of_this_process().totals(range(self._first, self._first + len(self.places)))
        return {labels: totals.get(place, 0.0) / self._divided_by for labels, place in self.places.items()}


class Gauge(Family):
    """Notes how something is now. A gauge that no process has set is not shown.

    `newest` shows what was set last, by any process, also when that process has ended. `sum` and `max` are for what
    each process has of its own: the sum, or the largest, of the processes that still look at it.
    """

    def __init__(
        self, name: str, what: str, *, of_all: Literal["newest", "sum", "max"] = "newest", **labels: LabelValues
    ) -> None:
        """Says what is shown where several processes have set the gauge."""
        super().__init__(name, what, 2, labels)
        self._of_all = of_all

    def set(self, number: float, *labels: str) -> None:
        """Notes the number of this process."""
        counts, place = Counts.of_this_process(), self.places[labels]
        counts.put(place + 1, number)
        counts.put(place, time.monotonic())

    def unset(self, *labels: str) -> None:
        """Notes that there is no number now, so that none is shown."""
        self.set(math.nan, *labels)

    def values(self) -> dict[LabelValues, float]:
        """The number for each combination of labels that has one."""
        found = {labels: self._of_processes(place) for labels, place in self.places.items()}
        return {labels: number for labels, number in found.items() if number is not None}

    def _of_processes(self, place: int) -> float | None:
        noted = [(at, number) for at, number in Counts.of_this_process().each(place, 2) if at]
        if self._of_all == "newest":
            newest = max(noted, default=(0.0, math.nan))[1]
            return None if math.isnan(newest) else newest
        fresh = [number for at, number in noted if time.monotonic() - at < STALE_S and not math.isnan(number)]
        if not fresh:
            return None
        return sum(fresh) if self._of_all == "sum" else max(fresh)


class Histogram(Family):
    """Counts how often something was how large, in all processes together."""

    def __init__(self, name: str, what: str, buckets: tuple[float, ...], **labels: LabelValues) -> None:
        """`buckets` are their upper ends, without the last, which has none."""
        super().__init__(name, what, len(buckets) + 2, labels)
        self.buckets = buckets

    def observe(self, number: float, *labels: str) -> None:
        """Counts one."""
        place = self.places[labels]
        Counts.of_this_process().add(
            (place + bisect.bisect_left(self.buckets, number), 1), (place + len(self.buckets) + 1, number)
        )

    def values(self) -> dict[LabelValues, tuple[list[float], float]]:
        """For each combination of labels, how many fell into each bucket, and the sum."""
        totals = Counts.of_this_process().totals(range(self._first, self._first + len(self.places) * self._width))
        found = {}
        for labels, place in self.places.items():
            *counted, total = (totals.get(place + at, 0.0) for at in range(self._width))
            found[labels] = counted, total
        return found
