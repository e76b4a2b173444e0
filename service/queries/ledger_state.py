"""Reads the state of the ledger once for all requests that ask at the same time."""

import threading
from collections import deque

from service.ledger import Ledger
from service.storage.ledger_state import LedgerState, LoggedState, Watch


class LedgerStateReader:
    """Tells the state of the ledger at a moment after the caller asked for it.

    On SQLite each caller reads for itself, with a watch that is free, in a few microseconds. On PostgreSQL a read is a
    round trip, so callers share it. A caller who asks while a read is running can't use that read, because it may have
    begun before the question; the caller shares the next one.
    """

    def __init__(self, ledger: Ledger, *, with_log: bool = False) -> None:
        """Reads nothing before the first call of `now`. `with_log` is for `logged`."""
        self._ledger = ledger
        # The watches are shared among threads, because the server's threads end when they are idle. The objects that a
        # thread keeps for itself are destroyed at its end, when Python can no longer run in that thread.
        self._free: deque[Watch] = deque()
        self._watch = Watch(ledger.database, with_log=with_log)
        self._changed = threading.Condition()
        self._begun = 0
        self._ended = 0
        self._is_reading = False
        self._answer: LoggedState | BaseException | None = None

    def now(self) -> LedgerState:
        """The state at a moment after the beginning of this call. Raises DatabaseUnavailable."""
        return self.logged().state

    def logged(self) -> LoggedState:
        """Like `now`, with the state's place in PostgreSQL's log. Raises DatabaseUnavailable."""
        return self._looked_up() if self._ledger.database.is_sqlite else self._shared()

    def _looked_up(self) -> LoggedState:
        try:
            watch = self._free.pop()
        except IndexError:
            watch = Watch(self._ledger.database)
        try:
            return watch.read_logged()
        finally:
            self._free.append(watch)

    def _shared(self) -> LoggedState:
        with self._changed:
            wanted = self._begun + 1
            while self._ended < wanted and self._is_reading:
                self._changed.wait()
            if self._ended >= wanted:
                return self._told()
            self._begun, self._is_reading = wanted, True
        try:
            answer: LoggedState | BaseException = self._watch.read_logged()
        except BaseException as error:  # noqa: BLE001 (the callers that wait must get it too)
            answer = error
        with self._changed:
            self._answer, self._ended, self._is_reading = answer, wanted, False
            self._changed.notify_all()
            return self._told()

    def _told(self) -> LoggedState:
        if isinstance(self._answer, BaseException):
            raise self._answer
        assert self._answer is not None
        return self._answer
