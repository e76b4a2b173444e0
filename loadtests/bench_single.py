"""Measures single posts over HTTP, each durable before its answer: Hushi on both engines beside the peer, in turns.

The load is a closed loop on 64 keep-alive connections, with different bodies and keys. A closed loop hides waiting, so
the figures are rates. The peer is measured with one and with two processes, and the better one counts. After that,
known keys are sent again, and trades that are refused. BENCH_ROUNDS says how often it measures, BENCH_SECONDS how long,
BENCH_ENGINES on which engines.
"""

import contextlib
import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.client import closed_loop
from loadtests.deployments import CONNECTIONS, Deployment, durable_postgresql, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.peers.running import peer_on
from loadtests.postings import Market, Requests
from loadtests.sender import Loop

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
WARM_UP_S = 1.0
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
PEER_WORKERS = (1, 2)
REPLAYED = 1000
POST, REPLAY, REFUSE = "post", "replay of a known key", "refusal (over_allowance=refuse)"


@dataclass(slots=True)
class MeasuredService:
    """A deployment, its postings, and its measurements."""

    deployment: Deployment
    market: Market
    loops: dict[str, list[Loop]] = field(default_factory=dict)

    def measure(self, what: str, status: int, source: Iterator[bytes]) -> None:
        """Measures one round. Every answer must have this status."""
        loop = closed_loop(self.deployment.port, source, connections=CONNECTIONS, seconds=SECONDS, warm_up_s=WARM_UP_S)
        assert set(loop.statuses) == {status}, (self.deployment.name, what, loop.statuses, loop.heads)
        assert not loop.failures, loop.failures
        self.loops.setdefault(what, []).append(loop)

    def rate(self, what: str) -> float:
        """The median of the rounds' rates."""
        return statistics.median(loop.rate for loop in self.loops[what])


def subjects(stack: contextlib.ExitStack) -> list[MeasuredService]:
    """Starts all services that are compared."""
    server = stack.enter_context(durable_postgresql())
    found = [stack.enter_context(hushi_on(engine, server)) for engine in ENGINES]
    if "sqlite" in ENGINES:
        found.append(stack.enter_context(hushi_on("sqlite", workers=1)))
    found += [stack.enter_context(peer_on(server, workers)) for workers in PEER_WORKERS]
    return [MeasuredService(one, Market("single")) for one in found]


def measure_all(found: list[MeasuredService]) -> None:
    """Measures the services in turns, so that a slow minute of the machine harms all of them alike."""
    for _ in range(ROUNDS):
        for subject in found:
            subject.measure(POST, 201, _requests(subject).fresh())
    hushis = [subject for subject in found if subject.deployment.name.startswith("Hushi")]
    for _ in range(ROUNDS):
        for subject in hushis:
            subject.measure(REPLAY, 201, _requests(subject).again(0, REPLAYED))
            refused = _requests(subject, amount_cny="9000.00", over_allowance="refuse")
            subject.measure(REFUSE, 422, refused.fresh())


def _requests(subject: MeasuredService, **changes: str) -> Requests:
    return subject.market.requests(subject.deployment.key, **changes)


def figures_of(found: list[MeasuredService]) -> Iterator[Figure]:
    """Compares posts with the better peer, and replays and refusals with posts of the same deployment."""
    peers = [subject for subject in found if not subject.deployment.name.startswith("Hushi")]
    better = max(peers, key=lambda subject: subject.rate(POST))
    for subject in found:
        ratio = None if subject is better else subject.rate(POST) / better.rate(POST)
        told = "the better peer" if subject is better else ""
        yield _figure(subject, POST, ratio, "the better peer" if ratio else "", told)
    for subject in found:
        for what in (REPLAY, REFUSE):
            if what in subject.loops:
                yield _figure(subject, what, subject.rate(what) / subject.rate(POST), "a post")


def _figure(subject: MeasuredService, what: str, ratio: float | None, ratio_to: str, told: str = "") -> Figure:
    loops = subject.loops[what]
    rounds = ", ".join(f"{loop.rate:,.0f}" for loop in loops)
    seconds = [s for loop in loops for s in loop.seconds]
    deployment = subject.deployment
    name = f"{what}: {deployment.name}"
    other = f"rounds {rounds}" + (f"; {told}" if told else "")
    return timed(name, deployment.engine, subject.rate(what), seconds, ratio=ratio, ratio_to=ratio_to, other=other)


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    with contextlib.ExitStack() as stack:
        found = subjects(stack)
        measure_all(found)
    conditions = {f"{one.deployment.name} on {one.deployment.engine}": one.deployment.durability for one in found}
    title = f"Single posts over HTTP, {CONNECTIONS} connections, closed loop, median of {ROUNDS} rounds in turns"
    conclude("single", title, list(figures_of(found)), conditions)


if __name__ == "__main__":
    main()
