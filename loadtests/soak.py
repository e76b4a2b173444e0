"""Serves mixed load at half of its capacity for hours, and tells whether anything grows: `make soak`.

The mix: single posts, a batch of 200 lines every two seconds, reports of several kinds, lists and quotes, and a clerk
who posts, reads, reverses and asks for the allowance. The capacity is the rate of single posts in a closed loop on 64
connections beside the same reads. All streams are open loops, so that waiting counts. Every window ends with a line:
rates, percentiles, memory of the service's processes (PSS: pages that processes share count once), the cells that one
of them holds, open files, threads, length of the log, tail. At the end every acknowledged entry must be in the ledger,
and `hushi verify` must pass.
SOAK_SECONDS is the length for each engine, SOAK_WINDOW_S that of a window, BENCH_ENGINES lists the engines.
"""

import dataclasses
import itertools
import os
import pathlib
import re
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
import psutil

from loadtests.client import CONNECTIONS_MAX, drive, request_bytes
from loadtests.deployments import CONNECTIONS, MIB, PROGRAMS, Deployment, durable_postgresql, hushi_on
from loadtests.histories import FOLDER
from loadtests.overload import allow_many_files
from loadtests.postings import Market, ndjson
from loadtests.sender import Loop, Stream
from loadtests.soak_clerk import CheckingClerk
from loadtests.table import quantile
from loadtests.together import REPORTS
from tests.postgresql import PostgreSQL

SECONDS = float(os.environ.get("SOAK_SECONDS", "7200"))
WINDOW_S = float(os.environ.get("SOAK_WINDOW_S", "300"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
SHARE = float(os.environ.get("SOAK_SHARE", "0.5"))
CAPACITY_S = 20.0
BATCH_LINES, BATCHES_PER_SECOND, REPORTS_PER_SECOND = 200, 0.5, 5.0
POSTS, BATCHES, READS = "posts", "batches", "reads"
LISTS = (
    "/v1/transactions?limit=50",
    "/v1/residents?limit=50",
    "/v1/residents/R00000001/allowance?day=2024-10-09",
    "/metrics",
    "/health/ready",
)
_FIGURE = re.compile(r"^(hushi_\w+) (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Window:
    """What one window came to. Times are in seconds, memory in MiB."""

    at_s: float
    posts_per_second: float
    p50_s: float
    p99_s: float
    reads_p99_s: float
    service_mib: float
    cube_mib: float
    database_mib: float
    files: int
    threads: int
    log_mib: float
    tail: float
    statuses: dict[str, int]
    failures: dict[str, int]


@dataclass(slots=True)
class Soak:
    """One engine's run: its service, its market and its windows."""

    deployment: Deployment
    server: PostgreSQL | None
    market: Market = field(default_factory=lambda: Market("soak00"))
    accepted: Counter[str] = field(default_factory=Counter)
    windows: list[Window] = field(default_factory=list)

    def streams(self, rate: float | None) -> list[Stream]:
        """The three streams; without a rate, the posts are a closed loop at full speed."""
        key = self.deployment.key
        bearer = {"Authorization": f"Bearer {key}"}
        reads = itertools.cycle([request_bytes(path, bearer) for path in (*REPORTS, *LISTS)])
        return [
            Stream(self.market.requests(key).fresh(), CONNECTIONS if rate is None else CONNECTIONS_MAX, rate),
            Stream(self._batches(bearer), CONNECTIONS_MAX, BATCHES_PER_SECOND),
            Stream(reads, CONNECTIONS_MAX, REPORTS_PER_SECOND),
        ]

    def _batches(self, bearer: dict[str, str]) -> Iterator[bytes]:
        headers = {**bearer, "Content-Type": "application/x-ndjson"}
        while True:
            yield request_bytes("/v1/transactions/batch", headers, "POST", ndjson(self.market.lines(BATCH_LINES)))

    def run(self, rate: float | None, seconds: float) -> dict[str, Loop]:
        """Runs the streams side by side, and counts what was accepted."""
        found = drive(self.deployment.port, self.streams(rate), seconds=seconds)
        loops = dict(zip((POSTS, BATCHES, READS), found, strict=True))
        self.accepted["single"] += loops[POSTS].statuses[201]
        self.accepted["batches"] += loops[BATCHES].statuses[200]
        self.accepted["unknown"] += loops[POSTS].failures.total() + loops[BATCHES].failures.total()
        return loops

    def window(self, rate: float, started: float) -> Window:
        """One window at a rate, and what the machine looks like at its end."""
        loops = self.run(rate, min(WINDOW_S, SECONDS))
        posts, reads = loops[POSTS], loops[READS].seconds
        statuses = Counter(str(status) for loop in loops.values() for status in loop.statuses.elements())
        failures = sum((loop.failures for loop in loops.values()), start=Counter[str]())
        processes = [self.deployment.process, *self.deployment.process.children(recursive=True)]
        figures = self.figures()
        return Window(
            time.monotonic() - started, posts.rate_of(201), quantile(posts.seconds, 0.5), quantile(posts.seconds, 0.99),
            quantile(reads, 0.99), pss_mib(processes), figures.get("hushi_cube_bytes", 0.0) / MIB,
            pss_mib(self._servers()),
            sum(one.num_fds() for one in processes), sum(one.num_threads() for one in processes),
            self._log_mib(figures), figures.get("hushi_tail_length", 0.0), dict(statuses), dict(failures),
        )  # fmt: skip

    def figures(self) -> dict[str, float]:
        """The metrics without labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.deployment.port}/metrics", timeout=10) as answer:
            return {name: float(value) for name, value in _FIGURE.findall(answer.read().decode())}

    def _servers(self) -> list[psutil.Process]:
        """The processes of PostgreSQL; none on SQLite."""
        if self.server is None:
            return []
        postmaster = psutil.Process(int((self.server.folder / "data/postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]

    def _log_mib(self, figures: dict[str, float]) -> float:
        if self.server is None:
            return figures.get("hushi_wal_bytes", 0.0) / MIB
        return sum(file.stat().st_size for file in (self.server.folder / "data/pg_wal").glob("0*")) / MIB

    def conclude(self, clerk: CheckingClerk) -> dict[str, object]:
        """Checks the ledger against what was acknowledged, verifies it, and returns what was found."""
        inside = self._entries()
        answered = self.accepted["single"] + BATCH_LINES * self.accepted["batches"] + clerk.acknowledged
        most = answered + self.accepted["unknown"] * BATCH_LINES + clerk.unknown
        assert answered <= inside <= most, (answered, inside, most)
        started = time.monotonic()
        verified = subprocess.run(
            [PROGRAMS / "hushi", "verify"], env={**os.environ, **self.deployment.environment}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        return {
            "acknowledged": answered, "entries": inside, "unknown": self.accepted["unknown"] + clerk.unknown,
            "wrong answers to the clerk": clerk.wrong, "verify": verified.returncode,
            "verify said": (verified.stdout + verified.stderr).strip().splitlines()[-1:],
            "verify s": round(time.monotonic() - started, 1),
        }  # fmt: skip

    def _entries(self) -> int:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.deployment.port}/v1/ledger",
            headers={"Authorization": f"Bearer {self.deployment.key}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            found = orjson.loads(answer.read())
        return int(found["transactions"])


def pss_mib(processes: list[psutil.Process]) -> float:
    """The memory of processes in MiB; pages that they share count once."""
    total = 0
    for one in processes:
        rollup = pathlib.Path(f"/proc/{one.pid}/smaps_rollup")
        total += next((int(line.split()[1]) for line in rollup.read_text().splitlines() if line.startswith("Pss:")), 0)
    return total / 1024


def soak(engine: str, server: PostgreSQL | None) -> dict[str, object]:
    """Runs one engine for SOAK_SECONDS, and returns its figures."""
    with hushi_on(engine, server) as deployment:
        one = Soak(deployment, server)
        capacity = one.run(None, CAPACITY_S)[POSTS].rate_of(201)
        one.accepted["unknown"] += CONNECTIONS  # A closed stream does not wait for its last answers.
        rate = SHARE * capacity
        print(f"{engine}: {capacity:,.0f} posts a second at most beside the rest, {rate:,.0f} from now on", flush=True)
        started = time.monotonic()
        with CheckingClerk(deployment.port, deployment.key) as clerk:
            while time.monotonic() - started < SECONDS:
                one.windows.append(one.window(rate, started))
                print(orjson.dumps(dataclasses.asdict(one.windows[-1])).decode(), flush=True)
        ended = one.conclude(clerk)
        return {
            "engine": engine, "capacity": capacity, "rate": rate, "durability": deployment.durability,
            "windows": [dataclasses.asdict(window) for window in one.windows], **ended,
        }  # fmt: skip


def main() -> None:
    """Runs each engine, and writes .bench-data/soak-ENGINE.json."""
    allow_many_files()
    FOLDER.mkdir(exist_ok=True)
    for engine in ENGINES:
        if engine == "postgresql":
            with durable_postgresql() as server:
                found = soak(engine, server)
        else:
            found = soak(engine, None)
        (FOLDER / f"soak-{engine}.json").write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
        print(orjson.dumps({name: told for name, told in found.items() if name != "windows"}).decode(), flush=True)
        if found["verify"] != 0 or found["wrong answers to the clerk"]:
            raise SystemExit(f"WRONG: {found}")


if __name__ == "__main__":
    main()
