"""Log lines on their way to standard error: no request and no thread ever waits for them, or fails because of them.

A full disk, a closed pipe and a pipe that nobody reads are faults of the log alone. So lines go into a bounded queue,
and one thread writes them. What does not fit, and what can't be written, is lost; it is counted, and told in the log
as soon as that takes lines again.
"""

import contextlib
import io
import os
import queue
import select
import threading
from collections.abc import Callable

LINES_WAITING_MAX = 10_000
"""A second of a busy process, some megabytes."""
LINES_AT_ONCE_MAX = 500
LOOK_WHETHER_IT_TAKES_MORE_S = 1.0
STANDARD_ERROR = 2

_Waiting = str | threading.Event


class LogLines:
    """The lines of one process for one descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Starts no thread before the first line. A process that is forked off begins with an empty queue."""
        self._descriptor = descriptor
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Lines that still wait are written by the process in which they were said, and not by its child as well."""
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._counting = threading.Lock()
        self._untold = 0
        self._is_torn = False
        self._tell: Callable[[int], None] = lambda _: None

    def on_loss(self, tell: Callable[[int], None]) -> None:
        """Has `tell` called with the number of lines that were lost, each time."""
        self._tell = tell

    def write(self, line: str) -> None:
        """Takes a whole line without its end. Never waits, never raises."""
        if self._waiting.qsize() >= LINES_WAITING_MAX:
            self._lose(1)
            return
        try:
            self._start()
        except RuntimeError:  # No thread can be started: out of memory, or the process is at its end.
            self._lose(1)
            return
        self._waiting.put(line)

    def flush(self, timeout_s: float) -> None:
        """Waits until the lines so far are written, but not longer than that."""
        if self._thread is None:
            return
        written = threading.Event()
        self._waiting.put(written)
        written.wait(timeout_s)

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    thread = threading.Thread(target=self._work, name="log", daemon=True)
                    thread.start()
                    self._thread = thread

    def _work(self) -> None:
        while True:
            at_once = [self._waiting.get()]
            try:
                while len(at_once) < LINES_AT_ONCE_MAX:
                    at_once.append(self._waiting.get_nowait())
            except queue.Empty:
                pass
            lines = [line for line in at_once if isinstance(line, str)]
            try:
                self._write_all(lines)
            except Exception:  # noqa: BLE001 (whatever it is, the next lines must find this thread alive)
                self._lose(len(lines))
            for written in at_once:
                if isinstance(written, threading.Event):
                    written.set()

    def _write_all(self, lines: list[str]) -> None:
        """Writes lines; those that can't be written are lost, and half of a line is ended before the next."""
        if not lines:
            return
        untold = self._untold
        told = [f'{{"lines": {untold}, "event": "log-lines-lost", "level": "warning"}}'] if untold else []
        begin = "\n" if self._is_torn else ""
        text = (begin + "".join(f"{line}\n" for line in [*told, *lines])).encode("utf-8", "backslashreplace")
        written = 0
        try:
            while written < len(text):
                try:
                    written += os.write(self._descriptor, text[written:])
                except BlockingIOError:  # Somebody who shares it has made it so.
                    select.select([], [self._descriptor], [], LOOK_WHETHER_IT_TAKES_MORE_S)
        except OSError:
            if written:
                self._is_torn = text[written - 1 : written] != b"\n"
            self._lose(min(text.count(b"\n", written), len(lines)))
            return
        self._is_torn = False
        with self._counting:
            self._untold -= untold

    def _lose(self, count: int) -> None:
        with self._counting:
            self._untold += count
        with contextlib.suppress(Exception):  # What counts must not harm what is counted.
            self._tell(count)


class LineStream(io.TextIOBase):
    """A text stream whose lines go the same way: for what writes to `sys.stderr` by itself."""

    def __init__(self, lines: LogLines) -> None:
        """Holds back what is no whole line yet."""
        self._lines = lines
        self._begun = ""

    def writable(self) -> bool:
        """It only takes."""
        return True

    def fileno(self) -> int:
        """The descriptor that its lines end up at."""
        return STANDARD_ERROR

    def write(self, text: str) -> int:
        """Takes text. Never waits, never raises."""
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            self._lines.write(line)
        return len(text)


STANDARD_ERROR_LINES = LogLines(STANDARD_ERROR)
"""The lines of this process."""
