"""The folder of a process: a thread that folds the tail every second, or as soon as it is long."""

import threading

import structlog

from service.commands.folding import fold
from service.ledger import Ledger
from service.queries.ledger import tail_length
from service.storage.engine import DatabaseUnavailable, NotWritten, OutcomeUnknown

INTERVAL_S = 1.0
PAUSE_AFTER_FAULT_S = 5.0

_log = structlog.get_logger()


class Folder:
    """Folds in the background; reports stay exact without it, only slower."""

    def __init__(self, ledger: Ledger) -> None:
        """Starts nothing yet."""
        self._ledger = ledger
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="folder", daemon=True)

    def start(self) -> None:
        """Begins to fold. Killed at any point it loses nothing: each fold is one transaction."""
        self._thread.start()

    def stop(self) -> None:
        """Ends after the fold at hand."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        pause = INTERVAL_S
        while not self._stopping.wait(pause):
            try:
                pause = 0.0 if self._fold_once() else INTERVAL_S
            except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
                _log.warning("fold-failed", error=type(fault).__name__)
                pause = PAUSE_AFTER_FAULT_S

    def _fold_once(self) -> bool:
        """Folds a block; whether there is more. An idle ledger is only read, so that no writer waits."""
        if tail_length(self._ledger) == 0:
            return False
        folded = fold(self._ledger)
        if folded is not None:
            _log.debug("folded", block=folded.block.no, entries=folded.block.count)
        return folded is not None and folded.is_more
