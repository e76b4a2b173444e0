"""The faults of each call: how many there are, which are tried, and what is wrong after each."""

from tests.torture.asking import Log
from tests.torture.checking import Findings
from tests.torture.disks.calls import Bench, bench_on, cases_of, count_calls, strike
from tests.torture.disks.recording import watched_market
from tests.torture.running import Count, Fault, Plan, cycle_of, demand_well, say

PART = 120
"""How many faults are tried before the engine and the program are started anew."""
CASES_PER_LEDGER = {"sqlite": 1, "postgresql": 40}
SAID_EACH = 20


def run_calls(plan: Plan) -> Count:
    """Makes one call after the other fail, each in a run of its own; a sample of them is chosen by the seed."""
    folder = plan.folder / "calls"
    with (
        watched_market(plan.engine, folder) as (made, control, place),
        bench_on(plan.engine, made, control, place, folder / "beside") as bench,
    ):
        return _try_all(plan, bench)


def _try_all(plan: Plan, bench: Bench) -> Count:
    cases = cases_of(plan.engine, count_calls(bench))
    numbers = [number for number in plan.numbers if number <= len(cases)]
    if plan.is_sample and plan.cycles > 1:
        numbers = sorted(plan.chance("which").sample(range(1, len(cases) + 1), min(plan.cycles, len(cases))))
    count, struck, found = Count(), 0, Findings()
    for place, number in enumerate(numbers):
        if place % CASES_PER_LEDGER[plan.engine] == 0:
            count.findings.add(found)
            log, environment = Log(), bench.new_ledger()
        failed = bench.control.failed
        with cycle_of(plan, number):
            found = strike(bench, environment, log, cases[number - 1], f"c{number}", plan.chance(number))
        struck += bench.control.failed > failed
        demand_well(plan, number, found)
        count.cycles += 1
        if place % SAID_EACH == 0:
            say(plan, count)
    count.findings.add(found)
    count.notes.append(f"{plan.engine}: of {len(numbers)} faults {struck} struck a call")
    return count


FAULTS = (
    Fault(
        "io-errors", "disk", 0, run_calls, part=PART, told="EIO or a full disk at each write, sync and change of a name"
    ),
)
