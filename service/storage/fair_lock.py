"""Locks that are given in the order of asking: among the threads of a process, and among processes.

Python's own goes to whoever is quickest, and a thread that writes all the time is always quicker than one that waits.
So it is with SQLite's lock between processes, for which whoever comes second looks again and again.
"""

import contextlib
import fcntl
import os
import pathlib
import threading
import time
from collections import deque
from collections.abc import Iterator

from service.storage.private_files import PRIVATE_FILE
from service.storage.sleepers import Waker


class FairLock:
    """Whoever asks gets the turn after those who asked before."""

    def __init__(self) -> None:
        """Nobody has the turn."""
        self._inside = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, timeout_s: float) -> bool:
        """Waits for the turn; False when it did not come in time."""
        with self._inside:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        if mine.acquire(timeout=timeout_s):
            return True
        with self._inside:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return False
        return True  # It was handed over in the last moment.

    def give_back(self) -> None:
        """Hands the turn to the next who waits."""
        with self._inside:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False


class FairFileLock:
    """Turns among all processes that write to one SQLite file, by a lock of the system on a file beside it.

    A process that dies gives its turn back, and one that is stopped is woken until it has done so. Whoever waits sleeps
    until it is his: there is no time after which he gives up, for transactions are short, and the callers of a long one
    are answered by the committer.
    """

    def __init__(self, database: pathlib.Path) -> None:
        """Opens nothing yet."""
        self._database = database
        self._descriptor: int | None = None
        self._waker = Waker()
        self.waited_s = 0.0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """The turn, for one thread of the process at a time. Raises OSError when the file can't be made."""
        if self._descriptor is None:
            self._descriptor = open_beside(self._database, "-turns")
        self._wait(self._descriptor)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _wait(self, descriptor: int) -> None:
        """Waits for the turn, notes how long that took, and wakes a process that sleeps with it."""
        began = time.monotonic()
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._waker.begin(descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            finally:
                self._waker.end()
        self.waited_s = time.monotonic() - began

    def close(self) -> None:
        """Closes the file; the next turn opens it again."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def open_beside(database: pathlib.Path, suffix: str) -> int:
    """A file beside the database to lock, for whoever may read the database: of the same owner, as SQLite's own are.

    Raises OSError.
    """
    path = database.with_name(database.name + suffix)
    owner = database.stat() if database.exists() else None
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, PRIVATE_FILE if owner is None else owner.st_mode & 0o777)
    if owner is not None and os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor
