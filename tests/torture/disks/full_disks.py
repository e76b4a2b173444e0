"""A disk that is filled while clients post, and gets room again: a real one where root runs this, else a quota."""

import contextlib
import errno
import functools
import time
from collections.abc import Callable, Iterator

from tests.small_disks import fill
from tests.torture.asking import Log
from tests.torture.disks.control import NEVER
from tests.torture.disks.ext4 import can_mount
from tests.torture.disks.ext4_cuts import market_on_ext4
from tests.torture.disks.places import bring_back
from tests.torture.disks.recording import watched_engine, watched_market
from tests.torture.markets import Market
from tests.torture.running import Count, Fault, Plan, ledger_folder, run_each
from tests.torture.traffic import CLIENTS, Traffic

FULL_S = (0.3, 1.5)
"""How long the disk stays full, at least and at most."""
ACKNOWLEDGED = 20
CYCLES, CYCLES_PER_LEDGER = 20, 10

Fill = Callable[[], Callable[[], None]]
"""Fills the disk, and returns what makes room again."""


def run_full(plan: Plan) -> Count:
    """Fills the disk of one ledger after the other, again and again, with a check each time."""
    refused: list[bool] = []

    def fill_and_empty(served: Market, fill_it: Fill, log: Log, number: int) -> None:
        refused.append(strike(plan, served, fill_it, log, number))

    count = run_each(plan, CYCLES_PER_LEDGER, functools.partial(_small_disk, plan), fill_and_empty)
    count.notes.append(f"{plan.engine}: the full disk refused posts in {sum(refused)} of {count.cycles} cycles")
    return count


@contextlib.contextmanager
def _small_disk(plan: Plan, first: int) -> Iterator[tuple[Market, Fill]]:
    if can_mount():
        with market_on_ext4(plan, first) as (served, disk):
            yield served, lambda: fill(disk.path).unlink
        return
    with (
        watched_market(plan.engine, ledger_folder(plan, first)) as (served, control, place),
        watched_engine(plan.engine, served, control, place),
    ):
        served.start()

        def forbid() -> Callable[[], None]:
            control.fail("write", 0, NEVER, error=errno.ENOSPC, how="full")
            return control.heal

        yield served, forbid


def strike(plan: Plan, served: Market, fill_it: Fill, log: Log, number: int) -> bool:
    """Fills the disk while clients send, and makes room; the clients must get on without anybody else's help.

    Returns whether a post was refused; on SQLite none is while the log has room that it has used before.

    PostgreSQL may have ended when its log could not be written; then it is started again, as an operator would.
    """
    chance = plan.chance(number)
    traffic = Traffic(f"c{number}", served, chance, log)
    traffic.wait_for_more(ACKNOWLEDGED)
    known = len(log.requests)
    make_room = fill_it()
    time.sleep(chance.uniform(*FULL_S))
    make_room()
    if served.postgresql is not None:
        bring_back(served.postgresql)
    traffic.wait_for_more(ACKNOWLEDGED)
    traffic.stop()
    served.wait_until_ready()
    return any("503" in request.refused_for_now for request in log.requests[max(0, known - CLIENTS) :])


FAULTS = (Fault("disk-full", "disk", CYCLES, run_full, part=CYCLES_PER_LEDGER, told="disk filled while clients post"),)
