"""A stream of requests while it runs: its connections, what is due, and what came of each request."""

import contextlib
import itertools
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

PATIENCE_S = 10.0
"""A client of an open stream waits that long for its answer, or for a connection, and then goes away."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Requests, and how they are sent: closed on `connections`, or open at `rate` a second on at most that many."""

    requests: Iterator[bytes]
    connections: int = 64
    rate: float | None = None


@dataclass(slots=True)
class Loop:
    """What came of a stream: seconds by status, requests without an answer by what happened, and the first heads.

    Rates are of the answers that came within the span. The latencies are also of those that came later.
    """

    span_s: float
    seconds_by_status: dict[int, list[float]] = field(default_factory=dict)
    in_span: Counter[int] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    heads: dict[int, bytes] = field(default_factory=dict)
    connections: int = 0

    @property
    def statuses(self) -> Counter[int]:
        """Answers by status."""
        return Counter({status: len(found) for status, found in self.seconds_by_status.items()})

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.in_span.total() / self.span_s

    @property
    def seconds(self) -> list[float]:
        """How long each answer took."""
        return list(itertools.chain.from_iterable(self.seconds_by_status.values()))

    def rate_of(self, status: int) -> float:
        """Answers of this status a second."""
        return self.in_span[status] / self.span_s


@dataclass(slots=True, eq=False)
class SenderConnection:
    """One keep-alive connection, and the request on its way."""

    socket: socket.socket
    sender: "Sender"
    due: float = 0.0
    is_open: bool = False
    is_waiting: bool = False
    to_send: bytes = b""
    received: bytearray = field(default_factory=bytearray)


class Sender:
    """A stream while it runs."""

    def __init__(
        self, stream: Stream, address: tuple[str, int], selector: selectors.BaseSelector, started: float,
        warm_up_s: float, seconds: float,
    ) -> None:  # fmt: skip
        self.stream, self.loop = stream, Loop(seconds)
        self._address, self._selector = address, selector
        self._counted_from, self._counted_until = started + warm_up_s, started + warm_up_s + seconds
        self._connections: set[SenderConnection] = set()
        self._idle: list[SenderConnection] = []
        self._waiting: deque[float] = deque()
        self._next_due, self._looked_at = started, started
        self._is_sending = True
        if stream.rate is None:
            for _ in range(stream.connections):
                self._open()

    @property
    def is_busy(self) -> bool:
        """Whether anything is still to be sent or on its way."""
        return self._is_sending or self.is_owed

    @property
    def is_owed(self) -> bool:
        """Whether anything is unanswered; of a closed stream what is on its way at the end does not count."""
        has_ended = self.stream.rate is None and time.perf_counter() >= self._counted_until
        return not has_ended and (bool(self._waiting) or any(one.is_waiting for one in self._connections))

    def send_what_is_due(self, now: float) -> float:
        """Sends it; seconds until the next is due."""
        if now - self._looked_at > 0.5:
            self._let_go(now)
        rate = self.stream.rate
        if rate is None:
            while self._idle and self._is_sending:
                self._send_on(self._idle.pop(), now)
            return 0.5
        while self._next_due <= now:
            self._waiting.append(self._next_due)
            self._next_due += 1 / rate
        self._send_waiting()
        return min(0.5, self._next_due - time.perf_counter())

    def finish(self, now: float) -> None:
        """After the end: only what was due before."""
        self._send_waiting()
        self._let_go(now)
        if self.stream.rate is None:
            self._is_sending = False

    def handle(self, connection: SenderConnection) -> None:
        """Goes on with a connection that can be written to or read from."""
        if not connection.is_open:
            self._opened(connection)
            return
        try:
            part = connection.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        if not part:
            self._lost(connection, "dropped")
            return
        connection.received += part
        status = _finished(connection.received)
        if status is not None:
            self._answered(connection, status)

    def close(self) -> None:
        """Counts what nobody answered, and closes."""
        for due in self._waiting:
            self._fail(due, "never sent")
        for connection in list(self._connections):
            if connection.is_waiting and self.stream.rate is not None:
                self._fail(connection.due, "unanswered at the end")
            self._shut(connection)

    def _send_waiting(self) -> None:
        while self._waiting and (self._idle or len(self._connections) < self.stream.connections):
            if not self._idle:
                self._open(self._waiting.popleft())
            else:
                self._send_on(self._idle.pop(), self._waiting.popleft())

    def _open(self, due: float | None = None) -> None:
        """Opens a connection; for a request that is due, which is sent as soon as it is open."""
        made = socket.socket()
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = SenderConnection(made, self)
        if due is not None:
            connection.is_waiting, connection.due = True, due
            connection.to_send = next(self.stream.requests, b"")
        self._connections.add(connection)
        self.loop.connections = max(self.loop.connections, len(self._connections))
        made.connect_ex(self._address)
        self._selector.register(made, selectors.EVENT_WRITE, connection)

    def _opened(self, connection: SenderConnection) -> None:
        error = connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self._lost(connection, "connection refused")
            return
        connection.is_open = True
        self._selector.modify(connection.socket, selectors.EVENT_READ, connection)
        if connection.is_waiting:
            self._transmit(connection)
        else:
            self._idle.append(connection)

    def _send_on(self, connection: SenderConnection, due: float) -> None:
        request = next(self.stream.requests, None)
        if request is None:
            self._is_sending = False
            return
        connection.is_waiting, connection.due, connection.to_send = True, due, request
        self._transmit(connection)

    def _transmit(self, connection: SenderConnection) -> None:
        try:
            # A request of some hundred bytes always fits into the socket's buffer.
            connection.socket.sendall(connection.to_send)
        except OSError:
            self._lost(connection, "dropped")

    def _answered(self, connection: SenderConnection, status: int) -> None:
        now = time.perf_counter()
        if self._is_counted(connection.due, now):
            self.loop.seconds_by_status.setdefault(status, []).append(now - connection.due)
            self.loop.in_span[status] += now <= self._counted_until
            if status not in self.loop.heads:
                self.loop.heads[status] = bytes(connection.received)
        closes = b"connection: close" in connection.received[:400].lower()
        connection.received.clear()
        connection.is_waiting = False
        if closes:
            self._shut(connection)
        elif self.stream.rate is None and self._is_sending:
            self._send_on(connection, now)
        else:
            self._idle.append(connection)

    def _is_counted(self, due: float, answered: float) -> bool:
        """An open stream counts what was due within its span; a closed one what was answered within it."""
        at = due if self.stream.rate is not None else answered
        return self._counted_from <= at <= self._counted_until

    def _let_go(self, now: float) -> None:
        """Clients that have waited too long go away."""
        self._looked_at = now
        if self.stream.rate is None:
            return
        while self._waiting and now - self._waiting[0] > PATIENCE_S:
            self._fail(self._waiting.popleft(), "gave up before it was sent")
        for connection in [one for one in self._connections if one.is_waiting and now - one.due > PATIENCE_S]:
            self._lost(connection, "gave up waiting")

    def _lost(self, connection: SenderConnection, what: str) -> None:
        if connection.is_waiting or not connection.is_open:
            self._fail(connection.due, what)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)
        self._shut(connection)
        if self.stream.rate is None and self._is_sending:
            self._open()

    def _fail(self, due: float, what: str) -> None:
        if self._is_counted(due, due) or self.stream.rate is None:
            self.loop.failures[what] += 1

    def _shut(self, connection: SenderConnection) -> None:
        self._connections.discard(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()


def _finished(received: bytearray) -> int | None:
    """The status of a whole answer, or None while some of it is missing."""
    head = received.find(b"\r\n\r\n")
    if head < 0:
        return None
    status = int(received[9:12])
    place = received.lower().find(b"content-length:", 0, head)
    length = 0 if place < 0 or status == 304 else int(received[place + 15 : received.find(b"\r\n", place)])
    return status if len(received) >= head + 4 + length else None
