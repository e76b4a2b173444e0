"""Runs faults, cycle by cycle, from one seed, and counts faults × cycles × acknowledged × lost × doubled.

A cycle is decided by seed, engine, fault and its number: what clients send, when the fault strikes, and whom. Only the
order in which the machine runs threads and processes is not. A failure prints the command that runs its cycle again.
"""

import contextlib
import pathlib
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from service.cli.main import main
from tests.torture.asking import Log
from tests.torture.checking import Findings, check
from tests.torture.markets import Databases, Market, databases, market

ENGINES = ("sqlite", "postgresql")
T = TypeVar("T")
CYCLES_PER_LEDGER = 20
"""Then the next ledger is begun: a check reads the whole ledger, and would take longer in each cycle."""


@dataclass(frozen=True)
class Plan:
    """What a fault is to do: so many cycles on an engine, from a seed; in a folder, which is removed if all went well.

    `hushi` is the program that is served, with these variables; the controls serve a broken one.
    """

    fault: "Fault"
    engine: str
    cycles: int
    seed: int
    folder: pathlib.Path
    first: int = 1
    is_sample: bool = True
    """Whether the cycles stand for all that there are. Otherwise they are those from `first` on."""
    hushi: Callable[[], None] = main
    variables: Mapping[str, str] = field(default_factory=dict)
    made: Databases | None = None
    """Where ledgers are made, for quick forms that share it; otherwise a fault makes its own."""
    is_quick: bool = False
    """Whether this is the quick form, in `make test`, where a fault samples what its full form does."""

    def chance(self, *of: object) -> random.Random:
        """The source of all that is random, here or in a cycle of a number."""
        return random.Random("/".join(map(str, (self.seed, self.engine, self.fault.name, *of))))

    @property
    def numbers(self) -> range:
        """The numbers of the cycles."""
        return range(self.first, self.first + self.cycles)

    @property
    def command(self) -> str:
        """How to run this again."""
        cycles = "" if self.cycles == self.fault.cycles else f" CYCLES={self.cycles}"
        return f"make torture FAULTS={self.fault.name} ENGINES={self.engine}{cycles} SEED={self.seed}"

    def replay(self, cycle: int) -> str:
        """How to run one cycle again."""
        return f"{replace(self, cycles=1).command} FIRST={cycle}"


@dataclass
class Count:
    """What came of the cycles that have run."""

    cycles: int = 0
    findings: Findings = field(default_factory=Findings)
    notes: list[str] = field(default_factory=list)
    """What else is worth telling below the table, such as how long it took until the service was back."""

    def add(self, findings: Findings, cycles: int = 1) -> None:
        """Counts cycles, and adds what was found in them."""
        self.cycles += cycles
        self.findings.add(findings)


@dataclass(frozen=True)
class Fault:
    """A row of the table. `run` does the cycles of a plan and counts them; `cycles` is how many the full form has.

    No number of cycles means all that there are, such as every byte. A long fault is run in parts of `part` cycles, so
    that a run which was stopped goes on where it was; the last part of all that there are is shorter than the others.
    """

    name: str
    group: str
    cycles: int
    run: Callable[[Plan], Count]
    engines: tuple[str, ...] = ENGINES
    part: int = 0
    told: str = ""
    """The fault in words, for the table; the name without it."""


class Failed(AssertionError):
    """Something was lost, doubled, or otherwise wrong."""


@contextlib.contextmanager
def cycle_of(plan: Plan, number: int) -> Iterator[None]:
    """Names the cycle, and how to run it again, in each failure inside."""
    try:
        yield
    except Failed:
        raise
    except Exception as error:
        raise Failed(f"{_where(plan, number)}\n{type(error).__name__}: {error}") from error


def demand_well(plan: Plan, number: int, findings: Findings) -> None:
    """Raises Failed, with the seed and what was found, unless all is well."""
    if not findings.is_well:
        raise Failed(f"{_where(plan, number)}\n{findings.told()}")


def _where(plan: Plan, number: int) -> str:
    return f"{plan.fault.name} on {plan.engine}, seed {plan.seed}, cycle {number}; again: {plan.replay(number)}"


@contextlib.contextmanager
def databases_of(plan: Plan, settings: Mapping[str, str] | None = None) -> Iterator[Databases]:
    """Where the ledgers of a plan are made; `settings` are those of its PostgreSQL."""
    if plan.made is not None:
        yield plan.made
        return
    with databases(plan.engine, plan.folder / "databases", settings) as made:
        yield made


Strike = Callable[[Plan, Market, Log, int], None]
"""A cycle of a fault: it lets clients send, strikes, mends, and leaves the clients at rest and the server up."""


def run_on_ledgers(plan: Plan, strike: Strike, settings: Mapping[str, str] | None = None) -> Count:
    """Runs cycles on one served ledger after the other. `settings` are those of PostgreSQL."""
    with databases_of(plan, settings) as made:

        @contextlib.contextmanager
        def opened(first: int) -> Iterator[tuple[Market, None]]:
            with market(made, plan.folder / f"market-{first}", plan.hushi, **plan.variables) as served:
                served.start()
                yield served, None

        def strike_it(served: Market, _own: None, log: Log, number: int) -> None:
            strike(plan, served, log, number)

        return run_each(plan, CYCLES_PER_LEDGER, opened, strike_it)


def run_each(
    plan: Plan,
    per_ledger: int,
    opened: Callable[[int], contextlib.AbstractContextManager[tuple[Market, T]]],
    strike: Callable[[Market, T, Log, int], None],
) -> Count:
    """Runs the cycles of a plan, so many on each ledger, with a check after each cycle.

    `opened` gives a served market, by the number of its first cycle, and what the strikes on it need beside it.
    """
    count = Count()
    for first in plan.numbers[::per_ledger]:
        numbers = range(first, min(first + per_ledger, plan.numbers.stop))
        log, found = Log(), Findings()
        with opened(first) as (served, own):
            for number in numbers:
                with cycle_of(plan, number):
                    strike(served, own, log, number)
                    found = check(served, log, plan.chance(number, "check"))
                demand_well(plan, number, found)
            served.stop()
        count.add(found, len(numbers))
        say(plan, count)
    return count


def ledger_folder(plan: Plan, first: int) -> pathlib.Path:
    """Makes the folder of the ledger that begins with a cycle, for what other users' processes must reach."""
    folder = plan.folder / f"ledger-{first}"
    folder.mkdir(mode=0o755, parents=True)
    return folder


def say(plan: Plan, count: Count) -> None:
    """Tells on standard output how far it is."""
    if not plan.is_quick:
        at, what = time.strftime("%H:%M:%S"), f"{plan.fault.name} on {plan.engine}"
        print(f"{at} {what}: {count.cycles} cycles, {count.findings.acknowledged} acknowledged", flush=True)


def run(
    fault: Fault,
    engine: str,
    cycles: int,
    seed: int,
    first: int = 1,
    *,
    is_sample: bool = True,
    is_quick: bool = False,
) -> Count:
    """Runs a fault in a folder of its own, which stays when something was wrong, and returns the count."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hushi-torture-"))
    folder.chmod(0o755)
    try:
        count = fault.run(Plan(fault, engine, cycles, seed, folder, first, is_sample, is_quick=is_quick))
    except Failed as failed:
        raise Failed(f"{failed}\nits files: {folder}") from failed
    shutil.rmtree(folder, ignore_errors=True)
    return count
