"""Numbers that the processes of a server count together, in memory that they share.

The numbers are in no file. A file would be in a folder for temporary files: a full disk would end a process that
counts, a process that dies would leave half a file, and somebody might delete the file. `hushi serve` sets the memory
aside before it forks off the processes that serve. Each process counts in its own part of the memory, and a process
that is asked for the totals adds the parts up. Where no memory was set aside, a process counts for itself.
"""

import mmap
import threading
from dataclasses import dataclass
from typing import ClassVar

NUMBERS_MAX = 128 * 1024
"""How many numbers a process may count, 8 bytes each; the system gives memory only for the numbers that are used."""

_BYTES_PER_NUMBER = 8


@dataclass(frozen=True, slots=True)
class _Memory:
    numbers: "memoryview[float]"
    parts: int


class Counts:
    """Numbers that begin at zero and only grow; each number has a place."""

    _shared: ClassVar[_Memory | None] = None
    _part: ClassVar[int] = 0

    def __init__(self) -> None:
        """Takes this process's part of the shared memory, or memory of its own where none is shared."""
        self._memory = Counts._shared or _set_aside(1)
        first = Counts._part * NUMBERS_MAX if Counts._shared is not None else 0
        self._mine = self._memory.numbers[first : first + NUMBERS_MAX]
        self._lock = threading.Lock()

    @classmethod
    def share(cls, parts: int) -> None:
        """Sets memory aside for the processes that are forked off from now on."""
        cls._shared = _set_aside(parts)

    @classmethod
    def take_part(cls, part: int) -> None:
        """Says which part the next process counts in; it goes on from the numbers that the process before has left."""
        cls._part = part

    def add(self, *amounts: tuple[int, float]) -> None:
        """Adds amounts to numbers; each pair is a place and the amount to add there."""
        with self._lock:
            for place, amount in amounts:
                self._mine[place] += amount

    def totals(self, places: range) -> dict[int, float]:
        """The sums over all processes at the places of a range; a place whose sum is zero is left out."""
        totals: dict[int, float] = {}
        for first in range(0, self._memory.parts * NUMBERS_MAX, NUMBERS_MAX):
            numbers = self._memory.numbers[first + places.start : first + places.stop].tolist()
            for place, number in enumerate(numbers, places.start):
                if number:
                    totals[place] = totals.get(place, 0.0) + number
        return totals

    def parts_counting(self, place: int) -> int:
        """How many processes have counted something at a place."""
        return sum(1 for part in range(self._memory.parts) if self._memory.numbers[part * NUMBERS_MAX + place])


def _set_aside(parts: int) -> _Memory:
    memory = mmap.mmap(-1, parts * NUMBERS_MAX * _BYTES_PER_NUMBER)
    return _Memory(memoryview(memory).cast("d"), parts)
