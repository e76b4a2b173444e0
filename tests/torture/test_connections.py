"""The quick form of cut and frozen connections: at some bytes of each conversation. And its controls."""

import dataclasses
import pathlib

import pytest

from tests.torture import broken
from tests.torture.asking import Log
from tests.torture.checking import check
from tests.torture.connections import FAULTS, before_postgresql
from tests.torture.markets import databases
from tests.torture.registry import BY_NAME
from tests.torture.running import Failed, Fault, Plan

SEED = 17
QUICK = {"cut-client": 20, "freeze-client": 5, "cut-database": 20, "freeze-database": 5}


@pytest.mark.parametrize(
    ("fault", "engine"), [pytest.param(fault, fault.engines[0], id=fault.name) for fault in FAULTS]
)
def test_a_connection_that_is_lost_at_a_byte_loses_and_doubles_nothing(
    fault: Fault, engine: str, tmp_path: pathlib.Path
) -> None:
    count = fault.run(Plan(fault, engine, QUICK[fault.name], SEED, tmp_path, is_quick=True))
    assert count.cycles == QUICK[fault.name]
    assert count.findings.is_well
    [note] = count.notes
    assert int(note.split()[0]) >= QUICK[fault.name] - 2, note


def test_an_answer_that_is_cut_off_shows_a_double_where_keys_are_forgotten(tmp_path: pathlib.Path) -> None:
    fault = BY_NAME["cut-client"]
    plan = Plan(fault, "sqlite", 20, SEED, tmp_path, is_quick=True)
    plan = dataclasses.replace(plan, hushi=broken.main, variables={broken.BREAK: "forgets-keys"})
    with pytest.raises(Failed, match="doubled"):
        fault.run(plan)


def test_a_commit_that_is_cut_off_shows_a_loss_where_the_answer_comes_first(tmp_path: pathlib.Path) -> None:
    plan = Plan(BY_NAME["cut-database"], "postgresql", 1, SEED, tmp_path, is_quick=True)
    plan, log = dataclasses.replace(plan, variables={broken.BREAK: "answers-early"}), Log()
    with databases("postgresql", tmp_path) as made, before_postgresql(plan, made, 1) as line:
        late = dataclasses.replace(line, begins_with=b"INSERT INTO idempotency", lingers_s=2 * broken.LATE_S)
        assert late.post("b0", b"COMMIT\0", "end", log)
        found = check(line.market, log, plan.chance("check"))
    assert found.lost
