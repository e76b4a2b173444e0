"""Measures the report on what went on after the market, where half of all transactions have gone on: `make bench`.

Each figure is the time from the question to the domain's values, on SQLite. BENCH_SIZES limits what is measured.
"""

import datetime
import gc
import itertools
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from loadtests.histories import FOLDER, JOURNAL_COLUMNS, insert
from loadtests.ledgers import ledger_on
from loadtests.market import MarketShape, days_of_rows
from loadtests.sent_on import SentOn, cells_of_a_market, record, register_enterprises, transfers_of_rows
from service.commands.processing_folding import fold_all_transfers
from service.domain.periods import Period
from service.domain.processing_cells import On
from service.domain.reports import Question
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.server.memory import look_for_cycles_rarely

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "1000000,10000000").split(",")]
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
FOLDED_DAYS = 7

YEAR = Period(datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
MONTH = Period(datetime.date(2024, 6, 1), datetime.date(2024, 6, 30))
GROUP = (("group_id", frozenset({"G000007"})),)
ASKED: dict[str, tuple[Question, On]] = {
    "a year by enterprise": (Question(YEAR, "yoy", ("enterprise_id",)), "traded"),
    "a month by category": (Question(MONTH, "yoy", ("category",)), "traded"),
    "a year by purpose and month": (Question(YEAR, "yoy", ("purpose", "month")), "traded"),
    "a year by enterprise, on=transferred": (Question(YEAR, "yoy", ("enterprise_id",)), "transferred"),
    "a year of one group by category": (Question(YEAR, "yoy", ("category",), GROUP), "traded"),
}

look_for_cycles_rarely()  # Every process of Hushi does this.


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def ledger(size: int) -> Iterator[Ledger]:
    with cells_of_a_market(FOLDER / f"sent-on-{size}", size) as found:
        yield found


@pytest.fixture(scope="module")
def reporter(ledger: Ledger) -> Iterator[Reporter]:
    """A reporter in the state that it has in a service a few seconds after the start."""
    found = Reporter(ledger)
    found.warm_up()
    gc.collect()
    gc.freeze()
    yield found
    gc.unfreeze()


@pytest.mark.parametrize("what", ASKED)
def test_asked_again(benchmark: Any, reporter: Reporter, size: int, what: str) -> None:
    question, on = ASKED[what]
    benchmark.extra_info.update(rows=size, engine="sqlite", what=f"processing: {what}")
    benchmark.pedantic(lambda: reporter.processing(question, on), rounds=100, warmup_rounds=1)


def never_asked(seed: int = 7) -> Iterator[tuple[Question, On]]:
    """Random year-on-year questions about any days of 2024: each with up to two filters and up to two dimensions."""
    chance = random.Random(seed)
    values = {
        "category": ["meat", "grain", "wool", "packaged_food"],
        "origin": ["MN", "RU", "KZ", "BY"],
        "trade_point": ["erenhot", "erenhot-city"],
        "enterprise_id": [f"E{number:08d}" for number in range(1, 13)],
        "purpose": ["processing", "secondary_market"],
        "group_id": [f"G{number:06d}" for number in range(1, 401)],
    }
    bys: list[tuple[str, ...]] = [
        (), ("enterprise_id",), ("purpose",), ("category",), ("category", "month"), ("purpose", "enterprise_id"),
        ("enterprise_id", "month"), ("origin", "trade_point"),
    ]  # fmt: skip
    while True:
        start, end = (YEAR.start + datetime.timedelta(days=n) for n in sorted(chance.sample(range(366), 2)))
        names = chance.sample(sorted(values), chance.randrange(3))
        filters = tuple((name, frozenset(chance.sample(values[name], chance.randrange(1, 3)))) for name in names)
        on: On = chance.choice(["traded", "traded", "transferred"])
        yield Question(Period(start, end), "yoy", chance.choice(bys), filters), on


def test_never_asked_before(benchmark: Any, reporter: Reporter, size: int) -> None:
    questions = never_asked()
    benchmark.extra_info.update(rows=size, engine="sqlite", what="processing: never asked before")
    benchmark.pedantic(lambda: reporter.processing(*next(questions)), rounds=500, warmup_rounds=1)


_COLD = """
import pathlib, sys, time
from loadtests.bench_processing import ASKED
from loadtests.sent_on import cells_of_a_market
from service.queries.reports import Reporter
def memory():
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    return int(status["VmRSS"].split()[0]) // 1024
with cells_of_a_market(pathlib.Path(sys.argv[1]), int(sys.argv[2])) as ledger:
    before, opened = memory(), time.perf_counter()
    reporter = Reporter(ledger)
    reporter.processing(*next(iter(ASKED.values())))
    first = time.perf_counter() - opened
    reporter.warm_up()
    print(first, memory() - before)
"""


def test_cold_start(benchmark: Any, ledger: Ledger, size: int) -> None:
    """Measures a new process: the time to the first report, and the memory of all cells of trade and of transfers."""
    command = [sys.executable, "-c", _COLD, str(FOLDER / f"sent-on-{size}"), str(size)]

    def start() -> list[str]:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    benchmark.extra_info.update(rows=size, engine="sqlite", what="processing: cold start, first report")
    seconds, mebibytes = benchmark.pedantic(start, rounds=2)
    benchmark.extra_info.update(first_report_s=float(seconds), process_mib=int(mebibytes))


@pytest.mark.parametrize("engine", ENGINES)
def test_fold(benchmark: Any, engine: str) -> None:
    """Measures a fold of transfers in bulk, at the density of 10 M transactions in two years."""
    with ledger_on(engine) as ledger:
        register_enterprises(ledger)
        made, chance = 0, random.Random(3)
        sent: list[SentOn] = []
        for rows, live in itertools.islice(days_of_rows(MarketShape(10_000_000)), FOLDED_DAYS):
            insert(ledger, "journal", JOURNAL_COLUMNS, rows)
            sent += transfers_of_rows(rows, live, made, chance)
            made += len(rows)
        record(ledger, sent)
        lines = sum(len(one.lines) for one in sent)
        benchmark.extra_info.update(rows=lines, engine=engine, what="processing: fold in bulk")
        assert benchmark.pedantic(lambda: fold_all_transfers(ledger), rounds=1) == lines
        benchmark.extra_info["per_second"] = lines / benchmark.stats.stats.mean
