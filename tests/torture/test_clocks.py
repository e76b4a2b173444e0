"""The quick form of jumps of the clock, and its control."""

import pytest

from tests.torture import asking, broken
from tests.torture.clocks import library
from tests.torture.conftest import MakePlan
from tests.torture.registry import BY_NAME
from tests.torture.running import Failed

if library() is None:
    pytest.skip("libfaketime is not installed on this machine", allow_module_level=True)

CLOCKS = BY_NAME["clock-jumps"]


@pytest.mark.parametrize(("engine", "first", "cycles"), [("sqlite", 4, 1), ("postgresql", 8, 1)])
def test_a_clock_that_jumps_loses_and_doubles_nothing(engine: str, first: int, cycles: int, plan_of: MakePlan) -> None:
    count = CLOCKS.run(plan_of(CLOCKS, engine, cycles, first=first))
    assert count.findings.is_well
    assert count.findings.acknowledged > 20 * cycles


def test_days_that_were_taken_from_the_clock_would_be_found(plan_of: MakePlan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SETTLE_WITHIN_S", 2.0)  # A reversal of a later day's trade never gets an outcome.
    with pytest.raises(Failed, match="is of the day"):
        CLOCKS.run(plan_of(CLOCKS, "sqlite", first=5, variables={broken.BREAK: "days-by-the-clock"}))
