"""The quick form of jumps of the clock, and its control."""

import pathlib

import pytest

from tests.torture import broken
from tests.torture.clocks import library
from tests.torture.registry import BY_NAME
from tests.torture.running import ENGINES, Failed, Plan

if library() is None:
    pytest.skip("libfaketime is not installed on this machine", allow_module_level=True)

CLOCKS, SEED = BY_NAME["clock-jumps"], 17
QUICK = {"sqlite": 3, "postgresql": 2}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_clock_that_jumps_loses_and_doubles_nothing(engine: str, tmp_path: pathlib.Path) -> None:
    count = CLOCKS.run(Plan(CLOCKS, engine, QUICK[engine], SEED, tmp_path, first=4, is_quick=True))
    assert count.findings.is_well
    assert count.findings.acknowledged > 20 * QUICK[engine]


def test_days_that_were_taken_from_the_clock_would_be_found(tmp_path: pathlib.Path) -> None:
    broke = {broken.BREAK: "days-by-the-clock"}
    with pytest.raises(Failed, match="is of the day"):
        CLOCKS.run(Plan(CLOCKS, "sqlite", 1, SEED, tmp_path, first=5, variables=broke, is_quick=True))
