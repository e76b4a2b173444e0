"""The quick form of the storm of retries, and its control."""

import pytest

from tests.torture import broken
from tests.torture.conftest import MakePlan
from tests.torture.registry import BY_NAME
from tests.torture.running import ENGINES, Failed

STORM, REQUESTS = BY_NAME["retry-storm"], 2000


@pytest.mark.parametrize("engine", ENGINES)
def test_a_storm_of_retries_gets_one_entry_and_one_answer_for_each_key(engine: str, plan_of: MakePlan) -> None:
    count = STORM.run(plan_of(STORM, engine, REQUESTS))
    assert count.cycles == REQUESTS
    assert count.findings.acknowledged > 100


def test_a_storm_finds_a_ledger_that_forgets_keys(plan_of: MakePlan) -> None:
    with pytest.raises(Failed, match="doubled"):
        STORM.run(plan_of(STORM, "sqlite", 300, hushi=broken.main, variables={broken.BREAK: "forgets-keys"}))
