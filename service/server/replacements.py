"""When a process that died is replaced: at once, or after pauses that grow while the new processes die young."""

import math

YOUNG_S = 10.0
"""A process that dies before this age has perhaps failed at its start."""
FIRST_PAUSE_S = 1.0
PAUSE_MAX_S = 30.0
YOUNG_FAILURES_MAX = 4
"""The server gives up when every process has failed young this many times in a row."""


class Replacements:
    """Notes the deaths of the processes of a server; each process has a place."""

    def __init__(self, places: int) -> None:
        """Begins with all processes alive."""
        self._young_deaths = [0] * places
        self._failures = [0] * places
        self._due: dict[int, float] = {}

    def note_death(self, place: int, lived_s: float, now: float, *, was_killed: bool = False) -> None:
        """Notes that the process of a place has died; `now` must be of the same clock in all calls.

        `was_killed` says that SIGKILL ended it: somebody, or a system without memory, and no failure of its own. It is
        replaced after the same pause, but it never lets the server give up.
        """
        self._young_deaths[place] = self._young_deaths[place] + 1 if lived_s < YOUNG_S else 0
        self._failures[place] = 0 if was_killed or lived_s >= YOUNG_S else self._failures[place] + 1
        self._due[place] = now + pause_s(self._young_deaths[place])

    def take_due(self, now: float) -> list[int]:
        """The places to fill now; each place is returned once."""
        due = [place for place, at in self._due.items() if at <= now]
        for place in due:
            del self._due[place]
        return due

    def next_in_s(self, now: float) -> float | None:
        """Seconds until the next place is to be filled; None when no place is empty."""
        return max(0.0, min(self._due.values(), default=math.inf) - now) if self._due else None

    @property
    def is_hopeless(self) -> bool:
        """Whether no process lives and all have failed young again and again. While one serves, others are replaced."""
        return len(self._due) == len(self._failures) and min(self._failures) >= YOUNG_FAILURES_MAX


def pause_s(young_deaths: int) -> float:
    """The pause before a process is replaced, by how many in a row have died young."""
    return 0.0 if young_deaths == 0 else min(PAUSE_MAX_S, FIRST_PAUSE_S * 2 ** (young_deaths - 1))
