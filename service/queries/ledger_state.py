"""The state of the ledger, read once for all the requests that ask at the same time."""

import threading
from collections import deque

from service.ledger import Ledger
from service.storage.ledger_state import LedgerState, Watch


class LedgerStateReader:
    """Tells the state of the ledger as of a moment after it was asked.

    On SQLite every caller looks for itself, with a watch that is free, which takes a few microseconds. On PostgreSQL a
    read is a round trip, so it is shared: whoever asks while one is under way must not get that one, which may have
    begun before their question, but shares the next.
    """

    def __init__(self, ledger: Ledger) -> None:
        """Reads nothing yet."""
        self._ledger = ledger
        # Not one for each thread: the server's threads end when they are idle, and what a thread keeps for itself would
        # be taken apart with it, when Python can't run there any more.
        self._free: deque[Watch] = deque()
        self._watch = Watch(ledger.database)
        self._changed = threading.Condition()
        self._begun = 0
        self._ended = 0
        self._is_reading = False
        self._answer: LedgerState | BaseException | None = None

    def now(self) -> LedgerState:
        """The state, not older than this call. Raises DatabaseUnavailable."""
        return self._looked_up() if self._ledger.database.is_sqlite else self._shared()

    def _looked_up(self) -> LedgerState:
        try:
            watch = self._free.pop()
        except IndexError:
            watch = Watch(self._ledger.database)
        try:
            return watch.read()
        finally:
            self._free.append(watch)

    def _shared(self) -> LedgerState:
        with self._changed:
            wanted = self._begun + 1
            while self._ended < wanted and self._is_reading:
                self._changed.wait()
            if self._ended >= wanted:
                return self._told()
            self._begun, self._is_reading = wanted, True
        try:
            answer: LedgerState | BaseException = self._watch.read()
        except BaseException as error:  # noqa: BLE001 (whoever waits must hear of it too)
            answer = error
        with self._changed:
            self._answer, self._ended, self._is_reading = answer, wanted, False
            self._changed.notify_all()
            return self._told()

    def _told(self) -> LedgerState:
        if isinstance(self._answer, BaseException):
            raise self._answer
        assert self._answer is not None
        return self._answer
