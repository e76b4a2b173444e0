"""Suspends a process (Ctrl-Z) between two transactions, and never in the middle of one.

A process that is stopped in a transaction keeps its locks as long as it is stopped, and no other process can post.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator


class Suspension:
    """Delays the stop of a process until no transaction is open."""

    def __init__(self) -> None:
        """Begins without a stop that is asked for."""
        # The handler of a signal may run while its own thread is inside one of these methods.
        self._lock = threading.RLock()
        self._open = 0
        self._is_wanted = False

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """Holds off a stop while a transaction is open. At its end the process stops, if a stop was asked for."""
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
        """Stops the process now, or at the end of the transactions that are open."""
        with self._lock:
            if self._open:
                self._is_wanted = True
            else:
                self._stop()

    def _stop(self) -> None:
        # The caller has the lock, so that no thread begins a transaction before the process stops.
        self._is_wanted = False
        # A signal to the process may be taken by a thread that has yet to wake up; until then this one would go on.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


SUSPENSION = Suspension()
"""The suspension of this process."""


def stop_between_transactions() -> None:
    """Makes this process stop between transactions on SIGTSTP, unless it was told to ignore that signal.

    Processes that are forked off do so as well. Call it before other threads begin.
    """
    if signal.getsignal(signal.SIGTSTP) is signal.SIG_DFL:
        signal.signal(signal.SIGTSTP, lambda *_: SUSPENSION.ask())  # For threads that have begun before.
        # Python runs handlers in the main thread, which may sleep on where another thread got the signal, as happens in
        # a process that was woken for it (service.storage.sleepers). So only the thread that waits for it gets it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
        _wait_for_signals()
        os.register_at_fork(after_in_child=_wait_for_signals)


def stop_at_once() -> None:
    """Makes this process stop on SIGTSTP wherever it is, as any other does. It has begun with its parent's mask."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})


def _wait_for_signals() -> None:
    threading.Thread(target=_stop_on_each, name="suspending", daemon=True).start()


def _stop_on_each() -> None:
    while True:
        signal.sigwait({signal.SIGTSTP})
        SUSPENSION.ask()
