"""Power cuts of a real file system: ext4 drops all that it has not written, while clients post."""

import contextlib
import functools
import signal
import time
from collections.abc import Iterator

import psutil

from service.cli.main import main
from tests.recounting import read_journal
from tests.torture.asking import Log
from tests.torture.checking import contracts_in
from tests.torture.disks.ext4 import WHY_NOT, Ext4, can_mount, ext4_below
from tests.torture.disks.places import WRITES_LATE, Placed, engine_in, run_undurably
from tests.torture.markets import Market, market
from tests.torture.running import Count, Failed, Fault, Plan, ledger_folder, run_each
from tests.torture.traffic import Traffic

CUTS, CUTS_PER_LEDGER = 50, 10
MEGABYTES = {"sqlite": 64, "postgresql": 256}
BEFORE_S = (0.05, 0.8)
"""How long the clients send before the cut, at least and at most, once some of their entries are acknowledged."""
AFTER_S = 0.2
ACKNOWLEDGED_BEFORE = 20


def run_on_ext4(plan: Plan, *, weak: bool = False) -> Count:
    """Cuts the power while clients post, starts the machine again, and checks; a new ledger each ten cuts.

    The call that stops the file system lets a sync that is under way succeed. So what was answered after the cut began,
    and is missing, is counted apart.
    """
    if not can_mount():
        raise Failed(WHY_NOT)
    late: list[int] = []

    def cut_and_set_apart(served: Market, disk: Ext4, log: Log, number: int) -> None:
        late.append(set_apart(served, log, cut(plan, served, disk, log, number)))

    count = run_each(plan, CUTS_PER_LEDGER, functools.partial(market_on_ext4, plan, weak=weak), cut_and_set_apart)
    count.notes.append(f"{plan.engine}: {sum(late)} entries were answered after the cut began, and are missing")
    return count


@contextlib.contextmanager
def market_on_ext4(plan: Plan, first: int, *, weak: bool = False) -> Iterator[tuple[Market, Ext4]]:
    """A served market on a file system of its own. With `weak`, commits do not wait for the disk."""
    folder, changes = ledger_folder(plan, first), WRITES_LATE if weak else {}
    with (
        ext4_below(folder, MEGABYTES[plan.engine]) as disk,
        engine_in(plan.engine, disk.path / "place", changes=changes) as (url, server),
        market(Placed(plan.engine, url, server), folder / "market", run_undurably if weak else main) as served,
    ):
        disk.sync()  # Whoever makes a database for a test does not wait for the disk.
        served.start()
        yield served, disk


def cut(plan: Plan, served: Market, disk: Ext4, log: Log, number: int) -> float:
    """Cuts the power while clients send, and starts everything again. Returns when the cut began."""
    chance = plan.chance(number)
    traffic = Traffic(f"c{number}", served, chance, log)
    traffic.wait_for_more(ACKNOWLEDGED_BEFORE)
    time.sleep(chance.uniform(*BEFORE_S))
    postgresql = [] if served.postgresql is None else _processes(served.postgresql.postmaster)
    began_at = time.monotonic()
    disk.stop()
    time.sleep(AFTER_S)
    served.stop(signal.SIGKILL)
    for process in postgresql:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(postgresql, 20)
    traffic.stop()
    disk.start_again()
    if served.postgresql is not None:
        served.postgresql.start_again()
    served.start()
    return began_at


def _processes(postmaster: int) -> list[psutil.Process]:
    first = psutil.Process(postmaster)
    return [first, *first.children(recursive=True)]


def set_apart(served: Market, log: Log, began_at: float) -> int:
    """Forgets the answers that came after the cut began and whose entries are missing; returns how many entries."""
    with served.opened() as ledger:
        there = {str(entry.transaction_id) for entry in read_journal(ledger)} | set(contracts_in(ledger))
    missing = 0
    for request in log:
        if request.is_unknown or request.acknowledged_at < began_at:
            continue
        told = request.marks if request.kind == "transfer" else [each["transaction_id"] for each in request.entries]
        gone = [each for each in told if each not in there] if request.is_acknowledged else []
        missing += len(gone)
        if gone:
            request.status = None
    return missing


FAULTS = (
    Fault(
        "power-ext4", "power", CUTS, run_on_ext4, part=CUTS_PER_LEDGER,
        told="power cut of a real ext4 (shutdown ioctl without flushing)",
    ),
)  # fmt: skip
