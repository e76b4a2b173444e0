"""Shows the figures of a run as a table and as JSON. `python -m loadtests.figures NAME …` shows earlier runs again."""

import dataclasses
import os
import pathlib
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from loadtests import builds, compared
from loadtests.compared import ComparedFigure
from loadtests.histories import FOLDER
from loadtests.table import quantile

HEADINGS = ("what", "engine", "per second", "p50 ms", "p99 ms", "ratio", "other")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: a rate, latencies in seconds, a ratio and its base. A value that was not measured is None."""

    what: str
    engine: str = ""
    per_second: float | None = None
    p50_s: float | None = None
    p99_s: float | None = None
    ratio: float | None = None
    ratio_to: str = ""
    other: str = ""


def timed(what: str, engine: str, per_second: float, seconds: list[float], **more: object) -> Figure:
    """The figure of answers, with percentiles over all of them. Few answers have no 99th percentile."""
    found = (quantile(seconds, 0.5) if seconds else None, quantile(seconds, 0.99) if len(seconds) >= 100 else None)
    return Figure(what, engine, per_second, *found, **more)  # type: ignore[arg-type] # (the names are checked at run)


def conclude(
    name: str, title: str, figures: Sequence[Figure], conditions: dict[str, str], rows: Sequence[ComparedFigure] = ()
) -> None:
    """Writes .bench-data/NAME.json and prints the tables. With BENCH_QUIET it prints only the path of the file."""
    FOLDER.mkdir(exist_ok=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    run = {
        "title": title, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": machine,
        "conditions": conditions, "figures": [dataclasses.asdict(figure) for figure in figures],
        "compared": [dataclasses.asdict(row) for row in rows], "builds": builds.conditions(),
    }  # fmt: skip
    file = FOLDER / f"{name}.json"
    file.write_bytes(orjson.dumps(run, option=orjson.OPT_INDENT_2))
    if os.environ.get("BENCH_QUIET"):
        print(f"{title}: {file.relative_to(FOLDER.parent)}")
    else:
        show([file])
        compared.show([file])


def show(files: Sequence[pathlib.Path]) -> None:
    """Prints one table of the runs that have figures, and below it how durable each database was."""
    runs = [run for file in files if (run := _run_of(orjson.loads(file.read_bytes())))["figures"]]
    if not runs:
        return
    table = Table(title=f"Writes ({runs[0]['machine']})", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading in {"what", "engine", "other"} else "right")
    conditions: dict[str, str] = {}
    for run in runs:
        table.add_section()
        table.add_row(f"[bold]{run['title']}[/bold]")
        for figure in run["figures"]:
            table.add_row(*cells_of(Figure(**figure)))
        conditions |= run["conditions"]
    console = Console(width=150)
    console.print(table)
    for subject, told in conditions.items():
        console.print(f"{subject}: {told}", highlight=False)


def _run_of(document: dict[str, Any]) -> dict[str, Any]:
    """A run from the file that `conclude` or pytest-benchmark wrote."""
    if "benchmarks" not in document:
        return document
    told = document["machine_info"]
    machine = f"{told['machine']}, {told['cpu'].get('count', '?')} cores, Python {told['python_version']}"
    figures = [dataclasses.asdict(figure) for figure in _posting_figures(document["benchmarks"])]
    return {"title": "Posting in process, entries a second", "machine": machine, "conditions": {}, "figures": figures}


def _posting_figures(benchmarks: list[dict[str, Any]]) -> Iterator[Figure]:
    """The figures of loadtests.bench_posting, where a round is one transaction.

    Other work is compared with posting as many trades.
    """
    runs = [(bench["extra_info"], bench["stats"]["data"]) for bench in benchmarks]
    medians = {(told["engine"], told["what"]): quantile(data, 0.5) for told, data in runs}
    for told, data in runs:
        entries = f"{told['rows']:,}"
        post_s, median_s = medians[told["engine"], f"post {entries}"], quantile(data, 0.5)
        is_post = told["what"] == f"post {entries}"
        ratio = None if is_post else post_s / median_s
        ratio_to = "" if is_post else f"post {entries}"
        rate = told["rows"] / median_s
        yield timed(
            told["what"], told["engine"], rate, data, ratio=ratio, ratio_to=ratio_to, other=f"{len(data)} rounds"
        )


def cells_of(figure: Figure) -> list[str]:
    """The texts of a figure's line in the table."""
    ratio = "" if figure.ratio is None else f"{figure.ratio:,.2f} x {figure.ratio_to}"
    rate = "" if figure.per_second is None else f"{figure.per_second:,.0f}"
    times = [
        "" if s is None else f"{s * 1e3:,.1f}" if s < 1 else f"{s * 1e3:,.0f}" for s in (figure.p50_s, figure.p99_s)
    ]
    return [figure.what, figure.engine, rate, *times, ratio, figure.other]


if __name__ == "__main__":
    show([FOLDER / f"{name}.json" for name in sys.argv[1:] if (FOLDER / f"{name}.json").exists()])
