"""Compares the base with this build, row by row: `python -m loadtests.compared NAME …` prints the rows of earlier runs.

A row has a limit, for the ratio of the two or for this build's own value. Medians are those of the rounds, in turns.
"""

import pathlib
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from rich.console import Console
from rich.table import Table

from loadtests.histories import FOLDER

HEADINGS = ("what", "engine", "unit", "base", "ours", "ratio", "must reach", "reached")
Judged = Literal["ratio", "ours"]


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A figure of both builds, and its limit: at least so much, or at most."""

    what: str
    engine: str
    unit: str
    base: float | None
    ours: float
    least: float | None = None
    most: float | None = None
    judged: Judged = "ratio"

    @property
    def ratio(self) -> float | None:
        """This build's value as a part of the base's; None when no base was measured."""
        return self.ours / self.base if self.base else None

    @property
    def is_reached(self) -> bool | None:
        """Whether the limit is met; None when there is none, or nothing to compare with."""
        value = self.ratio if self.judged == "ratio" else self.ours
        if value is None or (self.least is None and self.most is None):
            return None
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def medians(what: str, engine: str, unit: str, rounds: Mapping[Any, list[float]], **more: Any) -> ComparedFigure:
    """The row of the medians of rounds: those of the base, if it was measured, and those of this build."""
    found = {name: statistics.median(values) for name, values in rounds.items()}
    return ComparedFigure(what, engine, unit, found.get("base"), found["ours"], **more)


def cells_of(row: ComparedFigure) -> list[str]:
    """The texts of a row in the table."""
    limit = f"≥ {row.least:g}" if row.least is not None else f"≤ {row.most:g}" if row.most is not None else ""
    unit = "" if not limit else f" {row.unit}" if row.judged == "ours" else " x"
    reached = {None: "", True: "yes", False: "[bold]no[/bold]"}[row.is_reached]
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    return [row.what, row.engine, row.unit, _number(row.base), _number(row.ours), ratio, limit + unit, reached]


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def rows_of(document: dict[str, Any]) -> list[ComparedFigure]:
    """The rows of a run from the file that loadtests.figures wrote."""
    return [ComparedFigure(**row) for row in document.get("compared", [])]


def show(files: Sequence[pathlib.Path]) -> None:
    """Prints one table of several runs, and below it what was compared."""
    documents = [orjson.loads(file.read_bytes()) for file in files]
    compared = [row for document in documents for row in rows_of(document)]
    if not compared:
        return
    table = Table(title=f"The base and this build, in turns ({documents[0]['machine']})", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="right" if heading in {"base", "ours", "ratio"} else "left")
    for row in compared:
        table.add_row(*cells_of(row))
    console = Console(width=150)
    console.print(table)
    builds = {name: told for document in documents for name, told in document["builds"].items()}
    for name, told in builds.items():
        console.print(f"{name}: {told}", highlight=False)


if __name__ == "__main__":
    show([FOLDER / f"{name}.json" for name in sys.argv[1:] if (FOLDER / f"{name}.json").exists()])
