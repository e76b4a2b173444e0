"""How large a commit may grow, and whether to wait for more: `python -m loadtests.commit_sizes [ENGINES]`.

64 threads post one trade each, over and over, through the committer and without HTTP, so that what is measured is the
group commit alone. Waiting is tried by a committer that sleeps before it gathers; the service's own never does.
"""

import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import service.commands.committer
from loadtests.ledgers import ledger_on, postings, register_residents
from service.commands.committer import Committer
from service.commands.posting import Post
from service.ledger import Ledger

THREADS, SECONDS, RESIDENTS = 64, 4.0, 2000
SIZES = (1, 8, 32, 1000)
WAITS_MS = (0.0, 1.0, 5.0)


class Patient(Committer):
    """A committer that waits for more before it writes."""

    wait_s = 0.0

    def _take_together(self, first: Any) -> Any:
        if self.wait_s:
            time.sleep(self.wait_s)
        return super()._take_together(first)


def measure(ledger: Ledger, entries: Iterator[Post], size: int, wait_ms: float) -> tuple[float, float]:
    """Posts a second, and the 99th percentile of their times in milliseconds."""
    service.commands.committer.ENTRIES_PER_COMMIT_MAX = size
    committer, times, lock = Patient(ledger), list[float](), threading.Lock()
    committer.wait_s = wait_ms / 1000
    until = time.perf_counter() + SECONDS

    def post() -> None:
        while time.perf_counter() < until:
            with lock:
                entry = next(entries)
            started = time.perf_counter()
            committer.submit([entry])
            times.append(time.perf_counter() - started)

    threads = [threading.Thread(target=post) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    committer.close()
    times.sort()
    return len(times) / SECONDS, times[int(len(times) * 0.99)] * 1000


def main() -> None:
    """Prints a line for each size and wait."""
    for engine in (sys.argv[1] if len(sys.argv) > 1 else "sqlite,postgresql").split(","):
        with ledger_on(engine, fsync=True) as ledger:
            register_residents(ledger, RESIDENTS)
            entries = postings(1_000_000, RESIDENTS)
            measure(ledger, entries, 1000, 0)
            tried = [(size, 0.0) for size in SIZES] + [(1000, wait_ms) for wait_ms in WAITS_MS[1:]]
            for size, wait_ms in tried:
                rate, p99_ms = measure(ledger, entries, size, wait_ms)
                tried_as = f"{engine:10} up to {size:4} a commit, waiting {wait_ms:.0f} ms"
                print(f"{tried_as}: {rate:6,.0f}/s, p99 {p99_ms:4.0f} ms", flush=True)


if __name__ == "__main__":
    main()
