"""Wakes a process that was stopped (SIGSTOP) while it had the lock for writing.

The process goes on until the end of its transaction, and stops again there (service.storage.suspending).
"""

import contextlib
import os
import pathlib
import signal
import threading
import time

WAKE_AFTER_S = 1.0
"""Transactions hold the lock for less time, except for large batches; and only a stopped process is woken."""
LOOK_AGAIN_AFTER_S = 0.25
NOBODY_WAITS_FOR_S = 5.0

_LOCKS = pathlib.Path("/proc/locks")


class Waker:
    """Looks for stopped holders of a file's lock while this process waits for the lock."""

    def __init__(self) -> None:
        """Begins without waiting."""
        self._waiting_since: float | None = None
        self._descriptor = -1
        self._thread: threading.Thread | None = None
        self._deciding = threading.Lock()

    def begin(self, descriptor: int) -> None:
        """Notes that this process waits for the lock on an open file."""
        with self._deciding:
            self._descriptor, self._waiting_since = descriptor, time.monotonic()
            if self._thread is None and _LOCKS.exists():
                self._thread = threading.Thread(target=self._watch, name="waker", daemon=True)
                self._thread.start()

    def end(self) -> None:
        """Notes that this process no longer waits."""
        self._waiting_since = None

    def _watch(self) -> None:
        last_waited_at = time.monotonic()
        while not self._has_ended(last_waited_at):
            time.sleep(LOOK_AGAIN_AFTER_S)
            since = self._waiting_since
            if since is not None:
                last_waited_at = time.monotonic()
                if last_waited_at - since > WAKE_AFTER_S:
                    # The descriptor may be closed by now, or of another file: then no stopped process is found.
                    with contextlib.suppress(OSError, ValueError):
                        wake_holders(self._descriptor)

    def _has_ended(self, last_waited_at: float) -> bool:
        """Whether nobody has waited for long. Who begins to wait after that starts a thread again."""
        with self._deciding:
            if self._waiting_since is not None or time.monotonic() - last_waited_at < NOBODY_WAITS_FOR_S:
                return False
            self._thread = None
            return True


def wake_holders(descriptor: int) -> list[int]:
    """Wakes stopped processes that hold a lock (flock) on an open file, and returns their ids.

    They stop again when they have freed the lock.
    """
    place = os.fstat(descriptor)
    device = f"{os.major(place.st_dev):02x}:{os.minor(place.st_dev):02x}:{place.st_ino}"
    woken = []
    for line in _LOCKS.read_text("ascii").splitlines():
        # A line is "1: FLOCK  ADVISORY  WRITE 4711 08:01:1234 0 EOF"; for a process that waits it has an arrow before
        # FLOCK.
        number, kind, _, _, holder, held, *_ = line.split()
        if number.endswith(":") and kind == "FLOCK" and held == device and is_stopped(int(holder)):
            os.kill(int(holder), signal.SIGCONT)
            os.kill(int(holder), signal.SIGTSTP)
            woken.append(int(holder))
    return woken


def is_stopped(process: int) -> bool:
    """Whether a process was stopped (SIGSTOP); only Linux tells."""
    with contextlib.suppress(OSError):
        state = pathlib.Path(f"/proc/{process}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0]
        return process > 0 and state == "T"
    return False
