"""Measures both builds inside processes of their own, without HTTP: `python -m loadtests.bench_inside`.

It measures folds in bulk, the bytes of a transaction, and reports over a large ledger in a process that has prepared
everything. BENCH_BASE names the commit that takes its turn, BENCH_ROUNDS and BENCH_ENGINES limit what is measured.
BENCH_FOLDED is the number of entries of a fold, BENCH_WEIGHED that of the ledger that is weighed. BENCH_TRANSACTIONS
is the size of the large ledger on BENCH_LARGE_ENGINES; each build makes its own, once, which takes minutes.
"""

import os
import statistics
from collections.abc import Iterator
from typing import Any

from loadtests.builds import Kind, builds
from loadtests.compared import ComparedFigure, medians
from loadtests.figures import conclude
from loadtests.table import quantile

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
FOLDED = int(os.environ.get("BENCH_FOLDED", "200000"))
WEIGHED = int(os.environ.get("BENCH_WEIGHED", "100000"))
TRANSACTIONS = int(os.environ.get("BENCH_TRANSACTIONS", "10000000"))
LARGE_ENGINES = os.environ.get("BENCH_LARGE_ENGINES", "sqlite").split(",")

Told = dict[Kind, list[Any]]
"""What a program printed in each round, by the build that it ran with."""


def in_turns(program: str, *arguments: object, rounds: int = ROUNDS) -> Told:
    """Runs a program with each build, one after the other, round by round."""
    found: Told = {}
    for _ in range(rounds):
        for build in builds():
            found.setdefault(build.kind, []).append(build.run(program, *arguments))
    return found


def folds(engine: str) -> Iterator[ComparedFigure]:
    """The rows of a fold in bulk."""
    told = in_turns("inside/fold.py", engine, FOLDED)
    rates = {kind: [FOLDED / one["seconds"] for one in rounds] for kind, rounds in told.items()}
    yield medians(f"fold of {FOLDED:,} entries", engine, "entries a second", rates, least=1.5)
    cpu_us = {kind: [one["cpu_s"] / FOLDED * 1e6 for one in rounds] for kind, rounds in told.items()}
    yield medians("the same, CPU of an entry", engine, "µs", cpu_us)


def weights(engine: str) -> Iterator[ComparedFigure]:
    """The rows of what a transaction weighs, and of what a post costs without HTTP. One round shows the bytes."""
    told = in_turns("footprint.py", WEIGHED, engine, rounds=1)
    limit: dict[str, Any] = {"most": 480, "judged": "ours"} if engine == "postgresql" else {}
    weight = {kind: [one["bytes_per_transaction"] for one in rounds] for kind, rounds in told.items()}
    yield medians(f"a transaction, at {WEIGHED:,}", engine, "bytes", weight, **limit)
    cpu_us = {kind: [one["cpu_us_per_single_post"] for one in rounds] for kind, rounds in told.items()}
    yield medians("post without HTTP, CPU", engine, "µs", cpu_us)


def questions(engine: str) -> Iterator[ComparedFigure]:
    """The rows of reports over the large ledger."""
    for build in builds():
        build.run_own("loadtests.histories", engine, TRANSACTIONS)
    told = in_turns("inside/questions.py", engine, TRANSACTIONS)
    for name in told["ours"][0]:
        of = {kind: [one[name] for one in rounds] for kind, rounds in told.items()}
        is_new = name == "never asked"
        p50s = {kind: [statistics.median(found) for found in rounds] for kind, rounds in of.items()}
        yield medians(f"report {name}, p50", engine, "ms", p50s, most=1.1)
        if is_new:
            p99s = {kind: [quantile(found, 0.99) for found in rounds] for kind, rounds in of.items()}
            yield medians(f"report {name}, p99", engine, "ms", p99s, most=0.6)


def main() -> None:
    """Measures, prints the table, and writes the rows to a file."""
    rows: list[ComparedFigure] = []
    for engine in ENGINES:
        rows += [*folds(engine), *weights(engine)]
    for engine in filter(None, LARGE_ENGINES):
        rows += questions(engine)
    title = f"Inside a process, reports over {TRANSACTIONS:,} transactions, median of {ROUNDS} rounds in turns"
    conclude("inside", title, [], {}, rows)


if __name__ == "__main__":
    main()
