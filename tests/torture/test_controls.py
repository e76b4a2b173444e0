"""The controls of the harness: on a ledger whose protection is taken away, the check must find what is wrong."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.builders import a_trade
from tests.torture import broken
from tests.torture.asking import Log, Request
from tests.torture.checking import check
from tests.torture.conftest import MakePlan
from tests.torture.kills import FAULTS
from tests.torture.markets import Market, market
from tests.torture.running import ENGINES, Plan, databases_of
from tests.torture.traffic import Traffic

KILLS = 2
"""One of them comes between an answer and its commit, on a slow machine too."""


@contextmanager
def broken_market(plan: Plan) -> Iterator[Market]:
    """A served market whose ledger is broken, as the plan's variables say."""
    with databases_of(plan) as made, market(made, plan.folder / "market", broken.main, **plan.variables) as served:
        served.start()
        yield served


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ledger_that_forgets_keys_shows_doubles(engine: str, plan_of: MakePlan) -> None:
    plan, log = plan_of(FAULTS[0], engine, variables={broken.BREAK: "forgets-keys"}), Log()
    with broken_market(plan) as served:
        with Traffic("c", served, plan.chance(1), log) as traffic:
            traffic.wait_for_more(20)
        found = check(served, log, plan.chance("check"))
    assert found.doubled
    assert not found.lost


@pytest.mark.parametrize("engine", ENGINES)
def test_a_ledger_that_answers_before_its_commit_shows_losses(engine: str, plan_of: MakePlan) -> None:
    plan, log = plan_of(FAULTS[0], engine, variables={broken.BREAK: "answers-early"}), Log()
    with broken_market(plan) as served:
        with Traffic("c", served, plan.chance(1), log) as traffic:
            for left in reversed(range(KILLS)):
                traffic.wait_for_more(5)
                served.stop(signal.SIGKILL)
                if not left:  # It commits slowly as well: a whole one answers the questions that are left.
                    served.variables[broken.BREAK] = ""
                served.start()
        found = check(served, log, plan.chance("check"))
    assert found.lost


def test_a_batch_that_was_refused_is_no_double(plan_of: MakePlan) -> None:
    """Asked again, it gets the same refusal, and nothing in it is said to have been there."""
    plan, log = plan_of(FAULTS[0], "sqlite"), Log()
    line = a_trade(amount_cny="9000.00", over_allowance="refuse", metadata={"mark": "m.0"}, key="k-m.0")
    refused = Request("batch", "/v1/transactions/batch", {"items": [line]}, "k-m", ("m.0",))
    with databases_of(plan) as made, market(made, plan.folder / "market") as served:
        served.start()
        log.add(refused)
        wire = served.wire()
        assert wire.send(refused)
        wire.close()
        found = check(served, log, plan.chance("check"))
        served.stop()
    assert refused.is_acknowledged
    assert not refused.entries
    assert found.is_well, found.told()
