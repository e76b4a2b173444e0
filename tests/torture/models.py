"""Eight writers, the process that folds, readers, reversals and restarts, against a model for ten minutes.

A cycle is a second of it; each report that a reader got is compared with the model afterwards.
"""

import random
import signal
import threading
import time
from collections.abc import Callable

from tests.torture.asking import Log
from tests.torture.checking import Findings, check
from tests.torture.kills import kill_folder, kill_group, kill_worker
from tests.torture.markets import Market, market
from tests.torture.modelled import Reader, Writer, wrong_answers
from tests.torture.running import Count, Fault, Plan, cycle_of, databases_of, demand_well, say

SECONDS = 600
WRITERS, READERS = 8, 3
BETWEEN_RESTARTS_S = (4.0, 20.0)
QUICK_BETWEEN_S = (0.5, 1.5)


def restart(market: Market, chance: random.Random) -> None:
    """Stops the server in the orderly way, and starts it again."""
    market.stop(signal.SIGTERM)
    market.start()


def exchange(market: Market, chance: random.Random) -> None:
    """Exchanges the serving processes one by one, as an operator does with SIGHUP."""
    assert market.server is not None
    market.server.process.send_signal(signal.SIGHUP)


STRIKES: tuple[Callable[[Market, random.Random], None], ...] = (restart, exchange, kill_worker, kill_group, kill_folder)


def run(plan: Plan) -> Count:
    """Lets writers write and readers read for as many seconds as the plan has cycles, and compares."""
    count, log = Count(), Log()
    with (
        databases_of(plan) as made,
        market(made, plan.folder / "market", plan.hushi, **plan.variables) as served,
        cycle_of(plan, 1),
    ):
        served.start()
        readers, writers = _write_and_read(plan, served, log)
        found = check(served, log, plan.chance("check"))
        found.wrong[:0] = wrong_answers(readers, writers)  # A failure tells the first few.
        served.stop()
    _demand(plan, found, readers)
    count.add(found, plan.cycles)
    asked = sum(len(reader.answers) for reader in readers)
    count.notes.append(f"{asked:,} reports compared; each writer sent {min(writer.sent for writer in writers)} or more")
    say(plan, count)
    return count


def _demand(plan: Plan, found: Findings, readers: list[Reader]) -> None:
    demand_well(plan, 1, found)
    assert all(reader.answers for reader in readers)


def _write_and_read(plan: Plan, served: Market, log: Log) -> tuple[list[Reader], list[Writer]]:
    chance, ending, stopping = plan.chance(), threading.Event(), threading.Event()
    writers = [Writer(number, served, random.Random(chance.random()), log, ending) for number in range(WRITERS)]
    readers = [Reader(number, served, writers, stopping) for number in range(READERS)]
    for thread in (*writers, *readers):
        thread.start()
    until = time.monotonic() + plan.cycles
    try:
        while (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, chance.uniform(*(QUICK_BETWEEN_S if plan.is_quick else BETWEEN_RESTARTS_S))))
            if not plan.variables:  # A broken ledger needs no restarts to be found.
                chance.choice(STRIKES)(served, chance)
        served.wait_until_ready()
    finally:
        ending.set()
        for writer in writers:
            writer.join()
        stopping.set()
        for reader in readers:
            reader.join()
    assert all(writer.acknowledged == writer.sent for writer in writers), "a writer has failed"
    return readers, writers


FAULTS = (
    Fault(
        "model",
        "models",
        SECONDS,
        run,
        told="8 writers, readers, reversals and restarts against a model (cycles are seconds)",
    ),
)
