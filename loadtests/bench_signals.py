"""Measures how long the signals of a month take: `python -m loadtests.bench_signals [TRANSACTIONS]`, on both engines.

The ledger is that of loadtests.histories, with what a market of signals has beside it: allowances that are used up by
95 % and more for the residents of trucks, five keys, and a representative for each truck.
"""

import os
import sys
import time

import sqlalchemy as sa

from loadtests.histories import history
from service.domain.periods import Period, parse_period
from service.domain.reports import Question
from service.domain.signals import RULES, SignalRule
from service.ledger import Ledger
from service.queries.reports import Reporter

ROUNDS = 5
MONTHS = ("2024-05", "2024-11")
KEYS = 5

_KEYS = f"UPDATE journal SET recorded_by = 1 + seq % {KEYS}"
_DECLARANTS = (
    "UPDATE journal SET declarant = 1 + (resident + 1) % 1000 WHERE consignment IS NOT NULL "
    "AND resident <> 1 + (resident + 1) % 1000 AND resident % 3 = 0"
)
_SELLERS = "UPDATE journal SET seller = 'S' || consignment WHERE consignment IS NOT NULL"
_ALLOWANCES = (
    "INSERT INTO allowance_use (resident, day, list_group, exempt_fen, quantity_g, limit_fen, limit_g) "
    "SELECT resident, day, '', SUM(exempt_fen), 0, SUM(exempt_fen) * 100 / 95, 0 FROM journal "
    "WHERE direction = 'import' GROUP BY resident, day HAVING SUM(exempt_fen) > 0"
)
"""Each resident is at the limit on each day: the most that the rules can find."""


def make_market(ledger: Ledger) -> None:
    """Adds keys, declarants and allowances to the entries of a history, which the triggers would refuse."""
    with ledger.database.writing(at_length=True) as connection:
        if ledger.database.is_sqlite:
            triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'"
            for name in connection.execute(sa.text(triggers)).scalars().all():
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(sa.text("ALTER TABLE journal DISABLE TRIGGER USER"))
        for statement in ("DELETE FROM allowance_use", _KEYS, _DECLARANTS, _SELLERS, _ALLOWANCES):
            connection.execute(sa.text(statement))
        if not ledger.database.is_sqlite:
            connection.execute(sa.text("ANALYZE"))


def time_of(reporter: Reporter, month: Period, rules: tuple[SignalRule, ...]) -> tuple[float, float, int]:
    """The shortest time in milliseconds of a report, that of this process's processor, and how many signals there are.

    SQLite works in this process, and PostgreSQL in processes of its own.
    """
    question = Question(month, "none", (), ())
    took, worked = [], []
    for _ in range(ROUNDS):
        began, began_to_work = time.perf_counter(), time.process_time()
        found = reporter.signals(question, rules).answer.found
        took.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - began_to_work) * 1000)
    return min(took), min(worked), sum(each.found for each in found)


def main() -> None:
    """Prints the time of each rule and of all rules, in months of an early and a late season."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for engine in os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(","):
        # The other benchmarks keep ledgers of round sizes, which nothing may change.
        with history(engine, size + 1) as ledger:
            make_market(ledger)
            reporter = Reporter(ledger)
            for month in MONTHS:
                for rules in (*((rule,) for rule in RULES), RULES):
                    took_ms, worked_ms, found = time_of(reporter, parse_period(month), rules)
                    named = rules[0] if len(rules) == 1 else "all rules"
                    times = f"{took_ms:8.0f} ms, {worked_ms:6.0f} ms of this processor"
                    print(f"{engine:10} {size:>9} {month} {named:24} {times} {found:6} signals", flush=True)


if __name__ == "__main__":
    main()
