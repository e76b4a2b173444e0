"""An open loop: requests leave at a fixed rate whether or not the earlier ones were answered, as people do.

A latency counts from the moment at which the request was due, so that waiting for a stuck server is not hidden.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from loadtests.client import request_bytes

Body = Callable[[int], tuple[str, dict[str, str], bytes]]
"""Path, headers and payload of the request with a number."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Answers by status (0: none), how long each took in seconds from when it was due, and how many came a second."""

    statuses: Counter[int]
    seconds: dict[int, list[float]]
    rate: float


async def _ask(port: int, request: bytes, idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]) -> int:
    reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        place = head.lower().find(b"content-length:")
        await reader.readexactly(int(head[place + 15 : head.find(b"\r\n", place)]) if place >= 0 else 0)
    except (OSError, asyncio.IncompleteReadError):
        writer.close()
        return 0
    idle.append((reader, writer))
    return int(head[9:12])


async def _run(port: int, body: Body, rate: float, seconds: float) -> Arrivals:
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    statuses: Counter[int] = Counter()
    times: dict[int, list[float]] = {}
    started = time.perf_counter()

    async def one(number: int) -> None:
        due = started + number / rate
        path, headers, payload = body(number)
        status = await _ask(port, request_bytes(path, headers, "POST", payload), idle)
        statuses[status] += 1
        times.setdefault(status, []).append(time.perf_counter() - due)

    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)
    elapsed = time.perf_counter() - started
    for _, writer in idle:
        writer.close()
    return Arrivals(statuses, times, sum(statuses.values()) / elapsed)


def open_loop(port: int, body: Body, *, rate: float, seconds: float) -> Arrivals:
    """Sends `rate` POSTs a second for some seconds; `body` makes path, headers and payload of each."""
    return asyncio.run(_run(port, body, rate, seconds))
