"""The quick form of power cuts on a simulated disk, and its controls."""

import random

import pytest

from tests.torture.checking import Findings
from tests.torture.disks.cuts import FAULTS
from tests.torture.disks.looking import answered_before, look, opened_image
from tests.torture.disks.places import new_folder
from tests.torture.disks.recording import images, record
from tests.torture.running import ENGINES, run

SEED, CUTS = 17, 5


@pytest.mark.parametrize("engine", ENGINES)
def test_power_cuts_of_a_simulated_disk_lose_nothing(engine: str) -> None:
    count = run(FAULTS[0], engine, CUTS, SEED, is_quick=True)
    assert count.cycles == CUTS
    assert count.findings.acknowledged > CUTS


@pytest.mark.parametrize("engine", ENGINES)
def test_commits_that_do_not_wait_for_the_disk_are_lost(engine: str) -> None:
    """A negative control: synchronous=NORMAL, and synchronous_commit=off."""
    chance, found = random.Random(SEED), Findings()
    with new_folder() as folder:
        recording = record(engine, folder, chance, 40, weak=True)
        for image, at_s in images(recording, [len(recording.events)], SEED, folder):
            with opened_image(engine, image, recording.market.environment) as ledger:
                found.add(look(ledger, answered_before(recording.log, at_s), chance, recording.market.headers))
    assert found.lost
