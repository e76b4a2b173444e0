"""The faults of each call: how many there are, which are tried, and what is wrong after each."""

from tests.torture.asking import Log
from tests.torture.disks.calls import Bench, bench_on, cases_of, count_calls, strike
from tests.torture.disks.looking import look_at_url
from tests.torture.disks.recording import watched_market
from tests.torture.running import Count, Fault, Plan, cycle_of, demand_well, say

PART = 120
"""How many faults are tried before the engine and the program are started anew."""
CASES_PER_LEDGER = 10
"""After each so many faults everything is looked for."""


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
    count, struck = Count(), 0
    for first in range(0, len(numbers), CASES_PER_LEDGER):
        together = numbers[first : first + CASES_PER_LEDGER]
        log, environment, wrong = Log(), bench.new_ledger(), list[str]()
        for number in together:
            failed = bench.control.failed
            with cycle_of(plan, number):
                wrong += strike(bench, environment, log, cases[number - 1], f"c{number}")
            struck += bench.control.failed > failed
        chance = plan.chance(together[-1], "asked")
        with cycle_of(plan, together[-1]):
            found = look_at_url(environment, log, chance, bench.market.headers)
        found.wrong += wrong
        demand_well(plan, together[-1], found)
        count.add(found, len(together))
        say(plan, count)
    count.notes.append(f"{plan.engine}: of {len(numbers)} faults {struck} struck a call")
    return count


FAULTS = (
    Fault(
        "io-errors", "disk", 0, run_calls, part=PART, told="EIO or a full disk at each write, sync and change of a name"
    ),
)
