"""The quick form of power cuts on a simulated disk, and its controls."""

import random

import pytest

from tests.torture.asking import Log
from tests.torture.disks.calls import bench_on
from tests.torture.disks.control import CAN_SIMULATE, WHY_NOT
from tests.torture.disks.cuts import FAULTS, run_simulated
from tests.torture.disks.images import Disk, read_events
from tests.torture.disks.looking import look, opened_image
from tests.torture.disks.places import WRITES_LATE, disk_of, new_folder
from tests.torture.disks.recording import watched_market
from tests.torture.running import ENGINES, Plan

pytestmark = pytest.mark.skipif(not CAN_SIMULATE, reason=WHY_NOT)
SEED, CUTS, POSTED = 17, 2, 5


@pytest.mark.parametrize("engine", ENGINES)
def test_power_cuts_of_a_simulated_disk_lose_nothing(engine: str) -> None:
    with new_folder() as folder:
        count = run_simulated(Plan(FAULTS[0], engine, CUTS, SEED, folder, is_quick=True))
    assert count.cycles == CUTS
    assert count.findings.acknowledged > CUTS


@pytest.mark.parametrize("engine", ENGINES)
def test_commits_that_do_not_wait_for_the_disk_are_lost(engine: str) -> None:
    """A negative control: synchronous=NORMAL, and synchronous_commit=off."""
    log, chance = Log(), random.Random(SEED)
    with new_folder() as folder, watched_market(engine, folder) as (made, control, place):
        disk = Disk(disk_of(engine, place), folder / "base")
        control.record()
        with bench_on(engine, made, control, place, folder / "beside", WRITES_LATE) as bench:
            bench.weak = "undurable"
            bench.post(made.environment, log, POSTED)
            bench.poster.kill()
            control.stop_recording()
        for event in read_events(control.log):
            disk.feed(event)
        disk.cut(SEED, disk_of(engine, folder / "image"))
        with opened_image(engine, folder / "image", made.environment) as ledger:
            found = look(ledger, log, chance, made.headers)
    assert found.acknowledged == POSTED
    assert found.lost
