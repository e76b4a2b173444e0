"""Overloads the service: `python -m loadtests.overload` finds its peak rate, then sends three times as many requests.

The peak is that of a closed loop on 64 connections. The overload is an open loop: it sends requests when they are due,
on 64 connections at first and on up to 2,000 later. A client goes away after 10 seconds without an answer. Latencies
count from the time when a request was due, to a millisecond. LOAD_SECONDS is the overload's length, BENCH_ENGINES lists
the engines.
"""

import itertools
import os
import resource
import time
from collections.abc import Iterator

from loadtests.client import closed_loop, open_loop
from loadtests.deployments import CONNECTIONS, Deployment, hushi_on
from loadtests.figures import Figure, conclude, timed
from loadtests.postings import Market
from loadtests.sender import PATIENCE_S, Loop

PEAK_S = float(os.environ.get("LOAD_PEAK_SECONDS", "10"))
OVERLOAD_S = float(os.environ.get("LOAD_SECONDS", "120"))
TIMES = float(os.environ.get("LOAD_TIMES", "3"))
RECOVERY_S, RECOVERY_MAX_S = 5.0, 120.0
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
FILES_MAX = 8192
GOOD, REFUSED = 201, 503


def measure(deployment: Deployment) -> Iterator[Figure]:
    """Measures the peak, the overload, and whether the service works as before after the overload."""
    requests = deployment_requests(deployment)
    peak = closed_loop(deployment.port, requests, connections=CONNECTIONS, seconds=PEAK_S, warm_up_s=2)
    assert peak.statuses[GOOD], (peak.failures, peak.heads)
    yield timed(f"peak: {deployment.name}", deployment.engine, peak.rate_of(GOOD), peak.seconds_by_status[GOOD])
    before_mib, cpu_s = deployment.resident_mib(), time.process_time()
    loop = open_loop(deployment.port, requests, rate=TIMES * peak.rate_of(GOOD), seconds=OVERLOAD_S)
    cores, after_mib = (time.process_time() - cpu_s) / OVERLOAD_S, deployment.resident_mib()
    waited_s = until_it_answers(deployment.port, requests)
    told = (
        f"the generator took {cores:.2f} of a core; memory {before_mib:,.0f} MiB before, {after_mib:,.0f} MiB at the "
    )
    told += f"end, {deployment.resident_mib():,.0f} MiB later"
    yield from figures_of(deployment, peak, loop, told)
    after = closed_loop(deployment.port, requests, connections=CONNECTIONS, seconds=RECOVERY_S, warm_up_s=2)
    told = f"the first answer came {waited_s:,.1f} s after the last client had gone; {dict(after.statuses)}"
    yield timed(
        "afterwards", deployment.engine, after.rate_of(GOOD), after.seconds_by_status.get(GOOD, []),
        ratio=after.rate_of(GOOD) / peak.rate_of(GOOD), ratio_to="peak", other=told,
    )  # fmt: skip


def until_it_answers(port: int, requests: Iterator[bytes]) -> float:
    """The seconds until a single post is accepted again, after all clients have gone."""
    started = time.perf_counter()
    while time.perf_counter() - started < RECOVERY_MAX_S:
        loop = closed_loop(port, itertools.islice(requests, 1), connections=1, seconds=PATIENCE_S)
        if loop.statuses[GOOD]:
            break
    return time.perf_counter() - started


def deployment_requests(deployment: Deployment) -> Iterator[bytes]:
    """New posts, which no client has sent before."""
    return Market("overld").requests(deployment.key).fresh()


def figures_of(deployment: Deployment, peak: Loop, loop: Loop, memory: str) -> Iterator[Figure]:
    """The figures of accepted, refused and unanswered requests. Together these are all requests that were due."""
    name, engine = f"at {TIMES:g} x peak", deployment.engine
    due = OVERLOAD_S * TIMES * peak.rate_of(GOOD)
    accepted = loop.seconds_by_status.get(GOOD, [])
    goodput = loop.rate_of(GOOD)
    told = f"{due / OVERLOAD_S:,.0f} a second due, up to {loop.connections:,} connections; {memory}"
    yield timed(
        f"{name}, accepted", engine, goodput, accepted, ratio=goodput / peak.rate_of(GOOD), ratio_to="peak", other=told
    )
    for status, seconds in sorted(loop.seconds_by_status.items()):
        if status != GOOD:
            has = "with" if b"\r\nretry-after:" in loop.heads[status].lower() else "WITHOUT"
            told = f"{len(seconds) / due:.0%} of all; {has} Retry-After"
            yield timed(f"{name}, answered {status}", engine, loop.rate_of(status), seconds, other=told)
    for what, count in sorted(loop.failures.items()):
        told = f"{count:,}, {count / due:.0%} of all" + (f"; after {PATIENCE_S:g} s" if "gave up" in what else "")
        yield Figure(f"{name}, {what}", engine, count / OVERLOAD_S, other=told)


def allow_many_files() -> None:
    """Raises the limit of open files, because each connection is one, here and in the server that is started here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(FILES_MAX, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    allow_many_files()
    figures: list[Figure] = []
    conditions = {}
    for engine in ENGINES:
        with hushi_on(engine) as deployment:
            figures += measure(deployment)
            conditions[f"{deployment.name} on {engine}"] = deployment.durability
    conclude("overload", f"Overload: an open loop at {TIMES:g} x peak for {OVERLOAD_S:g} s", figures, conditions)


if __name__ == "__main__":
    main()
