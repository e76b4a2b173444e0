"""A committer for long work beside a service. On SQLite it leaves at least half of the writing time to other writers.

SQLite has one writer at a time. If the import wrote one large transaction after the other, a post could write only one
small transaction between two of them, even under a fair lock.
"""

import time
from collections.abc import Sequence

from service.commands.committer import Committer
from service.commands.posting import NewEntry, Outcome
from service.ledger import Ledger
from service.queries.ledger import newest_place

ENTRIES_PER_TURN = 1000
TURN_S = 0.04
"""How long a turn may take while others want to write. The others wait for its end."""
ENTRIES_PER_TURN_MIN = 50
REST_PER_WORK = 2.0
"""Seconds of rest for each second of a turn. The processors are shared as well, so an equal share of the time would
not give an equal share of the posts."""
OTHERS_WAITED_S = 0.0005
"""When the import waits longer than this for its turn, another writer has the lock."""


class SharingCommitter:
    """Writes transactions as Committer does. On SQLite it writes in turns, and rests after each while others write."""

    def __init__(self, ledger: Ledger) -> None:
        """Keeps the ledger. The committer's thread starts with the first entries."""
        self._ledger = ledger
        self._committer = Committer(ledger)
        self._entries_per_turn = ENTRIES_PER_TURN
        self._others_post = False

    def submit(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        """Waits for the commits and returns an outcome for each entry, in order. Raises Unavailable.

        It waits without a timeout, because the process may be suspended while it waits.
        """
        if not self._ledger.database.is_sqlite:
            return self._committer.submit(entries, timeout_s=None)
        outcomes: list[Outcome] = []
        while len(outcomes) < len(entries):
            start = len(outcomes)
            outcomes += self._take_a_turn(entries[start : start + self._entries_per_turn])
        return outcomes

    def close(self) -> None:
        """Ends the committer's thread."""
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
        """Rests, and returns whether another process has posted meanwhile. If none has, the import met the folder."""
        before = newest_place(self._ledger)
        time.sleep(rest_s)
        return newest_place(self._ledger) != before
