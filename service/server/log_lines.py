"""Writes log lines to standard error. No request and no thread waits for a line, or fails because of a line.

A full disk, a closed pipe or a pipe that nobody reads must harm the log only. So lines go into a bounded queue, and
one thread writes them. A line that does not fit into the queue, or that can't be written, is lost. The lost lines are
counted, and the log tells their number as soon as it takes lines again.
"""

import contextlib
import io
import os
import queue
import select
import threading
import time
from collections.abc import Callable

LINES_WAITING_MAX = 10_000
"""As many lines as a busy process writes in a second, which is some megabytes."""
LINES_AT_ONCE_MAX = 500
MOMENT_S = 0.005
LOOK_WHETHER_IT_TAKES_MORE_S = 1.0
STANDARD_ERROR = 2

_Waiting = str | threading.Event


class LogLines:
    """Writes the lines of one process to one descriptor."""

    def __init__(self, descriptor: int) -> None:
        """Prepares an empty queue, also in each process that is forked off; a thread starts with the first line."""
        self._descriptor = descriptor
        self._begin()
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begins with an empty queue: lines that wait at a fork are written by the parent process, not by the child."""
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._counting = threading.Lock()
        self._untold = 0
        self._is_torn = False
        self._tell: Callable[[int], None] = lambda _: None

    def on_loss(self, tell: Callable[[int], None]) -> None:
        """From now on `tell` is called with the number of lost lines, each time that lines are lost."""
        self._tell = tell

    def write(self, line: str) -> None:
        """Takes a whole line, without the line break. It never waits and never raises."""
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
        """Waits until the lines so far are written, but not longer than the timeout."""
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
            if not isinstance(at_once[0], threading.Event):
                # The lines of a moment are written together: waking this thread for each would cost more than the line.
                time.sleep(MOMENT_S)
            try:
                while len(at_once) < LINES_AT_ONCE_MAX:
                    at_once.append(self._waiting.get_nowait())
            except queue.Empty:
                pass
            lines = [line for line in at_once if isinstance(line, str)]
            try:
                self._write_all(lines)
            except Exception:  # noqa: BLE001 (this thread must survive any error, to write the next lines)
                self._lose(len(lines))
            for written in at_once:
                if isinstance(written, threading.Event):
                    written.set()

    def _write_all(self, lines: list[str]) -> None:
        """Writes lines, after the line break of a line that was half written. Lines that can't be written are lost."""
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
                except BlockingIOError:  # Another process that shares the descriptor has made it non-blocking.
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
        with contextlib.suppress(Exception):  # A failing counter must not stop the log.
            self._tell(count)


class LineStream(io.TextIOBase):
    """A text stream that gives its lines to LogLines: it is put in the place of `sys.stderr`."""

    def __init__(self, lines: LogLines) -> None:
        """Keeps the lines' queue; the stream holds text back until its line is whole."""
        self._lines = lines
        self._begun = ""

    def writable(self) -> bool:
        """Always true: this stream can be written to, and not read."""
        return True

    def fileno(self) -> int:
        """The descriptor that the lines are written to."""
        return STANDARD_ERROR

    def write(self, text: str) -> int:
        """Takes text. It never waits and never raises."""
        *whole, self._begun = (self._begun + text).split("\n")
        for line in whole:
            self._lines.write(line)
        return len(text)


STANDARD_ERROR_LINES = LogLines(STANDARD_ERROR)
"""The lines of this process."""
