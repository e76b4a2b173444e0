"""When a process that died gets its successor: at once, or later and later while successors die young."""

import math

YOUNG_S = 10.0
"""A process that dies before it is that old has perhaps died of its start."""
FIRST_PAUSE_S = 1.0
PAUSE_MAX_S = 30.0
YOUNG_DEATHS_MAX = 4
"""So often in a row every process may die young before there is no hope for the server as a whole."""


class Replacements:
    """The deaths of a number of processes, each of which has a place."""

    def __init__(self, places: int) -> None:
        """All live."""
        self._young_deaths = [0] * places
        self._due: dict[int, float] = {}

    def note_death(self, place: int, lived_s: float, now: float) -> None:
        """Notes that the process of a place has died; `now` is of the clock that the other calls tell."""
        self._young_deaths[place] = self._young_deaths[place] + 1 if lived_s < YOUNG_S else 0
        self._due[place] = now + pause_s(self._young_deaths[place])

    def take_due(self, now: float) -> list[int]:
        """The places to be filled now."""
        due = [place for place, at in self._due.items() if at <= now]
        for place in due:
            del self._due[place]
        return due

    def next_in_s(self, now: float) -> float | None:
        """How long until a place is to be filled; None when all are."""
        return max(0.0, min(self._due.values(), default=math.inf) - now) if self._due else None

    @property
    def is_hopeless(self) -> bool:
        """Whether none lives and each has died young again and again. While one serves, the others are tried on."""
        return len(self._due) == len(self._young_deaths) and min(self._young_deaths) >= YOUNG_DEATHS_MAX


def pause_s(young_deaths: int) -> float:
    """The pause before a successor, by how many in a row have died young."""
    return 0.0 if young_deaths == 0 else min(PAUSE_MAX_S, FIRST_PAUSE_S * 2 ** (young_deaths - 1))
