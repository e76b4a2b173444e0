"""One report over a hundred million transactions: `python -m loadtests.hundred_million [COUNT]` (20 GB of disk).

The generator's rows go straight into the journal, without its secondary indexes, and day by day into the
cells, by the same function that a fold uses. No chain is sealed over them: a single block stands for all.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable

from loadtests.histories import FOLDER, JOURNAL_COLUMNS, insert, people
from loadtests.market import MarketShape, Row, days_of_rows
from loadtests.questions import EIGHT_MONTHS, HEADLINE, never_asked
from service.config import Settings
from service.domain.cells import Cell, CellKey, CountedEntry, apply, entry_of
from service.domain.chain import GENESIS_HASH, seal
from service.domain.reports import Question
from service.ledger import Ledger, open_ledger
from service.queries.reports import Reporter
from service.storage import blocks, cells, schema
from service.storage.blocks import SealedBlock
from service.storage.entry_rows import entry_of as transaction_of
from service.vault import create_secrets


def build(ledger: Ledger, shape: MarketShape) -> None:
    """Fills an empty ledger, a day at a time: a market has no trade whose cell is of another day."""
    with ledger.database.writing() as connection:
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'journal' AND sql IS NOT NULL"
        ).fetchall():
            connection.exec_driver_sql(f"DROP INDEX {name}")
    people(ledger, shape)
    written = 0
    for rows, live in days_of_rows(shape):
        insert(ledger, "journal", JOURNAL_COLUMNS, rows)
        # What is not live has left no trace in sums and sets: only live trades are added.
        changed: dict[CellKey, Cell] = {}
        apply([_entry(rows[place]) for place in live], {}, changed)
        with ledger.database.writing() as connection:
            cells.save(connection, changed, 1)
        written += len(rows)
    block = seal(no=1, previous_hash=GENESIS_HASH, leaves=[GENESIS_HASH], sealed_at=ledger.now())
    with ledger.database.writing() as connection:
        blocks.insert(connection, SealedBlock(block, 1, written))


def _entry(row: Row) -> CountedEntry:
    return entry_of(transaction_of((None, *row)))


def p(values: list[float], part: float) -> float:
    """A quantile in milliseconds."""
    return round(sorted(values)[int(len(values) * part)] * 1e3, 2)


def measure(ledger: Ledger) -> dict[str, object]:
    """The first report of a cold process, the same warm, by settlement, and a hundred that were never asked before."""
    started = time.perf_counter()
    reporter = Reporter(ledger)
    report = reporter.trade(HEADLINE).answer
    first_s = time.perf_counter() - started
    first_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    reporter.warm_up()
    gc.collect()
    gc.freeze()
    questions = never_asked()
    times: dict[str, list[float]] = {}
    asked: tuple[tuple[str, int, Callable[[], object]], ...] = (
        ("headline", 200, lambda: reporter.trade(HEADLINE)),
        ("by settlement", 50, lambda: reporter.trade(Question(EIGHT_MONTHS, "yoy", ("settlement",)))),
        ("never asked", 200, lambda: reporter.trade(next(questions))),
    )
    for name, rounds, ask in asked:
        times[name] = []
        for _ in range(rounds):
            started = time.perf_counter()
            ask()
            times[name].append(time.perf_counter() - started)
    transactions = report.total["transactions"]
    return {
        "transactions_in_report": transactions if isinstance(transactions, int) else transactions.current,
        "first_report_s": round(first_s, 2),
        "process_mib_at_first": first_mib,
        "process_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "ms": {name: {"p50": p(found, 0.5), "p99": p(found, 0.99)} for name, found in times.items()},
    }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000_000
    folder = FOLDER / f"straight-{count}"
    is_new = not folder.exists()
    if is_new:
        folder.mkdir(parents=True)
        create_secrets(folder / "secrets.json")
    opened = open_ledger(Settings(f"sqlite:///{folder}/hushi.db", folder, folder / "secrets.json", False, "ERROR"))
    if is_new:
        schema.upgrade(opened.database, opened.vault.macs)
        begun = time.perf_counter()
        build(opened, MarketShape(count))
        print(f"built in {time.perf_counter() - begun:,.0f} s")
    print(json.dumps({"rows": count, **measure(opened)}))
