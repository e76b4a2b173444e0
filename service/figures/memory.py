"""Numbers that the processes of a server count together, in memory that they share.

The numbers are in no file of a disk. A full disk would end a process that counts, a process that dies would leave half
a file, and somebody might delete the file. `hushi serve` sets the memory aside before it forks off the processes that
serve, and gives the process that folds a descriptor of it. Each process counts in its own part of the memory, and a
process that is asked for the totals adds the parts up. Where no memory was set aside, a process counts for itself.
"""

import contextlib
import mmap
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

MARKS_FIRST = 128 * 1024
MARKS_MAX = 32 * 1024
NUMBERS_MAX = MARKS_FIRST + MARKS_MAX
"""How many numbers a process may count, 8 bytes each; the system gives memory only for the numbers that are used. The
last ones are what each caller was told (service.figures.caller_marks)."""
FIGURES_MAX = 16 * 1024
"""How many of them are for the families that service.figures declares. The routes of an application come after them."""

_BYTES_PER_NUMBER = 8


@dataclass(frozen=True, slots=True)
class _Memory:
    numbers: "memoryview[float]"
    parts: int
    descriptor: int | None


class Counts:
    """Numbers that begin at zero; each number has a place."""

    _shared: ClassVar[_Memory | None] = None
    _part: ClassVar[int] = 0
    _of_this_process: ClassVar["Counts | None"] = None

    def __init__(self) -> None:
        """Takes this process's part of the shared memory, or memory of its own where none is shared."""
        self._memory = Counts._shared or _set_aside(1)
        first = Counts._part * NUMBERS_MAX if Counts._shared is not None else 0
        self._mine = self._memory.numbers[first : first + NUMBERS_MAX]
        self._lock = threading.Lock()

    @classmethod
    def share(cls, parts: int) -> None:
        """Sets memory aside for the processes that begin from now on. This process counts in the last part."""
        cls._shared, cls._part = _set_aside(parts), parts - 1
        cls._of_this_process = Counts()

    @classmethod
    def take_part(cls, part: int) -> None:
        """Says which part the next process counts in; it goes on from the numbers that the process before has left."""
        cls._part = part

    @classmethod
    def descriptor(cls) -> int | None:
        """The descriptor of the shared memory, for a process that is not forked off; None where there is none."""
        return None if cls._shared is None else cls._shared.descriptor

    @classmethod
    def join(cls, descriptor: int, part: int) -> None:
        """Makes this process count in a part of the memory that another process has set aside."""
        parts = os.fstat(descriptor).st_size // (NUMBERS_MAX * _BYTES_PER_NUMBER)
        cls._shared, cls._part = _mapped(descriptor, parts), part
        cls._of_this_process = Counts()

    @classmethod
    def of_this_process(cls) -> "Counts":
        """The numbers of the families that service.figures declares."""
        if cls._of_this_process is None:
            cls._of_this_process = Counts()
        return cls._of_this_process

    @classmethod
    def begin_again(cls) -> None:
        """Forgets the part of the parent process, after a fork."""
        cls._of_this_process = None

    def add(self, *amounts: tuple[int, float]) -> None:
        """Adds amounts to numbers; each pair is a place and the amount to add there."""
        with self._lock:
            for place, amount in amounts:
                self._mine[place] += amount

    def put(self, place: int, number: float) -> None:
        """Puts a number in the place of the one that is there."""
        self._mine[place] = number

    def clear(self, part: int, places: Iterable[int]) -> None:
        """Puts zeros in places of a part, which may be that of a process that has ended. Pages of zeros stay unused."""
        numbers, first = self._memory.numbers, part * NUMBERS_MAX
        for place in places:
            if numbers[first + place]:
                numbers[first + place] = 0.0

    def mine(self, place: int, count: int) -> list[float]:
        """The numbers from a place on, of this process alone."""
        return list[float](self._mine[place : place + count])

    def each(self, place: int, count: int = 1) -> list[list[float]]:
        """The numbers from a place on, in each part; the parts are those of all processes."""
        firsts = range(place, self._memory.parts * NUMBERS_MAX, NUMBERS_MAX)
        return [list[float](self._memory.numbers[first : first + count]) for first in firsts]

    def totals(self, places: range) -> dict[int, float]:
        """The sums over all processes at the places of a range; a place whose sum is zero is left out."""
        totals: dict[int, float] = {}
        for numbers in self.each(places.start, len(places)):
            for place, number in enumerate(numbers, places.start):
                if number:
                    totals[place] = totals.get(place, 0.0) + number
        return totals

    def parts_counting(self, place: int) -> int:
        """How many processes have counted something at a place."""
        return sum(1 for (number,) in self.each(place) if number)


os.register_at_fork(after_in_child=Counts.begin_again)


def _set_aside(parts: int) -> _Memory:
    size = parts * NUMBERS_MAX * _BYTES_PER_NUMBER
    if hasattr(os, "memfd_create"):
        with contextlib.suppress(OSError):  # Without a descriptor the processes that are forked off still share it.
            descriptor = os.memfd_create("hushi-figures")
            os.ftruncate(descriptor, size)
            return _mapped(descriptor, parts)
    return _Memory(memoryview(mmap.mmap(-1, size)).cast("d"), parts, None)


def _mapped(descriptor: int, parts: int) -> _Memory:
    mapped = mmap.mmap(descriptor, parts * NUMBERS_MAX * _BYTES_PER_NUMBER)
    return _Memory(memoryview(mapped).cast("d"), parts, descriptor)
