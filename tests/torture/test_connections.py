"""The quick form of cut and frozen connections: at some bytes of each conversation. And its controls."""

import dataclasses

import pytest

from tests.torture import broken
from tests.torture.asking import Log
from tests.torture.checking import check
from tests.torture.conftest import MakePlan
from tests.torture.connections import FAULTS, before_postgresql
from tests.torture.registry import BY_NAME
from tests.torture.running import Failed, Fault, databases_of

QUICK = {"cut-client": 20, "freeze-client": 3, "cut-database": 20, "freeze-database": 5}


@pytest.mark.parametrize(
    ("fault", "engine"), [pytest.param(fault, fault.engines[0], id=fault.name) for fault in FAULTS]
)
def test_a_connection_that_is_lost_at_a_byte_loses_and_doubles_nothing(
    fault: Fault, engine: str, plan_of: MakePlan
) -> None:
    count = fault.run(plan_of(fault, engine, QUICK[fault.name]))
    assert count.cycles == QUICK[fault.name]
    assert count.findings.is_well
    [note] = count.notes
    assert int(note.split()[0]) >= QUICK[fault.name] - 2, note


def test_an_answer_that_is_cut_off_shows_a_double_where_keys_are_forgotten(plan_of: MakePlan) -> None:
    fault = BY_NAME["cut-client"]
    with pytest.raises(Failed, match="doubled"):
        fault.run(plan_of(fault, "sqlite", 20, hushi=broken.main, variables={broken.BREAK: "forgets-keys"}))


def test_a_commit_that_is_cut_off_shows_a_loss_where_the_answer_comes_first(plan_of: MakePlan) -> None:
    plan = plan_of(BY_NAME["cut-database"], "postgresql", variables={broken.BREAK: "answers-early"})
    log = Log()
    with databases_of(plan) as made, before_postgresql(plan, made, 1) as line:
        late = dataclasses.replace(line, begins_with=b"INSERT INTO idempotency", lingers_s=2 * broken.LATE_S)
        assert late.post("b0", b"COMMIT\0", "end", log)
        found = check(line.market, log, plan.chance("check"))
    assert found.lost
