"""The figures of cycles: the log of a run, and the table that the logs of several runs add up to."""

import datetime
import json
import pathlib
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

BACK_WITHIN_S = 30.0
BACK_MEDIAN_S = 10.0
BEGIN, END = "<!-- cluster: begin -->", "<!-- cluster: end -->"
HEADS = (
    "| fault | cycles | acknowledged | lost | doubled | wrong reports | reports from standbys | from the primary "
    "| posts work again after: median | longest |"
)


@dataclass
class Cycle:
    """What became of one fault. Reports are counted by where they came from."""

    fault: str
    told: str
    back_s: float
    acknowledged: int
    lost: int
    doubled: int
    load: float
    wrong: list[str] = field(default_factory=list)
    number: int = 0
    from_standby: int = 0
    from_primary: int = 0


@dataclass(frozen=True)
class Run:
    """A part of a log: the command, its day, its cycles, and whether the ledger passed `hushi verify` at the end."""

    command: str
    day: str
    cycles: list[Cycle]
    is_verified: bool


class Log:
    """A file to which a run writes a line of JSON when it begins, for each cycle, and when its ledger has passed."""

    def __init__(self, file: pathlib.Path | None, command: str) -> None:
        """Writes the line of the beginning; without a file nothing is written."""
        self._file = file
        self._write({"begins": command, "day": datetime.datetime.now(datetime.UTC).date().isoformat()})

    def write(self, cycle: Cycle) -> None:
        """Writes a cycle."""
        self._write(asdict(cycle))

    def end(self) -> None:
        """Writes that `hushi verify` has passed, and that both processes report what the journal has."""
        self._write({"verified": True})

    def _write(self, line: dict[str, object]) -> None:
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")


def read_runs(files: Iterable[pathlib.Path]) -> list[Run]:
    """The runs of logs, in the order of their lines."""
    runs: list[Run] = []
    for file in files:
        for line in map(json.loads, file.read_text("utf-8").splitlines()):
            if "begins" in line:
                runs.append(Run(line["begins"], line["day"], [], is_verified=False))
            elif "verified" in line:
                last = runs.pop()
                runs.append(Run(last.command, last.day, last.cycles, is_verified=True))
            else:
                runs[-1].cycles.append(Cycle(**line))
    return [run for run in runs if run.cycles]


def is_right(cycles: Sequence[Cycle]) -> bool:
    """Whether nothing was lost, doubled or wrong, posts were back in time, and some reports came from standbys."""
    backs = sorted(cycle.back_s for cycle in cycles)
    return (
        bool(cycles)
        and not any(cycle.lost or cycle.doubled or cycle.wrong for cycle in cycles)
        and backs[-1] <= BACK_WITHIN_S
        and backs[len(backs) // 2] <= BACK_MEDIAN_S
        and any(cycle.from_standby for cycle in cycles)
    )


def table(cycles: Sequence[Cycle]) -> str:
    """A row for each kind of fault, and one for all."""
    kinds = list(dict.fromkeys(cycle.fault for cycle in cycles))
    groups = [(kind, [one for one in cycles if one.fault == kind]) for kind in kinds]
    lines = [HEADS, re.sub(r"[^|]+", "---", HEADS)]
    for name, group in [*groups, ("all", list(cycles))] if cycles else []:
        backs = [one.back_s for one in group]
        lines.append(
            f"| {name} | {len(group)} | {sum(one.acknowledged for one in group):,} | {sum(one.lost for one in group)} "
            f"| {sum(one.doubled for one in group)} | {sum(len(one.wrong) for one in group)} "
            f"| {sum(one.from_standby for one in group):,} | {sum(one.from_primary for one in group):,} "
            f"| {statistics.median(backs):.1f} s | {max(backs):.1f} s |"
        )
    return "\n".join(lines)


def page_of(runs: Sequence[Run]) -> str:
    """The table of runs, and the commands that have made it, with what each of them lacks."""
    cycles = [cycle for run in runs for cycle in run.cycles]
    loads = [cycle.load for cycle in cycles]
    lines = []
    for run in runs:
        end = "`hushi verify` passed at the end" if run.is_verified else "it ended early, without `hushi verify`"
        lines.append(f"* `{run.command}`, {run.day}: {len(run.cycles)} cycles; {end}.")
    return f"{table(cycles)}\n\nMade with a load of {min(loads):.0f} to {max(loads):.0f} by\n\n" + "\n".join(lines)


def write_page(told: str, page: pathlib.Path) -> None:
    """Puts a table into its place on a page."""
    text = page.read_text("utf-8")
    inside = re.search(f"{re.escape(BEGIN)}\n(.*?){re.escape(END)}", text, re.DOTALL)
    assert inside is not None, f"{page.name} has no place for the table: {BEGIN}, {END}"
    page.write_text(text.replace(inside[0], f"{BEGIN}\n{told}\n{END}"), "utf-8")
