"""The quick form of the storm of retries, and its control."""

import pathlib

import pytest

from tests.torture import broken
from tests.torture.registry import BY_NAME
from tests.torture.running import ENGINES, Failed, Plan

STORM, REQUESTS, SEED = BY_NAME["retry-storm"], 1500, 17


@pytest.mark.parametrize("engine", ENGINES)
def test_a_storm_of_retries_gets_one_entry_and_one_answer_for_each_key(engine: str, tmp_path: pathlib.Path) -> None:
    count = STORM.run(Plan(STORM, engine, REQUESTS, SEED, tmp_path, is_quick=True))
    assert count.cycles == REQUESTS
    assert count.findings.acknowledged > 100


def test_a_storm_finds_a_ledger_that_forgets_keys(tmp_path: pathlib.Path) -> None:
    broke = {broken.BREAK: "forgets-keys"}
    plan = Plan(STORM, "sqlite", 300, SEED, tmp_path, hushi=broken.main, variables=broke, is_quick=True)
    with pytest.raises(Failed, match="doubled"):
        STORM.run(plan)
