"""Measures single posts over HTTP, each durable before its answer: Hushi on both engines beside its peers, in turns.

The load is a closed loop on 64 keep-alive connections, with different bodies and keys. A closed loop hides waiting, so
the figures are rates. Each peer is measured with one and with two processes, and the better one counts. The full peer
has the same duties (loadtests/peers/web_service.py), the thin one has none (loadtests/peers/thin_service.py). The thin
one's claims are those on PostgreSQL, for Hushi on either engine; on SQLite it is measured beside, with one process.
After that, known keys are sent again, and trades that are refused. BENCH_ROUNDS says how often it measures,
BENCH_SECONDS how long, BENCH_ENGINES on which engines, BENCH_BASE which commit takes its turn as well.
"""

import contextlib
import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from loadtests.builds import builds
from loadtests.client import closed_loop
from loadtests.compared import ComparedFigure, medians
from loadtests.deployments import CONNECTIONS, Deployment, durable_postgresql, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.peers.running import peer_on, thin_peer_on
from loadtests.postings import Market, Requests
from loadtests.sender import Loop
from loadtests.table import quantile

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))
WARM_UP_S = 1.0
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
PEER_WORKERS = (1, 2)
REPLAYED = 1000
POST, REPLAY, REFUSE = "post", "replay of a known key", "refusal (over_allowance=refuse)"
BuildKind = Literal["ours", "base", "one process", "full peer", "thin peer", "thin peer on SQLite"]


@dataclass(slots=True)
class MeasuredService:
    """A deployment, its postings, and its measurements: of each round the answers, and the CPU time for each post."""

    kind: BuildKind
    deployment: Deployment
    market: Market
    loops: dict[str, list[Loop]] = field(default_factory=dict)
    cpu_ms: list[float] = field(default_factory=list)

    def measure(self, what: str, status: int, source: Iterator[bytes]) -> None:
        """Measures one round. Every answer must have this status."""
        loop = closed_loop(self.deployment.port, source, connections=CONNECTIONS, seconds=SECONDS, warm_up_s=WARM_UP_S)
        assert set(loop.statuses) == {status}, (self.deployment.name, what, loop.statuses, loop.heads)
        assert not loop.failures, loop.failures
        self.loops.setdefault(what, []).append(loop)

    def measure_posts(self) -> None:
        """Measures one round of posts, and waits until they are folded.

        The CPU time is that of the warm-up and of the fold, too, and the number of posts is that of the warm-up, too.
        """
        before, began_s = self.market.next_number(), self.deployment.cpu_s()
        self.measure(POST, 201, self.requests().fresh())
        posts = self.market.next_number() - before - 1
        self.deployment.wait_until_idle()
        self.cpu_ms.append((self.deployment.cpu_s() - began_s) * 1000 / posts)

    def requests(self, **changes: str) -> Requests:
        """The posts of this service's caller."""
        return self.market.requests(self.deployment.key, **changes)

    def rate(self, what: str = POST) -> float:
        """The median of the rounds' rates."""
        return statistics.median(self.rates(what))

    def rates(self, what: str = POST) -> list[float]:
        """The rates of the rounds."""
        return [loop.rate for loop in self.loops[what]]

    def times_ms(self, part: float) -> list[float]:
        """The quantiles of the rounds of posts."""
        return [quantile(loop.seconds, part) * 1000 for loop in self.loops[POST]]


def subjects(stack: contextlib.ExitStack) -> list[MeasuredService]:
    """Starts all services that are compared."""
    server = stack.enter_context(durable_postgresql())
    found: list[tuple[BuildKind, contextlib.AbstractContextManager[Deployment]]] = []
    for engine in ENGINES:
        found += [(build.kind, hushi_on(engine, server, build=build)) for build in builds()]
    if "sqlite" in ENGINES:
        found += [
            ("one process", hushi_on("sqlite", workers=1)),
            ("thin peer on SQLite", thin_peer_on("sqlite", None, 1)),
        ]
    for workers in PEER_WORKERS:
        found += [("full peer", peer_on(server, workers)), ("thin peer", thin_peer_on("postgresql", server, workers))]
    return [MeasuredService(kind, stack.enter_context(one), Market("single")) for kind, one in found]


def measure_all(found: list[MeasuredService]) -> None:
    """Measures the services in turns, so that a slow minute of the machine harms all of them alike."""
    for _ in range(ROUNDS):
        for subject in found:
            subject.measure_posts()
    hushis = [subject for subject in found if subject.kind in {"ours", "one process"}]
    for _ in range(ROUNDS):
        for subject in hushis:
            subject.measure(REPLAY, 201, subject.requests().again(0, REPLAYED))
            refused = subject.requests(amount_cny="9000.00", over_allowance="refuse")
            subject.measure(REFUSE, 422, refused.fresh())


def better(found: list[MeasuredService], kind: BuildKind) -> MeasuredService:
    """The peer of this kind that posts most."""
    return max((subject for subject in found if subject.kind == kind), key=MeasuredService.rate)


def figures_of(found: list[MeasuredService]) -> Iterator[Figure]:
    """Compares posts with the better full peer, and replays and refusals with posts of the same deployment."""
    full, thin = better(found, "full peer"), better(found, "thin peer")
    for subject in found:
        ratio = None if subject is full else subject.rate() / full.rate()
        told = "; the better full peer" * (subject is full) + "; the better thin peer" * (subject is thin)
        yield _figure(subject, POST, ratio, "the full peer" if ratio else "", told)
    for subject in found:
        for what in (REPLAY, REFUSE):
            if what in subject.loops:
                yield _figure(subject, what, subject.rate(what) / subject.rate(), "a post")


def _figure(subject: MeasuredService, what: str, ratio: float | None, ratio_to: str, told: str = "") -> Figure:
    seconds = [s for loop in subject.loops[what] for s in loop.seconds]
    deployment = subject.deployment
    other = "rounds " + ", ".join(f"{rate:,.0f}" for rate in subject.rates(what))
    other += f"; {statistics.median(subject.cpu_ms):.2f} ms of CPU each" if what == POST else ""
    name = f"{what}: {deployment.name}"
    return timed(
        name, deployment.engine, subject.rate(what), seconds, ratio=ratio, ratio_to=ratio_to, other=other + told
    )


def rows_of(found: list[MeasuredService]) -> Iterator[ComparedFigure]:
    """The rows of both builds, and of both against the peers."""
    for engine in ENGINES:
        of = {one.kind: one for one in found if one.kind in {"ours", "base"} and one.deployment.engine == engine}
        yield medians(POST, engine, "a second", {kind: one.rates() for kind, one in of.items()}, least=2.0)
        yield medians("post, p50", engine, "ms", {kind: one.times_ms(0.5) for kind, one in of.items()})
        yield medians("post, p99", engine, "ms", {kind: one.times_ms(0.99) for kind, one in of.items()}, most=0.6)
        yield medians(
            "post, CPU of the service with its fold", engine, "ms", {kind: one.cpu_ms for kind, one in of.items()}
        )
        for peer, least in (("thin peer", 2.8), ("full peer", None)):
            rate = better(found, "thin peer" if least else "full peer").rate()
            leads = {kind: [one.rate() / rate] for kind, one in of.items()}
            yield medians(f"post, against the {peer}", engine, "x", leads, least=least, judged="ours")


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    with contextlib.ExitStack() as stack:
        found = subjects(stack)
        measure_all(found)
    conditions = {f"{one.deployment.name} on {one.deployment.engine}": one.deployment.durability for one in found}
    title = f"Single posts over HTTP, {CONNECTIONS} connections, closed loop, median of {ROUNDS} rounds in turns"
    conclude("single", title, list(figures_of(found)), conditions, list(rows_of(found)))


if __name__ == "__main__":
    main()
