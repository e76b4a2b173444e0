"""The quick form of I/O errors and full disks at chosen calls, and its control."""

import errno
import random

import pytest

from tests.torture.asking import Log
from tests.torture.disks.calls import Case, bench_on, strike
from tests.torture.disks.control import CAN_SIMULATE, WHY_NOT
from tests.torture.disks.errors import FAULTS
from tests.torture.disks.full_disks import FAULTS as FULL
from tests.torture.disks.full_disks import run_full
from tests.torture.disks.looking import look_at_url
from tests.torture.disks.places import new_folder
from tests.torture.disks.recording import watched_market
from tests.torture.running import ENGINES, Plan

pytestmark = pytest.mark.skipif(not CAN_SIMULATE, reason=WHY_NOT)
SEED = 17
CASES = {"sqlite": 6, "postgresql": 2}
SYNCS_OF_POSTS = range(6, 12)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_disk_that_fails_loses_and_doubles_nothing(engine: str) -> None:
    with new_folder() as folder:
        count = FAULTS[0].run(Plan(FAULTS[0], engine, CASES[engine], SEED, folder, is_quick=True))
    assert count.cycles == CASES[engine]
    assert count.findings.acknowledged > count.cycles
    assert " 0 struck" not in count.notes[0]


def test_a_commit_that_fails_and_is_answered_anyway_is_lost() -> None:
    """A negative control."""
    with (
        new_folder() as folder,
        watched_market("sqlite", folder) as (made, control, place),
        bench_on("sqlite", made, control, place, folder / "beside") as bench,
    ):
        bench.weak = "answers anyway"
        for begin in SYNCS_OF_POSTS:
            case = Case("sync", begin, 1, errno.EIO, "fail", kills=False)
            log, environment = Log(), bench.new_ledger()
            strike(bench, environment, log, case, "c")
            if look_at_url(environment, log, random.Random(SEED), made.headers).lost:
                return
    pytest.fail("nothing was lost")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_disk_that_is_filled_and_emptied_loses_nothing(engine: str) -> None:
    with new_folder() as folder:
        count = run_full(Plan(FULL[0], engine, 1, SEED, folder, is_quick=True))
    assert count.findings.acknowledged >= 40
    assert "in 1 of 1 cycles" in count.notes[0]
