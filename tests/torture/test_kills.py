"""The quick form of the kills: all of them on one ledger, and then the check."""

import pathlib

import pytest

from tests.torture.asking import Log
from tests.torture.checking import check
from tests.torture.kills import FAULTS, KILLS, SETTINGS, strike
from tests.torture.markets import databases, market
from tests.torture.running import ENGINES, Plan, cycle_of, demand_well

SEED = 17


@pytest.mark.parametrize("engine", ENGINES)
def test_kills_lose_and_double_nothing(engine: str, tmp_path: pathlib.Path) -> None:
    kills = [(fault, KILLS[fault.name]) for fault in FAULTS if engine in fault.engines]
    log, number = Log(), 0
    with databases(engine, tmp_path, SETTINGS) as made, market(made, tmp_path / "market") as served:
        served.start()
        for fault, kill in kills:
            number += 1
            plan = Plan(fault, engine, 1, SEED, tmp_path, is_quick=True)
            with cycle_of(plan, number):
                strike(kill, plan, served, log, number)
        found = check(served, log, plan.chance("check"))
        assert served.workers
        served.stop()
    demand_well(plan, number, found)
    assert found.acknowledged > 20 * number
