"""The timer that resets a machine whose Patroni has hung, played by a named pipe that Patroni's testing driver knows.

A real machine has it in its kernel, as /dev/watchdog.
"""

import os
import pathlib
import re
import select
import threading
import time
from collections.abc import Callable

LOOK_AGAIN_S = 0.1
_TIMEOUT = re.compile(rb"Ctimeout=(\d+)\n")


class Watchdog:
    """A timer that Patroni arms, resets and disarms by writing; when it ends, it resets the machine."""

    def __init__(self, pipe: pathlib.Path, reset: Callable[[], None]) -> None:
        """Makes the pipe, and listens to it from now on."""
        os.mkfifo(pipe)
        pipe.chmod(0o666)
        # Open for both directions, so that reading does not end when Patroni does.
        self._descriptor = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self._reset = reset
        self._timeout_s = 60.0
        self._ends_at: float | None = None
        self._is_paused = False
        self.works = True
        """Whether the timer resets the machine. Without it, what it protects from can be seen."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def is_armed(self) -> bool:
        """Whether the timer runs, and will reset the machine unless somebody keeps it from that."""
        return self.works and self._ends_at is not None

    def pause(self) -> None:
        """Stops the timer, as when the whole machine is frozen."""
        self._is_paused = True

    def resume(self) -> None:
        """Lets the timer go on, from its beginning: the longest time that a real one can give."""
        if self._is_paused and self._ends_at is not None:
            self._ends_at = time.monotonic() + self._timeout_s
        self._is_paused = False

    def disarm(self) -> None:
        """Stops the timer, because the machine is off."""
        self._ends_at = None
        self._is_paused = False

    def close(self) -> None:
        """Ends the listening."""
        self._closed.set()
        self._thread.join()
        os.close(self._descriptor)

    def _listen(self) -> None:
        while not self._closed.is_set():
            if select.select([self._descriptor], [], [], LOOK_AGAIN_S)[0]:
                self._take(os.read(self._descriptor, 4096))
            if self._ends_at is not None and not self._is_paused and time.monotonic() > self._ends_at:
                self._ends_at = None
                if self.works:
                    self._reset()

    def _take(self, written: bytes) -> None:
        for seconds in _TIMEOUT.findall(written):
            self._timeout_s = float(seconds)
        rest = _TIMEOUT.sub(b"", written)
        if rest.endswith(b"V"):
            self._ends_at = None
        elif rest:
            self._ends_at = time.monotonic() + self._timeout_s
