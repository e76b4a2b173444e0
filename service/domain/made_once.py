"""Remembers what a function makes of values that come again and again, such as the texts of a batch's lines."""

from collections.abc import Callable
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class MadeOnce(dict[K, V]):
    """The results of a pure function by its argument: `known[value]` makes a result once, and forgets all at a limit.

    Looking up in a dict takes half the time of a call to a function with `lru_cache`, and a batch looks up a hundred
    thousand times. Threads may share it: at worst two of them make the same result.
    """

    def __init__(self, make: Callable[[K], V], values_max: int) -> None:
        """`make` is the function; what it raises is not remembered. At most `values_max` results are kept."""
        super().__init__()
        self._make, self._values_max = make, values_max

    def __missing__(self, value: K) -> V:
        made = self._make(value)
        if len(self) >= self._values_max:
            self.clear()
        self[value] = made
        return made
