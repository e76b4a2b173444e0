"""The turns in which writers write: the threads of a process take turns first, then the processes do."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from service.storage.engines import POOL_TIMEOUT_S
from service.storage.fair_lock import FairLock
from service.storage.faults import DatabaseUnavailable


class ProcessLock(Protocol):
    """What keeps the other processes waiting."""

    waited_s: float

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Waits for the lock and holds it; for one thread at a time. May raise OSError."""

    def close(self) -> None:
        """Lets go of its file."""


class WritingTurns:
    """One writer at a time, in the order of asking, so that a fold does not wait for ever for posts.

    A thread that has its turn already uses it for its next transaction, whose end gives it back. So the committer can
    wait first, and then write all requests that have come meanwhile.
    """

    def __init__(self, processes: ProcessLock | None, fault_of: Callable[[OSError], Exception]) -> None:
        """`processes` is None for a database in memory. `fault_of` tells what an OSError of that lock means."""
        self._threads = FairLock()
        self._processes, self._fault_of = processes, fault_of
        self._turn: _Turn | None = None
        self._held = contextlib.ExitStack()

    @property
    def waited_s(self) -> float:
        """How long the last turn waited until other processes had ended theirs."""
        return 0.0 if self._processes is None else self._processes.waited_s

    @contextlib.contextmanager
    def taken(self) -> Iterator[None]:
        """Waits for the turn, unless this thread has it, and gives it back, unless something inside has done so.

        Raises DatabaseUnavailable, or what an error of the lock among processes means.
        """
        turn = self._mine() or self._take()
        try:
            yield
        finally:
            self._end(turn)

    def _mine(self) -> "_Turn | None":
        turn = self._turn
        return turn if turn is not None and turn.thread == threading.get_ident() else None

    def _take(self) -> "_Turn":
        if not self._threads.take(POOL_TIMEOUT_S):
            raise DatabaseUnavailable("other writers did not end in time")
        try:
            if self._processes is not None:
                self._held.enter_context(self._processes.turn())
        except BaseException as error:
            self._threads.give_back()
            if isinstance(error, OSError):
                raise self._fault_of(error) from error
            raise
        turn = self._turn = _Turn(threading.get_ident())
        return turn

    def give_back(self) -> None:
        """Gives the turn of this thread back, if it has the turn."""
        turn = self._mine()
        if turn is not None:
            self._end(turn)

    def _end(self, turn: "_Turn") -> None:
        """Gives a turn back, unless that was done. The transaction that used it may end in another thread."""
        if self._turn is not turn:
            return
        self._turn = None
        try:
            self._held.close()
        finally:
            self._threads.give_back()

    def close(self) -> None:
        """Closes the lock's file; the next turn opens it again. For a thread that is writing it stays open."""
        if self._processes is not None and self._threads.take(0):
            self._processes.close()
            self._threads.give_back()


class _Turn:
    """One turn, and the thread that waited for it."""

    def __init__(self, thread: int) -> None:
        self.thread = thread
