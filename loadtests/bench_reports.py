"""How fast reports are, in process, beside SQL, DuckDB and Polars on the same data: `make bench`.

Each figure is from the query to the domain's values. The ledgers are those of loadtests.histories, with a thousand
entries in the tail; BENCH_SIZES and BENCH_ENGINES narrow what is measured.
"""

import gc
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pysqlite3.dbapi2
import pytest
import sqlalchemy as sa

from loadtests.histories import JOURNAL_COLUMNS, history, insert, live_trades
from loadtests.ledgers import ledger_on
from loadtests.market import MarketShape, days_of_rows
from loadtests.peers.engines import Answer, duckdb_asker, polars_asker, sql_asker
from loadtests.questions import EIGHT_MONTHS, HEADLINE, TWO_YEARS, never_asked
from service.commands.folding import fold_all
from service.domain.growth import Comparison
from service.domain.reports import Question
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.server.memory import look_for_cycles_rarely
from service.storage.tables import metadata

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "1000000,10000000").split(",")]
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
MIB = 1024

look_for_cycles_rarely()  # As every process of Hushi does.


@pytest.fixture(scope="module", params=SIZES)
def size(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module", params=ENGINES)
def ledger(request: pytest.FixtureRequest, size: int) -> Iterator[Ledger]:
    with history(request.param, size) as found:
        yield found


@pytest.fixture(scope="module")
def reporter(ledger: Ledger) -> Iterator[Reporter]:
    """As a service has it a few seconds after its start."""
    found = Reporter(ledger)
    found.warm_up()
    gc.collect()
    gc.freeze()
    yield found
    gc.unfreeze()


def _measure(benchmark: Any, ledger: Ledger | None, size: int, what: str, work: Callable[[], Any], rounds: int) -> Any:
    engine = "" if ledger is None else "sqlite" if ledger.database.is_sqlite else "postgresql"
    benchmark.extra_info.update(rows=size, engine=engine, what=what)
    return benchmark.pedantic(work, rounds=rounds, warmup_rounds=1)


def test_headline(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int) -> None:
    answered = _measure(
        benchmark, ledger, size, "yoy by category, 8 months", lambda: reporter.trade(HEADLINE), rounds=300
    )
    assert answered.state.position.tail_length == 1000
    benchmark.extra_info["answer"] = _as_peers_tell(answered.answer)


def _as_peers_tell(report: Any) -> list[list[object]]:
    found: list[list[object]] = []
    for row in report.rows:
        amount, residents = row.measures["amount_fen"], row.measures["residents"]
        assert isinstance(amount, Comparison)
        found.append([row.key["category"], amount.current, residents.current, amount.base, residents.base])
    return sorted(found, key=str)


def _as_rows(answer: Answer) -> list[list[object]]:
    categories = {category for category, _ in answer}
    nothing = (0, 0)
    return sorted(([c, *answer.get((c, True), nothing), *answer.get((c, False), nothing)] for c in categories), key=str)


def test_sql_on_the_same_engine(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int) -> None:
    ask = sql_asker(ledger, EIGHT_MONTHS)
    answer = _measure(benchmark, ledger, size, "SQL, COUNT(DISTINCT)", ask, rounds=2)
    assert _as_rows(answer) == _as_peers_tell(reporter.trade(HEADLINE).answer)


@pytest.mark.parametrize("peer", ["duckdb", "polars"])
def test_peer(benchmark: Any, size: int, peer: str) -> None:
    asker = {"duckdb": duckdb_asker, "polars": polars_asker}[peer](live_trades(size), EIGHT_MONTHS)
    answer = _measure(benchmark, None, size, peer, asker, rounds=10)
    with history(ENGINES[0], size) as ledger:
        assert _as_rows(answer) == _as_peers_tell(Reporter(ledger).trade(HEADLINE).answer)


@pytest.mark.parametrize("by", ["origin,month", "group_id", "settlement"])
def test_trade_by(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int, by: str) -> None:
    question = Question(EIGHT_MONTHS, "yoy", tuple(by.split(",")))
    _measure(benchmark, ledger, size, f"yoy by {by}, 8 months", lambda: reporter.trade(question), rounds=50)


@pytest.mark.parametrize("by", ["", "settlement"])
def test_residents(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int, by: str) -> None:
    question = Question(EIGHT_MONTHS, "yoy", (by,) if by else ())
    what = f"residents report {by}".strip()
    _measure(benchmark, ledger, size, what, lambda: reporter.residents(question), rounds=50)


def test_series_of_24_months(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int) -> None:
    question = Question(TWO_YEARS, "yoy", ("month",))
    _measure(benchmark, ledger, size, "series, 24 months", lambda: reporter.series(question, "residents"), rounds=50)


def test_never_asked_before(benchmark: Any, reporter: Reporter, ledger: Ledger, size: int) -> None:
    questions = never_asked()
    what = "never asked before"
    _measure(benchmark, ledger, size, what, lambda: reporter.trade(next(questions)), rounds=1000)


_COLD = """
import sys, time
started = time.perf_counter()
from loadtests.histories import history
from loadtests.questions import HEADLINE
from service.queries.reports import Reporter
with history(sys.argv[1], int(sys.argv[2])) as ledger:
    opened = time.perf_counter()
    Reporter(ledger).trade(HEADLINE)
    first = time.perf_counter() - opened
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(first, int(status["VmHWM"].split()[0]) // 1024)
"""


def test_cold_start(benchmark: Any, ledger: Ledger, size: int) -> None:
    """A new process: from the open ledger to the first report, and the most memory that it took."""
    engine = "sqlite" if ledger.database.is_sqlite else "postgresql"
    if engine == "postgresql":
        pytest.skip("the server of the kept folder is running: measured on SQLite")

    def start() -> list[str]:
        command = [sys.executable, "-c", _COLD, engine, str(size)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    benchmark.extra_info.update(rows=size, engine=engine, what="cold start, first report")
    seconds, mebibytes = benchmark.pedantic(start, rounds=3)
    benchmark.extra_info.update(first_report_s=float(seconds), process_mib=int(mebibytes))


FOLDED = 200_000


@pytest.mark.parametrize("engine", ENGINES)
def test_fold(benchmark: Any, engine: str) -> None:
    """In bulk, chain and cells included, at the density of 10 M transactions in two years."""
    with ledger_on(engine) as ledger:
        rows: list[tuple[object, ...]] = []
        for day, _ in days_of_rows(MarketShape(10_000_000)):
            rows += day
            if len(rows) >= FOLDED:
                break
        insert(ledger, "journal", JOURNAL_COLUMNS, rows[:FOLDED])
        benchmark.extra_info.update(rows=FOLDED, engine=engine, what="fold in bulk")
        assert benchmark.pedantic(lambda: fold_all(ledger), rounds=1) == FOLDED
        benchmark.extra_info["per_second"] = FOLDED / benchmark.stats.stats.mean


def test_bytes_of_cells_and_blocks(benchmark: Any, ledger: Ledger, size: int) -> None:
    """Not a time: what the cells and blocks of a transaction weigh."""
    weight = bytes_of(ledger, "cell") + bytes_of(ledger, "block")
    engine = "sqlite" if ledger.database.is_sqlite else "postgresql"
    benchmark.extra_info.update(rows=size, engine=engine, what="cells and blocks", bytes_per_tx=weight / size)
    benchmark.pedantic(lambda: None, rounds=1)


def bytes_of(ledger: Ledger, name: str) -> int:
    """The size of a table with its indexes; on SQLite of a copy of it in a database of its own."""
    if not ledger.database.is_sqlite:
        with ledger.database.reading() as connection:
            return int(connection.exec_driver_sql("SELECT pg_total_relation_size(%s)", (name,)).scalar_one())
    with tempfile.NamedTemporaryFile(suffix=".db") as copy:
        engine = sa.create_engine(f"sqlite:///{copy.name}", module=pysqlite3.dbapi2)
        metadata.tables[name].create(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ATTACH ? AS ledger", (str(ledger.database.url.database),))
            connection.exec_driver_sql(f"INSERT INTO main.{name} SELECT * FROM ledger.{name}")
        engine.dispose()
        return pathlib.Path(copy.name).stat().st_size


def test_this_process(benchmark: Any, reporter: Reporter, size: int) -> None:
    """Not a time: the memory of a process that has loaded and prepared everything (and of what measured it)."""
    benchmark.extra_info.update(rows=size, what="process after all of it")
    benchmark.extra_info["process_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB
    benchmark.pedantic(lambda: None, rounds=1)
