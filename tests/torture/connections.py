"""Connections that are cut or frozen at every byte: between a client and Hushi, and between Hushi and PostgreSQL.

A cycle is one byte: a client posts a trade, and after so many bytes of the conversation, in both directions together,
the connection is cut or frozen. Then the client asks again with its key.
"""

import contextlib
import functools
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.builders import a_trade
from tests.torture import broken
from tests.torture.asking import Log, Request, Wire, settle
from tests.torture.checking import check
from tests.torture.counting_proxy import CountingProxy, Way
from tests.torture.markets import RESIDENTS, Databases, Market, market, quiet_port
from tests.torture.running import Count, Fault, Plan, cycle_of, databases_of, demand_well, say

BYTES_PER_LEDGER = 500
MEASURED = 5
MORE_BYTES = 40
"""A conversation may be a little longer than those that were measured: ids and times differ."""
CLIENT_WAITS_S = 0.7
POSTS_BEGIN = b"idle_in_transaction_session_timeout=1000"
"""What a post of an impatient server begins with. The process that folds is patient, and says 10000."""


@dataclass(frozen=True)
class Line:
    """A market and the proxy before it, or before its database."""

    market: Market
    proxy: CountingProxy
    begins_with: bytes | None
    timeout_s: float
    lingers_s: float = 0.0
    """How long after the answer the byte may still come, for a server that answers before its conversation ends."""

    def post(self, mark: str, byte: int | bytes | None, how: Way, log: Log) -> bool:
        """Posts a trade and strikes at the byte, asks again until the outcome is known, and returns whether it struck.

        Without a byte the conversation is only counted.
        """
        resident = f"R{len(log.requests) % RESIDENTS + 1:08d}"
        body = a_trade(resident_id=resident, amount_cny="100.00", metadata={"mark": mark})
        request = Request("trade", "/v1/transactions", body, f"k-{mark}", (mark,))
        log.add(request)
        wire = Wire(lambda: self.market.address, self.market.headers, self.timeout_s)
        self.proxy.arm(byte, how, self.begins_with)
        wire.send(request)
        if byte is not None and self.lingers_s:
            time.sleep(self.lingers_s)
        self.proxy.disarm()
        self.proxy.end_frozen()
        wire.close()
        if byte is not None:
            self.settle([request])
        return self.proxy.has_struck

    def settle(self, requests: list[Request]) -> None:
        """Asks again until all outcomes are known. Raises AssertionError when one stays unknown."""
        with contextlib.closing(self.market.wire()) as wire:
            assert settle(wire, requests) == []

    def length(self, log: Log) -> int:
        """How many bytes a conversation has at most."""
        counted = []
        for number in range(MEASURED):
            self.post(f"measured-{number}-{len(log.requests)}", None, "end", log)
            counted.append(self.proxy.counted)
        self.settle(log.unknown)
        return max(counted) + MORE_BYTES


Lay = Callable[[Plan, Databases, int], contextlib.AbstractContextManager[Line]]


@contextlib.contextmanager
def before_hushi(plan: Plan, made: Databases, first: int) -> Iterator[Line]:
    """A proxy between a client and Hushi."""
    with market(made, plan.folder / f"market-{first}", plan.hushi, **plan.variables) as served:
        served.start()
        through = _proxy(lambda: socket.create_connection(("127.0.0.1", served.port)))
        with contextlib.closing(through):
            served.address = ("127.0.0.1", through.port)
            yield Line(served, through, None, CLIENT_WAITS_S)


@contextlib.contextmanager
def before_postgresql(plan: Plan, made: Databases, first: int) -> Iterator[Line]:
    """A proxy between Hushi and PostgreSQL, before one process that serves."""
    assert made.server is not None
    path = str(made.server.folder / ".s.PGSQL.5432")

    def connect() -> socket.socket:
        server = socket.socket(socket.AF_UNIX)
        server.connect(path)
        return server

    through = _proxy(connect)
    with contextlib.closing(through), market(made, plan.folder / f"market-{first}", broken.main) as served:
        url = served.environment["HUSHI_DATABASE_URL"].replace("@/", f"@127.0.0.1:{through.port}/").partition("?")[0]
        breaks = f"{broken.IMPATIENT} {plan.variables.get(broken.BREAK, '')}"
        served.variables |= {"HUSHI_DATABASE_URL": url, broken.BREAK: breaks}
        served.arguments = ("--workers", "1")
        served.start()
        yield Line(served, through, POSTS_BEGIN, 40.0)


def _proxy(connect: Callable[[], socket.socket]) -> CountingProxy:
    return CountingProxy(connect, quiet_port())


def run(lay: Lay, ways: tuple[Way, ...], plan: Plan) -> Count:
    """Strikes at each byte from the first of the plan on, or at a sample of so many bytes of the conversation."""
    count, struck, log = Count(), 0, Log()
    with databases_of(plan) as made, lay(plan, made, plan.first) as line:
        length = line.length(log)
        chosen = _bytes(plan, length)
        for byte in chosen:
            with cycle_of(plan, byte):
                struck += line.post(f"b{byte}", byte, plan.chance(byte).choice(ways), log)
        found = check(line.market, log, plan.chance(plan.first, "check"))
        demand_well(plan, plan.first, found)
        line.market.stop()
    count.add(found, len(chosen))
    say(plan, count)
    count.notes.append(f"{struck} of {count.cycles} struck before the conversation had ended; it has {length} bytes")
    return count


def _bytes(plan: Plan, length: int) -> list[int]:
    if not plan.is_sample or plan.cycles == 1:
        return [byte for byte in plan.numbers if byte <= length]
    return sorted(plan.chance("bytes").sample(range(length), min(plan.cycles, length)))


def _fault(name: str, told: str, lay: Lay, *ways: Way, engines: tuple[str, ...] = ("sqlite", "postgresql")) -> Fault:
    return Fault(name, "connections", 0, functools.partial(run, lay, ways), engines, BYTES_PER_LEDGER, told)


FAULTS = (
    _fault("cut-client", "connection of a client cut at every byte", before_hushi, "end", "reset"),
    _fault("freeze-client", "connection of a client frozen at every byte", before_hushi, "freeze"),
    _fault(
        "cut-database", "connection to PostgreSQL cut at every byte", before_postgresql, "end", "reset",
        engines=("postgresql",),
    ),
    _fault(
        "freeze-database", "connection to PostgreSQL frozen at every byte", before_postgresql, "freeze",
        engines=("postgresql",),
    ),
)  # fmt: skip
