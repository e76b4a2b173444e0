"""Ends connections on which nothing arrives any more, so that they do not hold threads that other callers need.

The server ends a connection when no whole head of a request arrives for IDLE_S (`service.server.processes`). It sets
no time for a body: a thread waits for the body as long as the connection is open. Linux knows when each connection
last received something and when something was last sent on it. A request has stopped half-way when something was
received since the last answer, nothing more arrives, and the application is not working on it.
"""

import contextlib
import fcntl
import os
import pathlib
import socket
import stat
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog

LOOK_EVERY_S = 1.0
STALLED_S = 10.0
STALLED_WHEN_TIGHT_S = 2.0
SLOW_AFTER_S = 30.0
BYTES_PER_S_MIN = 1000
"""After SLOW_AFTER_S a request must have arrived at this rate at least; a slower caller only pretends to send."""
IDLE_S = 75
"""How many seconds a client may keep a connection between two requests."""
SILENT_S = 90.0
"""Longer than IDLE_S, when the server itself ends idle connections: a connection that is open now waits for a body."""
CONNECTIONS_MAX = 8192
"""How many connections the server admits in one process. When more than half are open, shorter deadlines hold."""
STARTED_WITHIN_S = 5.0
"""The application begins to work on a request at most so many seconds after its last byte."""

CLOCKS_DIFFER_S = 0.5

_INFO = struct.Struct("=44xI4xI72xQ16xII")
"""Fields of Linux's tcp_info: how long ago data was last sent and last received, bytes received, and the numbers of
data segments received and sent."""

_OPEN_FILES = pathlib.Path("/proc/self/fd")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the system tells of a connection. `is_read` says that the server has read everything that was received."""

    sent_s_ago: float
    received_s_ago: float
    bytes_received: int
    segments_sent: int
    is_read: bool
    looked_at: tuple[float, float]
    """The moments before and after the system was asked; other threads may have run between them."""

    @property
    def is_owed(self) -> bool:
        """Whether an answer is owed: something was received since the last answer, or nothing was ever sent."""
        return self.segments_sent == 0 or self.received_s_ago < self.sent_s_ago


@dataclass(frozen=True, slots=True)
class _Seen:
    traffic: Traffic
    owed_since: float
    bytes_then: int


class StalledConnections:
    """Looks at the connections of this process every second, and ends the stalled ones."""

    def __init__(self, is_tight: Callable[[], bool], inside_since: Callable[[], list[float]]) -> None:
        """`is_tight` tells when deadlines are shorter; `inside_since` returns when the work on each request began."""
        self._is_tight = is_tight
        self._inside_since = inside_since
        self._seen: dict[int, _Seen] = {}
        self._ports: set[int] = set()

    def start(self) -> None:
        """Starts a thread that looks as long as the process lives. On other systems than Linux it does nothing."""
        if sys.platform == "linux" and _OPEN_FILES.exists():
            threading.Thread(target=self._keep_looking, name="stalled", daemon=True).start()

    def _keep_looking(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 (the next look must come after any error)
                _log.warning("stalled-look-failed", error=type(error).__name__)

    def look(self) -> int:
        """Ends the connections that are stalled now, and returns how many."""
        seen: dict[int, _Seen] = {}
        ended = 0
        is_tight = len(self._seen) > CONNECTIONS_MAX // 2 or self._is_tight()
        for inode, connection in _sockets():
            if not self._ports or not _is_accepted(connection, self._ports):
                continue
            traffic, before = _traffic(connection), self._seen.get(inode)
            seen[inode] = after = _noted(before, traffic)
            if before is not None and self._is_stalled(before, after, is_tight):
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                    ended += 1
        self._seen = seen
        self._ports = self._ports or {one.getsockname()[1] for _, one in _sockets() if _is_listening(one)}
        if ended:
            _log.warning("stalled-connections-ended", connections=ended)
        return ended

    def _is_stalled(self, before: _Seen, after: _Seen, is_tight: bool) -> bool:
        then, traffic = before.traffic, after.traffic
        if not traffic.is_owed:
            quiet_s = min(traffic.received_s_ago, traffic.sent_s_ago)
            return quiet_s > (STALLED_S if is_tight else SILENT_S) and not self._is_inside(traffic)
        if traffic.bytes_received > then.bytes_received:
            owed_s = traffic.looked_at[0] - after.owed_since
            arrived = traffic.bytes_received - after.bytes_then
            return owed_s > SLOW_AFTER_S and arrived < BYTES_PER_S_MIN * owed_s
        # In both looks nothing may be left to read: a process that was suspended must first read what has arrived.
        is_quiet = traffic.received_s_ago > (STALLED_WHEN_TIGHT_S if is_tight else STALLED_S)
        return is_quiet and then.is_read and traffic.is_read and not self._is_inside(traffic)

    def _is_inside(self, traffic: Traffic) -> bool:
        """Whether the application works on a request whose last byte may have arrived on this connection."""
        earliest, latest = (at - traffic.received_s_ago for at in traffic.looked_at)
        return any(earliest - CLOCKS_DIFFER_S <= since <= latest + STARTED_WITHIN_S for since in self._inside_since())


def _noted(before: _Seen | None, traffic: Traffic) -> _Seen:
    """What is remembered of a connection: since when an answer is owed, and how many bytes had arrived by then."""
    if before is not None and traffic.is_owed and before.traffic.segments_sent == traffic.segments_sent:
        return _Seen(traffic, before.owed_since, before.bytes_then)
    return _Seen(traffic, traffic.looked_at[0], traffic.bytes_received)


def _sockets() -> Iterator[tuple[int, socket.socket]]:
    """Yields the sockets of this process with their inodes, each as a second handle.

    The server may close its handle meanwhile, and the system may give its number to another file. The second handle
    stays with the connection, so that the connection that was looked at is the one that is ended.
    """
    for entry in _OPEN_FILES.iterdir():
        with contextlib.suppress(OSError):
            number = int(entry.name)
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                with socket.socket(fileno=os.dup(number)) as handle:
                    yield os.fstat(handle.fileno()).st_ino, handle


def _is_listening(one: socket.socket) -> bool:
    return one.family != socket.AF_UNIX and bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _is_accepted(one: socket.socket, ports: set[int]) -> bool:
    """Whether the socket is a connection that one of our ports accepted."""
    if one.family == socket.AF_UNIX or one.getsockname()[1] not in ports:
        return False
    try:
        return bool(one.getpeername())
    except OSError:
        return False


def _traffic(connection: socket.socket) -> Traffic:
    asked = time.monotonic()
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256).ljust(_INFO.size, b"\0")
    told = time.monotonic()
    sent_ms, received_ms, received, _, sent = _INFO.unpack(info[: _INFO.size])
    unread = struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, bytes(4)))[0]
    return Traffic(sent_ms / 1000, received_ms / 1000, received, sent, unread == 0, (asked, told))
