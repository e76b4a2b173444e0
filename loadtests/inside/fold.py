"""Measures a fold in bulk, with chain and cells: `python loadtests/inside/fold.py ENGINE ROWS`.

The rows stand straight in the journal of a new ledger, at the density of 10 M transactions in two years. It prints the
seconds of the fold and the CPU seconds of this process, which are not those of PostgreSQL.
"""

import sys
import time

import orjson

from loadtests.histories import JOURNAL_COLUMNS, insert
from loadtests.ledgers import ledger_on
from loadtests.market import MarketShape, days_of_rows
from service.commands.folding import fold_all
from service.server.memory import look_for_cycles_rarely


def main(engine: str, count: int) -> None:
    """Folds, and prints how long that took."""
    look_for_cycles_rarely()  # Every process of Hushi does this.
    rows: list[tuple[object, ...]] = []
    for day, _ in days_of_rows(MarketShape(10_000_000)):
        rows += day
        if len(rows) >= count:
            break
    with ledger_on(engine) as ledger:
        insert(ledger, "journal", JOURNAL_COLUMNS, rows[:count])
        rows.clear()
        began, began_cpu = time.perf_counter(), time.process_time()
        assert fold_all(ledger) == count
        told = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - began_cpu}
    print(orjson.dumps(told).decode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
