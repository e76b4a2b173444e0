"""The self-check: every minute the service recounts one random day, and raises an alarm when a figure is wrong.

It runs in the process that folds, in a thread that rests most of the time. It reads a snapshot, so no writer waits for
it. A thread of low priority would not do: on a busy machine it would hold Python's lock for long, and the folder would
wait for it.
"""

import random
import threading
import time

import structlog

from service.commands.verification import record_self_check
from service.figures.self_checking import SELF_CHECK_SECONDS
from service.ledger import Ledger
from service.queries.verifying.one_day import CheckedDay, TookTooLong, check_random_day
from service.server.lifetimes import start_thread
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown, ReadOnlyDatabase

SELF_CHECK_INTERVAL_S = 60.0
SELF_CHECK_WITHIN_S = 20.0
"""How long a check may keep its snapshot: SQLite's log grows meanwhile. A day that needs longer is left out."""
STOP_TIMEOUT_S = 10.0

_log = structlog.get_logger()


class SelfChecker:
    """Recounts random days in the background."""

    def __init__(self, ledger: Ledger, chance: random.Random | None = None) -> None:
        """Keeps the ledger; `start` begins to check. `chance` chooses the days."""
        self._ledger = ledger
        self._chance = chance or random.Random()  # noqa: S311 (it guards no secret)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to check; the first check comes after one interval."""
        self._thread = start_thread(self._work, "self-check")

    def stop(self) -> None:
        """Gives up the check that is running, and ends the checking."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _work(self) -> None:
        while not self._stopping.wait(SELF_CHECK_INTERVAL_S):
            try:
                self.check()
            except ReadOnlyDatabase:
                pass  # A standby has what the primary has checked.
            except TookTooLong:
                if self._stopping.is_set():
                    return
                _log.warning("self-check-left-out", reason="the day has more entries than fit into its time")
            except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
                _log.warning("self-check-failed", error=type(fault).__name__)

    def check(self) -> CheckedDay | None:
        """Recounts one random day, notes it in the ledger, and logs the first wrong figure. Raises TookTooLong."""
        began = time.perf_counter()
        checked = check_random_day(self._ledger, self._chance, SELF_CHECK_WITHIN_S, self._stopping.is_set)
        SELF_CHECK_SECONDS.observe(time.perf_counter() - began)
        if checked is None:
            return None
        wrong = next(iter(checked.wrong), None)
        is_recorded = record_self_check(self._ledger, checked.day, wrong, checked.repairs)
        if wrong is None or not is_recorded:
            _log.debug("self-check", day=str(checked.day), cells=checked.cells)
        else:
            told = {**wrong._asdict(), "day": str(wrong.day)}
            _log.error("wrong-figure", **told, others=len(checked.wrong) - 1, repair="hushi verify --repair-cells")
        return checked
