"""The folder folds the tail every second, and at once while more of it is left. `hushi serve` runs it as a process.

A fold takes a few microseconds of Python for each entry. In a process that serves, the posts would wait for that time
(docs/decisions/0010).
"""

import os
import signal
import sys
import threading
import time

import structlog

from service.commands.folding import fold
from service.commands.processing_folding import fold_transfers
from service.config import read_settings
from service.figures import tracing
from service.figures.families import Family
from service.figures.folding import ENTRIES_FOLDED, FOLD_SECONDS, FOLDS_FAILED
from service.figures.memory import Counts
from service.ledger import Ledger
from service.queries.ledger import tail_length
from service.server.lifetimes import end_with_any_thread, start_thread
from service.server.logs import configure_logs, let_nothing_wait_for_standard_error
from service.server.memory import look_for_cycles_rarely
from service.server.opening import open_or_end
from service.server.sampling import sampler_of
from service.server.self_checking import SelfChecker
from service.server.traces import begin_tracing
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown, ReadOnlyDatabase
from service.storage.identity import FileId
from service.storage.suspending import stop_between_transactions

INTERVAL_S = 1.0
PAUSE_AFTER_FAULT_S = 5.0
LOOK_FOR_SIGNALS_S = 0.1
STOP_TIMEOUT_S = 20.0

_log = structlog.get_logger()


class Folder:
    """Folds in the background. Without it, reports stay exact but get slower."""

    def __init__(self, ledger: Ledger) -> None:
        """Keeps the ledger; `start` begins to fold."""
        self._ledger = ledger
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begins to fold. Nothing is lost when the folder is killed, because each fold is one transaction.

        When the folding fails, the process ends, because a folder that does not fold must not look like one that does.
        """
        self._thread = start_thread(self._work, "folder")

    def stop(self) -> None:
        """Waits for the fold that is running, for STOP_TIMEOUT_S at most, and ends the folding."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _work(self) -> None:
        pause = INTERVAL_S
        while not self._stopping.wait(pause):
            try:
                pause = 0.0 if self._fold_once() else INTERVAL_S
            except ReadOnlyDatabase:
                # A standby gets its blocks from the primary, and folds once it has become the primary itself.
                pause = PAUSE_AFTER_FAULT_S
            except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
                FOLDS_FAILED.add(1)
                _log.warning("fold-failed", error=type(fault).__name__)
                pause = PAUSE_AFTER_FAULT_S

    def _fold_once(self) -> bool:
        """Folds a block, and some transfers, and returns whether more of either is left.

        It only reads an idle ledger, so that no writer waits.
        """
        is_more = tail_length(self._ledger) > 0 and self._fold_block()
        lines = fold_transfers(self._ledger)
        if lines:
            _log.debug("folded-transfers", lines=lines)
        return is_more or lines > 0

    def _fold_block(self) -> bool:
        began = time.perf_counter()
        with tracing.span("fold") as span:
            folded = fold(self._ledger)
            if span is not None and folded is not None:
                span.set_attributes({"hushi.block": folded.block.no, "hushi.entries": folded.block.count})
        if folded is not None:
            FOLD_SECONDS.observe(time.perf_counter() - began)
            ENTRIES_FOLDED.add(folded.block.count)
            _log.debug("folded", block=folded.block.no, entries=folded.block.count)
        return folded is not None and folded.is_more


def _count_with_the_server(descriptor: int, part: int = 0, layout: int = 0) -> None:
    """Shares the figures of the server that has started this process; a newer version of the code may have others."""
    if descriptor >= 0 and layout == Family.layout():
        Counts.join(descriptor, part)


def main(parent: int, served: FileId | None = None) -> None:
    """Folds the ledger of the environment until this process is told to stop, or its parent process ends.

    `parent` is the id of the process that started this one. It is an argument because the parent may have ended before
    this process could ask for it. `served` is the file of SQLite that the server has begun with.
    """
    settings = read_settings(os.environ)
    configure_logs(settings.log_level)
    let_nothing_wait_for_standard_error()
    end_with_any_thread()
    look_for_cycles_rarely()
    begin_tracing(os.environ)
    stop_between_transactions()
    stop_signals: list[int] = []
    for stop in (signal.SIGTERM, signal.SIGINT):
        # The handler takes no lock: the main thread, which it interrupts, may hold any lock just then.
        signal.signal(stop, lambda number, _: stop_signals.append(number))
    ledger = open_or_end(settings, served)
    sampler_of("folding", ledger, settings).start()
    folder = Folder(ledger)
    folder.start()
    checker = SelfChecker(ledger)
    checker.start()
    while not stop_signals and os.getppid() == parent:
        time.sleep(LOOK_FOR_SIGNALS_S)
    folder.stop()
    checker.stop()


if __name__ == "__main__":
    counted_in = map(int, sys.argv.pop(2).split(","))
    _count_with_the_server(*counted_in)
    started_by, *of_file = map(int, sys.argv[1:])
    main(started_by, (of_file[0], of_file[1]) if of_file else None)
