"""The read queue runs two reads at a time, in the order in which they came, with pauses while other requests write.

A process runs Python in one thread at a time. 200 lists that run at once are each slower than when they run one after
the other. A write needs to run Python ten times for a moment, and would wait for all the lists each time.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from service.figures.answering import ADMISSION_REFUSED
from service.http.admission import FULL, READ_METHODS, refuse
from service.http.request_context import Note, context_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = "/v1/"
READS_AT_ONCE = 2
OVERTAKEN_MAX = 16
WAIT_MAX_S = 5.0
LONG_S = 1.0
"""A read that takes longer than this waits for the database, and not for Python: another read may begin beside it."""
PAUSE_MAX_S = 1.0
PAUSE = 3 * READS_AT_ONCE - 1
"""While others write, a turn pauses for this many times the time that its read took: on average a third of a read
runs."""


class ReadQueue:
    """A WSGI application that lets reads wait for their turn, and then calls another WSGI application."""

    def __init__(
        self,
        application: "WSGIApplication",
        note: Note,
        has_writes: Callable[[], bool],
        wait_max_s: float = WAIT_MAX_S,
        long_s: float = LONG_S,
    ) -> None:
        """`note` is told of each refused read; `has_writes` tells whether a write is inside."""
        self._application, self._note, self._has_writes = application, note, has_writes
        self._wait_max_s, self._long_s = wait_max_s, long_s
        self._changing = threading.Lock()
        self._begins = [0.0] * READS_AT_ONCE
        """For each free turn, the time at which the next read may begin."""
        self._waiting: deque[_Read] = deque()
        self._running: set[_Read] = set()
        self._overtaken = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers 503 when the turn did not come in time."""
        if environ["REQUEST_METHOD"] not in READ_METHODS or not environ["PATH_INFO"].startswith(PATHS):
            return self._application(environ, start_response)
        read = _Read()
        if not self._begin(read):
            ADMISSION_REFUSED.add(1, "queue")
            return refuse(FULL, self._note, environ, start_response)
        if (pause_s := read.begin - time.monotonic()) > 0:
            time.sleep(pause_s)
        read.begin = time.monotonic()
        # The log and the metrics get the time that the read takes, without the time that it waited for its turn.
        context_of(environ).started_s = time.perf_counter()
        try:
            return self._application(environ, start_response)
        finally:
            self._end(read)

    def _begin(self, read: "_Read") -> bool:
        """Waits for a turn, and returns whether it came in time."""
        until = time.monotonic() + self._wait_max_s
        with self._changing:
            if self._begins:
                self._run(read, earliest := min(self._begins))
                self._begins.remove(earliest)
                return True
            self._waiting.append(read)
        while not read.may_run.acquire(timeout=max(0.0, min(self._long_s, until - time.monotonic()))):
            with self._changing:
                if read in self._running:  # The turn came in the last moment.
                    return True
                if not self._overtake(read) and time.monotonic() < until:
                    continue
                self._waiting.remove(read)
                return read in self._running
        return True

    def _overtake(self, read: "_Read") -> bool:
        """Runs a read beside a slow one, and returns whether it could. The slow read then has no turn to give back."""
        now = time.monotonic()
        slow = next((one for one in self._running if one.has_turn and now - one.begin > self._long_s), None)
        if slow is None or self._overtaken >= OVERTAKEN_MAX:
            return False
        slow.has_turn = False
        self._overtaken += 1
        self._run(read, now)
        return True

    def _run(self, read: "_Read", begin: float) -> None:
        read.begin = begin
        self._running.add(read)

    def _end(self, read: "_Read") -> None:
        begin = ended = time.monotonic()
        if self._has_writes():
            begin += min(PAUSE * (ended - read.begin), PAUSE_MAX_S)
        with self._changing:
            self._running.remove(read)
            if not read.has_turn:
                self._overtaken -= 1
            elif self._waiting:
                following = self._waiting.popleft()
                self._run(following, begin)
                following.may_run.release()
            else:
                self._begins.append(begin)


class _Read:
    """A read that waits or runs. `begin` is the time at which it may begin, and later the time at which it began."""

    def __init__(self) -> None:
        self.begin = 0.0
        self.has_turn = True
        self.may_run = threading.Lock()
        self.may_run.acquire()
