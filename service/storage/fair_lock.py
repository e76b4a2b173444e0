"""Fair locks, which are given in the order of asking: one among the threads of a process, one among processes.

Python's own lock goes to the quickest thread, and a thread that writes all the time is always quicker than a thread
that waits. The same is true of SQLite's lock between processes, because a process that waits only looks from time to
time whether the lock is free.
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
    """A lock for threads: each thread gets it after the threads that asked for it before."""

    def __init__(self) -> None:
        """Begins as a free lock."""
        self._inside = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()

    def take(self, timeout_s: float) -> bool:
        """Waits for the lock; returns False when the thread did not get it in time."""
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
        return True  # Another thread has handed the lock over at the last moment.

    def give_back(self) -> None:
        """Gives the lock to the next thread that waits, or makes it free."""
        with self._inside:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False


class FairFileLock:
    """A lock for all processes that write to one SQLite file: a lock of the system on a file beside it.

    The system frees the lock of a process that dies. A process that is stopped while it has the lock is woken until it
    has freed it. A process that waits has no timeout, because transactions are short, and the committer answers callers
    while a long one runs.
    """

    def __init__(self, database: pathlib.Path) -> None:
        """Keeps the database's path; the first turn opens the lock file."""
        self._database = database
        self._descriptor: int | None = None
        self._waker = Waker()
        self.waited_s = 0.0

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for the lock and holds it; for one thread at a time. Raises OSError when the file can't be made."""
        if self._descriptor is None:
            self._descriptor = open_beside(self._database, "-turns")
        self._wait(self._descriptor)
        try:
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _wait(self, descriptor: int) -> None:
        """Waits for the lock, notes how long that took, and wakes a stopped process that has the lock."""
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
    """Opens a file beside the database for a lock. It gets the database's owner and rights, as SQLite's own files do.

    Raises OSError.
    """
    path = database.with_name(database.name + suffix)
    owner = database.stat() if database.exists() else None
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, PRIVATE_FILE if owner is None else owner.st_mode & 0o777)
    if owner is not None and os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor
