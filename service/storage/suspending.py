"""Suspending (Ctrl-Z): a process stops between two transactions, and never in the middle of one.

A process that is stopped in a transaction keeps its locks for as long as it sleeps, and nobody else can post.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator


class Suspension:
    """Puts off the stop of a process until no transaction is open."""

    def __init__(self) -> None:
        """Nobody has asked for a stop."""
        # The handler of a signal may run in the middle of what its own thread does here.
        self._lock = threading.RLock()
        self._open = 0
        self._is_wanted = False

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """While a transaction is open. At its end the process is stopped, if that is what was waited for."""
        with self._lock:
            self._open += 1
        try:
            yield
        finally:
            with self._lock:
                self._open -= 1
                if self._is_wanted and self._open == 0:
                    self._stop()

    def ask(self) -> None:
        """Stops the process now, or after the transactions that are open."""
        with self._lock:
            if self._open:
                self._is_wanted = True
            else:
                self._stop()

    def _stop(self) -> None:
        # With the lock, so that no thread begins a transaction between here and there.
        self._is_wanted = False
        os.kill(os.getpid(), signal.SIGSTOP)


SUSPENSION = Suspension()
"""That of this process."""


def _ask_for_a_stop(*_signal: object) -> None:
    SUSPENSION.ask()


def stop_between_transactions() -> None:
    """From now on the process takes SIGTSTP as said above, unless it was told to ignore it."""
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, _ask_for_a_stop)
