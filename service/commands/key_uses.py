"""Notes on which business day each API key was last used, without any request waiting for it.

It is for an operator who asks which keys can be revoked. So a day may be missing: when the process ends in the moment
after a request, and where the database can't be written.
"""

import datetime
import queue
import threading

import structlog

from service.ledger import Ledger
from service.storage import key_uses

RETRY_AFTER_S = 60.0
"""How long uses that could not be written wait, unless another key is used before."""

_log = structlog.get_logger()


class KeyUses:
    """The uses of API keys that a process has seen. It writes each key once for each day."""

    def __init__(self, ledger: Ledger) -> None:
        """Begins without uses. Nothing is written before `save` is called, or the thread that `start` begins."""
        self._ledger = ledger
        self._noted: dict[int, datetime.date] = {}
        self._new: queue.SimpleQueue[tuple[int, datetime.date]] = queue.SimpleQueue()
        self._unwritten: dict[int, datetime.date] = {}

    def note(self, key_id: int) -> None:
        """Notes that a key is used now. It looks into one dictionary, and waits for nothing."""
        today = self._ledger.today()
        if self._noted.get(key_id) != today:
            self._noted[key_id] = today
            self._new.put((key_id, today))

    def save(self, timeout_s: float | None = 0.0) -> None:
        """Writes the uses that are not written yet; it waits for one until the timeout. A failure is only logged."""
        self._take(timeout_s)
        if not self._unwritten:
            return
        try:
            if self._ledger.database.is_read_only():
                return
            with self._ledger.database.writing() as connection:
                key_uses.save(connection, self._unwritten)
        except Exception as fault:  # noqa: BLE001 (a thread that fails ends the process, and a note is not worth that)
            _log.warning("key-uses-not-written", error=type(fault).__name__)
            return
        self._unwritten = {}

    def start(self) -> None:
        """Begins the thread that writes for as long as the process lives."""
        threading.Thread(target=self._keep_saving, name="key-uses", daemon=True).start()

    def _keep_saving(self) -> None:
        while True:
            self.save(RETRY_AFTER_S if self._unwritten else None)

    def _take(self, timeout_s: float | None) -> None:
        """Takes the uses that were noted. It waits for the first one: for ever without a timeout."""
        try:
            key_id, day = self._new.get(timeout=timeout_s) if timeout_s != 0.0 else self._new.get_nowait()
            while True:
                self._unwritten[key_id] = day
                key_id, day = self._new.get_nowait()
        except queue.Empty:
            return
