"""A closed loop of keep-alive connections in one thread, cheap enough to leave most of the machine to the server.

It hides waiting, as every closed loop does: its figures are rates, and their ratios.
"""

import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    received: bytearray = field(default_factory=bytearray)
    sent_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Loop:
    """What a loop has seen: answers by status, their rate per second, and how long each took in seconds."""

    statuses: Counter[int]
    rate: float
    seconds: list[float]


def request_bytes(path: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    fields = {"Host": "127.0.0.1", **headers, **({"Content-Length": str(len(body))} if body else {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def closed_loop(port: int, request: bytes, *, connections: int = 32, seconds: float = 5.0) -> Loop:
    """Sends one request over and over on each connection."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        connection = _Connection(socket.create_connection(("127.0.0.1", port)))
        connection.socket.setblocking(False)
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        _send(connection, request)
    statuses: Counter[int] = Counter()
    times: list[float] = []
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for key, _ in selector.select(timeout=1):
            connection = key.data
            connection.received += connection.socket.recv(1 << 18)
            status = _finished(connection.received)
            if status is not None:
                statuses[status] += 1
                times.append(time.perf_counter() - connection.sent_at)
                connection.received.clear()
                _send(connection, request)
    elapsed = time.perf_counter() - started
    for key in list(selector.get_map().values()):
        key.data.socket.close()
    return Loop(statuses, sum(statuses.values()) / elapsed, times)


def _send(connection: _Connection, request: bytes) -> None:
    connection.sent_at = time.perf_counter()
    connection.socket.sendall(request)


def _finished(received: bytearray) -> int | None:
    """The status of a whole answer, or None while some of it is missing."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    status = int(received[9:12])
    place = received.lower().find(b"content-length:", 0, head)
    length = 0 if place < 0 or status == 304 else int(received[place + 15 : received.find(b"\r\n", place)])
    return status if len(received) >= head + 4 + length else None
