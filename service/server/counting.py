"""What the processes of a server count together: numbers in memory that they share, and in no file.

Files would be in a folder for temporary ones, where a full disk kills whoever counts, a process that dies leaves half a
file, and somebody tidies up. `hushi serve` sets the memory aside before it forks off those who serve; each of them
counts in a part of its own, and whoever is asked adds the parts up. Where nobody has, a process counts for itself.
"""

import mmap
import threading
from dataclasses import dataclass
from typing import ClassVar

NUMBERS_MAX = 128 * 1024
"""How many numbers a process may count, 8 bytes each; the system gives memory only for those that are touched."""

_BYTES_PER_NUMBER = 8


@dataclass(frozen=True, slots=True)
class _Memory:
    numbers: "memoryview[float]"
    parts: int


class Counts:
    """Numbers that begin at zero and only grow; each is known by its place."""

    _shared: ClassVar[_Memory | None] = None
    _part: ClassVar[int] = 0

    def __init__(self) -> None:
        """Those of this process: a part of what was shared out, else memory of its own."""
        self._memory = Counts._shared or _set_aside(1)
        first = Counts._part * NUMBERS_MAX if Counts._shared is not None else 0
        self._mine = self._memory.numbers[first : first + NUMBERS_MAX]
        self._lock = threading.Lock()

    @classmethod
    def share(cls, parts: int) -> None:
        """Sets memory aside for processes that are forked off from now on."""
        cls._shared = _set_aside(parts)

    @classmethod
    def take_part(cls, part: int) -> None:
        """Which part the next process counts in, and goes on counting where the one before has left it."""
        cls._part = part

    def add(self, *amounts: tuple[int, float]) -> None:
        """Adds an amount at each of some places."""
        with self._lock:
            for place, amount in amounts:
                self._mine[place] += amount

    def totals(self, places: range) -> dict[int, float]:
        """What all processes have counted at places that follow each other; a place that is left out is zero."""
        totals: dict[int, float] = {}
        for first in range(0, self._memory.parts * NUMBERS_MAX, NUMBERS_MAX):
            numbers = self._memory.numbers[first + places.start : first + places.stop].tolist()
            for place, number in enumerate(numbers, places.start):
                if number:
                    totals[place] = totals.get(place, 0.0) + number
        return totals

    def parts_counting(self, place: int) -> int:
        """How many processes have counted something there."""
        return sum(1 for part in range(self._memory.parts) if self._memory.numbers[part * NUMBERS_MAX + place])


def _set_aside(parts: int) -> _Memory:
    memory = mmap.mmap(-1, parts * NUMBERS_MAX * _BYTES_PER_NUMBER)
    return _Memory(memoryview(memory).cast("d"), parts)
