"""Looks at the primary for reports that a standby can answer: in time, whether the primary answers or not."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from service.queries.ledger_state import LedgerStateReader
from service.storage.faults import DatabaseUnavailable, OtherRevision
from service.storage.ledger_state import LoggedState

PRIMARY_WITHIN_S = 2.0
"""How long a report waits for the primary. A frozen server would keep it for ten seconds."""
TRY_AGAIN_S = 0.25
LOOKS_AT_ONCE = 2


class Look(NamedTuple):
    """What the primary has told since a time of time.monotonic; None when no primary has answered."""

    logged: LoggedState | None
    since_s: float


class PrimaryLooks:
    """Remembers that the primary is away, and asks in the background until it answers again."""

    def __init__(self, states: LedgerStateReader) -> None:
        """Starts no thread before the first look."""
        self._states = states
        self._asking: ThreadPoolExecutor | None = None
        self._changing = threading.Lock()
        self._is_away = False

    def look(self) -> Look:
        """Asks the primary, unless it is known to be away. Raises OtherRevision."""
        since_s = time.monotonic()
        if self._is_away:
            return Look(None, since_s)
        try:
            return Look(self._pool().submit(self._states.logged).result(PRIMARY_WITHIN_S), since_s)
        except OtherRevision:
            raise
        except (DatabaseUnavailable, TimeoutError):
            self._note_away()
            return Look(None, since_s)

    def note_answer(self) -> None:
        """Notes that the primary has just answered something else, so that the next look asks it."""
        self._is_away = False

    def _pool(self) -> ThreadPoolExecutor:
        with self._changing:
            if self._asking is None:
                self._asking = ThreadPoolExecutor(LOOKS_AT_ONCE, thread_name_prefix="primary")
            return self._asking

    def _note_away(self) -> None:
        with self._changing:
            if self._is_away:
                return
            self._is_away = True
        threading.Thread(target=self._try_again, name="primary-away", daemon=True).start()

    def _try_again(self) -> None:
        while self._is_away:
            time.sleep(TRY_AGAIN_S)
            try:
                self._states.logged()
            except OtherRevision:
                self._is_away = False
            except DatabaseUnavailable:
                continue
            self._is_away = False
