"""What each caller was told, so that no later answer is older: numbers that the processes of a server share.

Reports may come from a standby, which is behind. A caller who was answered by the primary (a post, a list) must then
find in a report what that answer held. So the time of each such answer is noted, which costs a post next to nothing. A
look at the primary's log that began later says how far a standby has to be: that is noted as well.
"""

import os
import threading
from typing import NamedTuple

from service.figures.memory import MARKS_FIRST, MARKS_MAX, Counts

_NUMBERS = 4
CALLERS_MAX = MARKS_MAX // _NUMBERS - 1
"""Two API keys whose ids differ by this share a mark: an answer to one may then wait for what the other was told."""
_FORGOTTEN = MARKS_FIRST + CALLERS_MAX * _NUMBERS
"""The place of one more number: the time at which the places of all callers were forgotten."""
_OWNER = _FORGOTTEN + 1
"""The place of the id of the process that has last noted a place of the log, or a position, in a part."""
TAILS_APART = 2**24
"""A position is kept as one number: the block times this, and the length of the tail."""

_changing = threading.Lock()


class CallerMark(NamedTuple):
    """How new an answer to a caller must be at least.

    `lsn` is the place of the log that its server must have applied, `position` that of the newest report before. With
    `is_known` false, the caller was told more since `lsn` was found out, and a new look at the primary is needed.
    """

    lsn: float
    position: float
    is_known: bool


def number_of(block: int, tail: int) -> float:
    """A position as one number; later positions have larger numbers."""
    return float(block * TAILS_APART + min(tail, TAILS_APART - 1))


def note_told(caller: int, at_s: float) -> None:
    """Notes that the primary has told a caller something by this time, by time.monotonic."""
    counts, first = Counts.of_this_process(), _first(caller)
    with _changing:
        (told_s,) = counts.mine(first, 1)
        counts.put(first, max(told_s, at_s))


def note_found(caller: int, since_s: float, lsn: float) -> None:
    """Notes that all which the caller was told before a time is in the log before this place."""
    counts, first = Counts.of_this_process(), _first(caller)
    with _changing:
        _, found_s, known_lsn, _ = counts.mine(first, _NUMBERS)
        # The place is written first: another process must not see the new time with the old place.
        counts.put(_OWNER, os.getpid())
        counts.put(first + 2, max(known_lsn, lsn))
        counts.put(first + 1, max(found_s, since_s))


def note_shown(caller: int, lsn: float, position: float) -> None:
    """Notes that a report has shown the caller a position, which lies before this place of the log."""
    counts, first = Counts.of_this_process(), _first(caller)
    with _changing:
        *_, known_lsn, shown = counts.mine(first, _NUMBERS)
        counts.put(_OWNER, os.getpid())
        counts.put(first + 2, max(known_lsn, lsn))
        counts.put(first + 3, max(shown, position))


def mark_of(caller: int) -> CallerMark:
    """How new the next answer to a caller must be, by what all processes of the server have told."""
    counts = Counts.of_this_process()
    parts = counts.each(_first(caller), _NUMBERS)
    told_s, found_s, lsn, position = (max(numbers) for numbers in zip(*parts, strict=True))
    forgotten_s = max(at_s for (at_s,) in counts.each(_FORGOTTEN))
    return CallerMark(lsn, position, found_s >= max(told_s, forgotten_s))


def forget_places(at_s: float) -> None:
    """Notes that the log may have another end since a time: what callers were told has to be found in it again.

    Positions are forgotten too: after a fail-over, what was shown and not acknowledged may be gone. Each process
    forgets its own, and those of processes that have ended, which nobody else would.
    """
    counts = Counts.of_this_process()
    with _changing:
        for part, (owner,) in enumerate(counts.each(_OWNER)):
            if owner == os.getpid() or _has_ended(int(owner)):
                counts.clear(part, [first + at for first in range(MARKS_FIRST, _FORGOTTEN, _NUMBERS) for at in (2, 3)])
        counts.put(_FORGOTTEN, at_s)


def _has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _first(caller: int) -> int:
    return MARKS_FIRST + caller % CALLERS_MAX * _NUMBERS
