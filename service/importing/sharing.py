"""A committer for long work beside a service: on SQLite it leaves at least half of the writer's time to those who post.

SQLite has one writer at a time. Somebody who writes one large transaction after the other leaves the others one small
one in between, however fair their turns are.
"""

import time
from collections.abc import Sequence

from service.commands.committer import Committer
from service.commands.posting import NewEntry, Outcome
from service.ledger import Ledger
from service.queries.ledger import newest_place

ENTRIES_PER_TURN = 1000
TURN_S = 0.04
"""How long a turn may take while others want to write: they wait for it."""
ENTRIES_PER_TURN_MIN = 50
REST_PER_WORK = 2.0
"""Seconds of rest for each second of a turn. The processors are shared as well, so that an equal share of time is not
an equal share of posts."""
OTHERS_WAITED_S = 0.0005
"""Who waits for his turn longer than that waits for somebody else."""


class SharingCommitter:
    """Writes transactions as Committer does, in turns that are followed by a rest when others write as well."""

    def __init__(self, ledger: Ledger) -> None:
        """Starts no thread before the first entries."""
        self._ledger = ledger
        self._committer = Committer(ledger)
        self._entries_per_turn = ENTRIES_PER_TURN
        self._others_post = False

    def submit(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        """Waits for the commits and returns an outcome for each entry, in order. Raises Unavailable.

        It waits for as long as they take: the process may be suspended in between.
        """
        if not self._ledger.database.is_sqlite:
            return self._committer.submit(entries, timeout_s=None)
        outcomes: list[Outcome] = []
        while len(outcomes) < len(entries):
            start = len(outcomes)
            outcomes += self._take_a_turn(entries[start : start + self._entries_per_turn])
        return outcomes

    def close(self) -> None:
        """Ends the thread."""
        self._committer.close()

    def _take_a_turn(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        began = time.monotonic()
        outcomes = self._committer.submit(entries, timeout_s=None)
        waited_s = self._ledger.database.waited_s
        took_s = time.monotonic() - began - waited_s
        if self._others_post or waited_s > OTHERS_WAITED_S:
            self._others_post = self._rest(took_s * REST_PER_WORK)
        fitting = int(len(entries) * TURN_S / took_s) if self._others_post else ENTRIES_PER_TURN
        self._entries_per_turn = max(ENTRIES_PER_TURN_MIN, min(ENTRIES_PER_TURN, fitting))
        return outcomes

    def _rest(self, rest_s: float) -> bool:
        """Leaves the turn to others. Whether somebody has posted; else it was the folder that was met."""
        before = newest_place(self._ledger)
        time.sleep(rest_s)
        return newest_place(self._ledger) != before
