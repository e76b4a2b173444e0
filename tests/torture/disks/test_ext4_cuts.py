"""The quick form of power cuts on a real file system, and its controls. They need root."""

import pytest

from tests.torture.disks.ext4 import WHY_NOT, can_mount
from tests.torture.disks.ext4_cuts import FAULTS, run_on_ext4
from tests.torture.disks.places import new_folder
from tests.torture.running import ENGINES, Failed, Plan

SEED = 17


@pytest.fixture(autouse=True)
def _needs_mount() -> None:
    if not can_mount():
        pytest.skip(WHY_NOT)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_power_cut_loses_nothing(engine: str) -> None:
    with new_folder() as folder:
        count = run_on_ext4(Plan(FAULTS[0], engine, 1, SEED, folder, is_quick=True))
    assert count.cycles == 1
    assert count.findings.acknowledged > 20


@pytest.mark.parametrize("engine", ENGINES)
def test_a_power_cut_takes_what_did_not_wait_for_the_disk(engine: str) -> None:
    """A negative control: synchronous=NORMAL on SQLite, synchronous_commit=off on PostgreSQL."""
    with new_folder() as folder, pytest.raises(Failed, match="not in the journal"):
        run_on_ext4(Plan(FAULTS[0], engine, 1, SEED, folder, is_quick=True), weak=True)
