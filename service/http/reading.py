"""Reads take turns: a few at a time, in the order in which they came, with pauses between them while others write.

A process runs Python in one thread at a time. 200 lists at once are each slower than one after the other, and a write,
which needs that thread ten times for a moment, would wait for all of them ten times.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from service.http.gate import FULL, READ_METHODS, refuse
from service.http.known_answers import Note

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = "/v1/"
READS_AT_ONCE = 4
WAIT_MAX_S = 5.0
PAUSE_MAX_S = 1.0


class ReadingTurns:
    """A WSGI application in front of another one."""

    def __init__(
        self,
        application: "WSGIApplication",
        note: Note,
        has_writes: Callable[[], bool],
        at_once: int = READS_AT_ONCE,
        wait_max_s: float = WAIT_MAX_S,
    ) -> None:
        """`note` is told of each refused read; `has_writes` tells whether a write is inside."""
        self._application, self._note, self._has_writes = application, note, has_writes
        self._wait_max_s = wait_max_s
        self._pause = 2 * at_once - 1
        """While others write, a turn rests so many times as long as its read took: on average half a read runs."""
        self._changing = threading.Lock()
        self._free_from = [0.0] * at_once
        """When the next read may begin on each turn that is free."""
        self._waiting: deque[_Waiting] = deque()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers 503 when the turn did not come in time."""
        if environ["REQUEST_METHOD"] not in READ_METHODS or not environ["PATH_INFO"].startswith(PATHS):
            return self._application(environ, start_response)
        begin = self._take()
        if begin is None:
            return refuse(FULL, self._note, environ, start_response)
        if (pause_s := begin - time.monotonic()) > 0:
            time.sleep(pause_s)
        started = time.monotonic()
        try:
            return self._application(environ, start_response)
        finally:
            self._give_back(started)

    def _take(self) -> float | None:
        """When the turn begins that is now this thread's; None when none came in time."""
        with self._changing:
            if self._free_from:
                earliest = min(self._free_from)
                self._free_from.remove(earliest)
                return earliest
            mine = _Waiting()
            self._waiting.append(mine)
        if mine.woken.acquire(timeout=self._wait_max_s):
            return mine.begin
        with self._changing:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return None
        return mine.begin  # It came in the last moment.

    def _give_back(self, started: float) -> None:
        begin = ended = time.monotonic()
        if self._has_writes():
            begin += min(self._pause * (ended - started), PAUSE_MAX_S)
        with self._changing:
            if self._waiting:
                following = self._waiting.popleft()
                following.begin = begin
                following.woken.release()
            else:
                self._free_from.append(begin)


class _Waiting:
    """A thread that waits for its turn."""

    def __init__(self) -> None:
        self.begin = 0.0
        self.woken = threading.Lock()
        self.woken.acquire()
