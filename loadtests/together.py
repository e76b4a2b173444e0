"""Measures what reading, folding and posting at full rate cost each other: `python -m loadtests.together`.

Posts come in a closed loop on 64 connections. Reports of several kinds come at a fixed rate, as officers and dashboards
ask for them, in an open loop, so that waiting counts. Every post changes their answers. The rounds take turns: posts
alone, reports alone, both, and posts to a service that does not fold, which are compared with posts to the normal
service. Before the rounds, some days of a market are posted, so that the reports have trades to count. LOAD_REPORTS is
the rate of the reports. The commit that BENCH_BASE names takes its turn with posts alone and with both.
"""

import contextlib
import itertools
import os
import statistics
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadtests.builds import Kind, builds
from loadtests.client import CONNECTIONS_MAX, drive, request_bytes
from loadtests.compared import ComparedFigure, medians
from loadtests.deployments import CONNECTIONS, Deployment, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.overload import allow_many_files
from loadtests.postings import Market, ndjson
from loadtests.sender import Loop, Stream
from loadtests.table import quantile

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "6"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
REPORTS_PER_SECOND = float(os.environ.get("LOAD_REPORTS", "20"))
POSTED_BEFORE = int(os.environ.get("LOAD_POSTED_BEFORE", "100000"))
BATCH = 10_000
WARM_UP_S = 1.0
REPORTS = (
    "/v1/reports/trade?ytd=2024-12-31&by=category",
    "/v1/reports/trade?period=2024-10&by=origin,month",
    "/v1/reports/trade?period=2024-Q4&by=settlement",
    "/v1/reports/trade?period=2024-10-09&by=category",
    "/v1/reports/residents?period=2024-Q4",
    "/v1/reports/series?period=2024-Q4&measure=residents&interval=day",
)
ALONE, TOGETHER, READING, UNFOLDED = "posts alone", "posts beside reports", "reports alone", "posts, nothing folds"
WAITED = "reports beside posts"


@dataclass(slots=True)
class MeasuredPair:
    """A service, its postings, and its measurements by the kind of round."""

    deployment: Deployment
    market: Market
    loops: dict[str, list[Loop]] = field(default_factory=dict)

    def run(self, *parts: tuple[str, Stream]) -> None:
        """Runs one round of these streams, side by side."""
        found = drive(self.deployment.port, [stream for _, stream in parts], seconds=SECONDS, warm_up_s=WARM_UP_S)
        for (what, _), loop in zip(parts, found, strict=True):
            assert {200, 201} & set(loop.statuses), (what, loop.failures, loop.heads)
            self.loops.setdefault(what, []).append(loop)

    def posts(self) -> Stream:
        """Posts at full rate."""
        return Stream(self.market.requests(self.deployment.key).fresh(), CONNECTIONS)

    def reports(self) -> Stream:
        """Reports of several kinds at a fixed rate."""
        headers = {"Authorization": f"Bearer {self.deployment.key}"}
        requests = [request_bytes(path, headers) for path in REPORTS]
        return Stream(itertools.cycle(requests), CONNECTIONS_MAX, REPORTS_PER_SECOND)

    def fill(self) -> None:
        """Posts some days of a market, in batches."""
        headers = {"Authorization": f"Bearer {self.deployment.key}", "Content-Type": "application/x-ndjson"}
        url = f"http://127.0.0.1:{self.deployment.port}/v1/transactions/batch"
        for _ in range(POSTED_BEFORE // BATCH):
            body = ndjson(self.market.lines(BATCH))
            urllib.request.urlopen(urllib.request.Request(url, body, headers, method="POST")).close()

    def rate(self, what: str) -> float:
        """The median of the rounds' rates."""
        return statistics.median(loop.rate_of(200) + loop.rate_of(201) for loop in self.loops[what])


def measure(engine: str) -> tuple[list[Figure], list[ComparedFigure], dict[str, str]]:
    """Measures the services in turns. All run all the time; those that are not measured are idle."""
    with contextlib.ExitStack() as stack:
        usual = {
            build.kind: MeasuredPair(stack.enter_context(hushi_on(engine, build=build)), Market("usual0"))
            for build in builds()
        }
        other = MeasuredPair(stack.enter_context(hushi_on(engine, folds=False)), Market("nofold"))
        for one in usual.values():
            one.fill()
        for _ in range(ROUNDS):
            for one in usual.values():
                one.run((ALONE, one.posts()))
            other.run((UNFOLDED, other.posts()))
            usual["ours"].run((READING, usual["ours"].reports()))
            for one in usual.values():
                one.run((TOGETHER, one.posts()), (WAITED, one.reports()))
        rows, subject = list(rows_of(engine, usual)), usual["ours"]
        subject.loops |= other.loops
        told = {f"{one.deployment.name} on {engine}": one.deployment.durability for one in usual.values()}
        return list(figures_of(subject)), rows, told


def rows_of(engine: str, usual: dict[Kind, MeasuredPair]) -> Iterator[ComparedFigure]:
    """The rows of both builds."""
    p99s_ms = {
        kind: [quantile(loop.seconds_by_status[200], 0.99) * 1000 for loop in one.loops[WAITED]]
        for kind, one in usual.items()
    }
    yield medians("report beside posts, p99", engine, "ms", p99s_ms, most=0.5)
    rates = {kind: [loop.rate_of(201) for loop in one.loops[TOGETHER]] for kind, one in usual.items()}
    yield medians("posts beside those reports", engine, "a second", rates)


def figures_of(subject: MeasuredPair) -> Iterator[Figure]:
    """The figures of each kind of round, compared with posts alone."""
    engine = subject.deployment.engine
    for what in (ALONE, TOGETHER, UNFOLDED, READING, WAITED):
        loops = subject.loops[what]
        seconds = [s for loop in loops for status in (200, 201) for s in loop.seconds_by_status.get(status, [])]
        ratio = subject.rate(what) / subject.rate(ALONE) if what in {TOGETHER, UNFOLDED} else None
        failures = sum((loop.failures for loop in loops), start=Counter[str]())
        told = "rounds " + ", ".join(f"{loop.rate:,.0f}" for loop in loops)
        told += "".join(f"; {count} {why}" for why, count in failures.items())
        refused = sum(count for loop in loops for status, count in loop.statuses.items() if status >= 300)
        told += f"; {refused} refused" if refused else ""
        yield timed(what, engine, subject.rate(what), seconds, ratio=ratio, ratio_to=ALONE if ratio else "", other=told)


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    allow_many_files()
    figures: list[Figure] = []
    rows: list[ComparedFigure] = []
    conditions: dict[str, str] = {}
    for engine in ENGINES:
        found, compared, told = measure(engine)
        figures += found
        rows += compared
        conditions |= told
    title = f"Reports ({REPORTS_PER_SECOND:g} a second, open loop) and folding beside posts at full rate"
    conclude("together", title, figures, conditions, rows)


if __name__ == "__main__":
    main()
