"""What the campaign makes of its figures. `make cluster-quick` runs it on a cluster, with a control that must lose."""

import dataclasses
import pathlib
import sys

import pytest

from tests.cluster.cycles import BEGIN, END, Cycle, Log, is_right, read_runs, table, write_page
from tests.cluster.kept import Kept
from tests.cluster.run import command, main

WELL = Cycle("kill", "killed", 4.0, 100, 0, 0, 1.0, from_standby=20, from_primary=3)


def test_the_longest_time_without_an_answer_is_counted_from_the_fault_to_now() -> None:
    kept = Kept(times={"hushi1": [1.0, 2.0, 9.0, 9.5], "hushi2": []})
    assert kept.longest_gap_s("hushi1", 1.5, 10.0) == 7.0
    assert kept.longest_gap_s("hushi1", 9.2, 20.0) == 10.5
    assert kept.longest_gap_s("hushi2", 1.5, 10.0) == 8.5


def test_an_answer_with_another_entry_is_wrong() -> None:
    kept = Kept()
    kept.take(1, "a", "hushi1")
    kept.take(1, "a", "hushi2")
    assert (kept.wrong, kept.told_by("hushi1"), kept.told_by("hushi2")) == ([], 1, 1)
    kept.take(1, "b", "hushi1")
    assert len(kept.wrong) == 1


def test_a_report_must_hold_the_posts_whose_positions_it_has_reached() -> None:
    kept = Kept()
    for number, position in ((1, "0.1"), (2, "1.0"), (3, "0.9"), (4, None), (10, "2.0")):
        kept.take(number, str(number), "hushi1", {} if position is None else {"Hushi-Position": position})
    kept.take(1, "1", "hushi2", {"Hushi-Position": "3.0"})  # The first answer named a position that holds it.
    assert [kept.held_at(position) for position in ((0, 0), (0, 1), (0, 9), (1, 0), (5, 0))] == [0, 1, 2, 3, 3]
    assert kept.newest == (3, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        dataclasses.replace(WELL, lost=1),
        dataclasses.replace(WELL, doubled=1),
        dataclasses.replace(WELL, wrong=["a report went back"]),
        dataclasses.replace(WELL, back_s=30.1),
    ],
    ids=["lost", "doubled", "wrong", "late"],
)
def test_one_lost_entry_or_one_late_cycle_is_not_right(wrong: Cycle) -> None:
    assert is_right([WELL, WELL])
    assert not is_right([WELL, WELL, wrong])


def test_a_run_that_was_stopped_before_its_first_cycle_is_not_right() -> None:
    assert not is_right([])
    assert table([]).splitlines()[0].startswith("| fault |")


def test_half_of_the_cycles_must_be_back_soon_and_some_reports_come_from_standbys() -> None:
    late = dataclasses.replace(WELL, back_s=12.0)
    assert is_right([WELL, WELL, late])
    assert not is_right([WELL, late, late])
    assert not is_right([dataclasses.replace(WELL, from_standby=0)])


def test_the_table_of_logs_adds_up_their_runs_and_says_which_commands_made_it(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for file, name, ends in ((first, "one", True), (first, "two", True), (second, "three", False)):
        log = Log(file, name)
        for cycle in (WELL, dataclasses.replace(WELL, fault="pause", back_s=20.0)):
            log.write(cycle)
        if ends:
            log.end()
    Log(second, "nothing")
    monkeypatch.setattr(sys, "argv", ["run", "--table", str(first), str(second)])
    main()
    told = capsys.readouterr().out
    cycles = [cycle for run in read_runs([first, second]) for cycle in run.cycles]
    assert len(cycles) == 6
    assert told.startswith(table(cycles))
    assert "| kill | 3 | 300 | 0 | 0 | 0 | 60 | 9 | 4.0 s | 4.0 s |" in told
    assert "| all | 6 | 600 | 0 | 0 | 0 | 120 | 18 | 12.0 s | 20.0 s |" in told
    for name in ("one", "two"):
        assert f"* `{name}`, " in told
    assert told.count("`hushi verify` passed at the end") == 2
    assert told.count("it ended early, without `hushi verify`") == 1
    assert "nothing" not in told


def test_the_page_gets_the_table_in_its_place(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", "utf-8")
    write_page(table([WELL]), page)
    assert page.read_text("utf-8") == f"before\n{BEGIN}\n{table([WELL])}\n{END}\nafter\n"


def test_a_log_has_the_command_without_its_own_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["run", "--cycles", "2", "--log", "/folder/cycles.jsonl", "--faults", "cut off"])
    assert command() == "python -m tests.cluster.run --cycles 2 --faults 'cut off'"
