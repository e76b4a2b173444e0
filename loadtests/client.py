"""A load generator in one thread, cheap enough to leave most of the machine to the server.

A *closed* stream keeps each of its connections busy: the next request leaves when the last one is answered. It hides
waiting, so its figures are rates, and their ratios. An *open* stream sends at a fixed rate whether or not the earlier
requests were answered, as people do; its latencies count from the moment at which a request was due. A request is
bytes, made beforehand or put together from parts.
"""

import itertools
import selectors
import time
from collections.abc import Iterable, Sequence

from loadtests.sender import PATIENCE_S, Loop, Sender, SenderConnection, Stream

CONNECTIONS_MAX = 2000


def request_bytes(path: str, headers: dict[str, str], method: str = "GET", body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    fields = {"Host": "127.0.0.1", **headers, **({"Content-Length": str(len(body))} if body else {})}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def closed_loop(
    port: int, requests: bytes | Iterable[bytes], *, connections: int = 32, seconds: float = 5.0, warm_up_s: float = 0.0
) -> Loop:
    """A closed stream: one request over and over, or one after the other until there are no more."""
    source = itertools.repeat(requests) if isinstance(requests, bytes) else iter(requests)
    return drive(port, [Stream(source, connections)], seconds=seconds, warm_up_s=warm_up_s)[0]


def open_loop(port: int, requests: Iterable[bytes], *, rate: float, seconds: float, host: str = "127.0.0.1") -> Loop:
    """An open stream alone."""
    return drive(port, [Stream(iter(requests), CONNECTIONS_MAX, rate)], seconds=seconds, host=host)[0]


def drive(
    port: int, streams: Sequence[Stream], *, seconds: float, warm_up_s: float = 0.0, host: str = "127.0.0.1"
) -> list[Loop]:
    """Several streams side by side; what is due within the warm-up is not counted."""
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    senders = [Sender(stream, (host, port), selector, started, warm_up_s, seconds) for stream in streams]
    until = started + warm_up_s + seconds
    while (now := time.perf_counter()) < until and any(sender.is_busy for sender in senders):
        wait_s = min(until - now, *(sender.send_what_is_due(now) for sender in senders))
        _handle(selector, wait_s)
    while (now := time.perf_counter()) < until + PATIENCE_S and any(sender.is_owed for sender in senders):
        for sender in senders:
            sender.finish(now)
        _handle(selector, 0.1)
    for sender in senders:
        sender.close()
    selector.close()
    return [sender.loop for sender in senders]


def _handle(selector: selectors.BaseSelector, wait_s: float) -> None:
    for key, _ in selector.select(max(0.0, wait_s)):
        connection: SenderConnection = key.data
        connection.sender.handle(connection)
