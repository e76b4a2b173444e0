"""What the campaign makes of its figures. `make cluster-quick` runs it on a cluster, with a control that must lose."""

import pathlib
import subprocess
import sys

import orjson

from tests.cluster.callers import Kept
from tests.cluster.campaign import Cycle, table
from tests.cluster.run import is_right

WELL = Cycle("kill", "killed", 4.0, 100, 0, 0, 1.0)


def test_the_longest_time_without_an_answer_is_counted_from_the_fault_to_now() -> None:
    kept = Kept(times={"hushi1": [1.0, 2.0, 9.0, 9.5], "hushi2": []})
    assert kept.longest_gap_s("hushi1", 1.5, 10.0) == 7.0
    assert kept.longest_gap_s("hushi1", 9.2, 20.0) == 10.5
    assert kept.longest_gap_s("hushi2", 1.5, 10.0) == 8.5


def test_an_answer_with_another_entry_is_wrong() -> None:
    kept = Kept()
    kept.take(1, "a", "hushi1")
    kept.take(1, "a", "hushi2")
    assert (kept.wrong, kept.reported) == ([], 1)
    kept.take(1, "b", "hushi1")
    assert len(kept.wrong) == 1


def test_one_lost_entry_or_one_late_cycle_is_not_right() -> None:
    assert is_right([WELL, WELL])
    for wrong in (
        Cycle("kill", "", 4.0, 100, 1, 0, 1.0),
        Cycle("kill", "", 4.0, 100, 0, 1, 1.0),
        Cycle("kill", "", 4.0, 100, 0, 0, 1.0, ["a report went back"]),
        Cycle("kill", "", 30.1, 100, 0, 0, 1.0),
    ):
        assert not is_right([WELL, WELL, wrong])
    late = Cycle("pause", "", 12.0, 100, 0, 0, 1.0)
    assert not is_right([WELL, late, late])


def test_the_table_of_a_log_is_that_of_its_cycles(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "cycles.jsonl"
    log.write_bytes(orjson.dumps(WELL) + b"\n" + orjson.dumps(WELL) + b"\n")
    told = subprocess.run(
        [sys.executable, "-m", "tests.cluster.run", "--table", str(log)], capture_output=True, text=True
    )
    assert told.stdout.strip() == table([WELL, WELL])
    assert "| kill | 2 | 200 | 0 | 0 | 0 | 4.0 s | 4.0 s |" in told.stdout
