"""Measures the time and the peak memory of `hushi import` for CSV and XLSX: `python -m loadtests.bench_imports`.

Each file is imported into a fresh ledger with 20,000 residents. Two of three lines are the first line of their resident
on their day. The time is the time of the whole command, with its start. BENCH_IMPORT_LINES is the number of lines of
the long CSV; the other files have a tenth of it. BENCH_ENGINES limits what is measured. On SQLite, the process keeps up
to 64 MiB of the ledger's pages in memory: a hundred thousand lines do not fill them, and a million lines do. The short
CSV is imported in BENCH_ROUNDS rounds, in turns with the commit that BENCH_BASE names; the other files once.
"""

import os
import pathlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import xlsxwriter

from loadtests.builds import OURS, Build, builds
from loadtests.compared import ComparedFigure, medians
from loadtests.deployments import PROGRAMS, ledger_of
from loadtests.figures import Figure, conclude
from loadtests.postings import COLUMNS, Market, write_csv

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LONG = int(os.environ.get("BENCH_IMPORT_LINES", "1000000"))
SHORT = LONG // 10
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
LOOK_EVERY_S = 0.05
FIELDS = [column for column in COLUMNS if column != "key"]
"""The columns without the key. The document number is the key of a line, as in a clerk's file."""


@dataclass(frozen=True, slots=True)
class Import:
    """The time and the memory that a command took."""

    lines: int
    seconds: float
    peak_mib: float


def write_delimited(file: pathlib.Path, count: int) -> None:
    """Writes a CSV file."""
    market = Market("import")
    with file.open("w", encoding="utf-8", newline="") as target:
        write_csv(target, (market.line(number) for number in range(count)), FIELDS)


def write_workbook(file: pathlib.Path, count: int) -> None:
    """Writes a workbook in which every cell is text."""
    market = Market("import")
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, FIELDS)
        for number in range(count):
            line = market.line(number)
            sheet.write_row(number + 1, 0, [line.get(field, "") for field in FIELDS])


def run_import(file: pathlib.Path, lines: int, environment: dict[str, str]) -> Import:
    """Runs the command to its end, and reads its peak memory (VmHWM) again and again while it runs.

    After its end no figure tells the peak: a child's ru_maxrss begins with the memory of the process that started it.
    """
    command = [str(PROGRAMS / "hushi"), "import", str(file)]
    peak_kib, started = 0, time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak_kib = max(peak_kib, _peak_kib(process.pid))
            time.sleep(LOOK_EVERY_S)
        elapsed = time.perf_counter() - started
        output.seek(0)
        assert process.returncode == 0, output.read().decode()[-2000:]
    return Import(lines, elapsed, peak_kib / 1024)


def _peak_kib(pid: int) -> int:
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) if found else 0


def import_into_a_new_ledger(build: Build, engine: str, file: pathlib.Path, lines: int) -> tuple[Import, str]:
    """Imports a file by a build, and returns what the database says about its durability as well."""
    with ledger_of(build, engine, None) as (environment, made):
        return run_import(file, lines, environment), made["durability"]


def measure(engine: str, folder: pathlib.Path) -> tuple[list[Figure], list[ComparedFigure], str]:
    """Measures a short CSV by each build, in turns, and the same lines as a workbook and a long CSV by this build."""
    files = {
        ("csv", SHORT): _written("csv", write_delimited, folder, SHORT),
        ("xlsx", SHORT): _written("xlsx", write_workbook, folder, SHORT),
        ("csv", LONG): _written("csv", write_delimited, folder, LONG),
    }
    rounds: dict[Build, list[Import]] = {}
    for _ in range(ROUNDS):
        for build in builds():
            found, told = import_into_a_new_ledger(build, engine, files["csv", SHORT], SHORT)
            rounds.setdefault(build, []).append(found)
    peak_mib = statistics.median(one.peak_mib for one in rounds[OURS])
    figures = [_figure_of_rounds(build, engine, found) for build, found in rounds.items()]
    for shape, lines in (("xlsx", SHORT), ("csv", LONG)):
        found, told = import_into_a_new_ledger(OURS, engine, files[shape, lines], lines)
        other = f"{found.seconds:,.1f} s, peak {found.peak_mib:,.0f} MiB"
        other += f", {found.peak_mib / peak_mib:.2f} x that of the short CSV" if lines == LONG else ""
        figures.append(Figure(_what(OURS, shape, lines), engine, lines / found.seconds, other=other))
    rates = {build.kind: [SHORT / one.seconds for one in found] for build, found in rounds.items()}
    row = medians(f"import of a CSV file, {SHORT:,} lines", engine, "lines a second", rates, least=1.8)
    return figures, [row], told


def _written(shape: str, write: Callable[[pathlib.Path, int], None], folder: pathlib.Path, lines: int) -> pathlib.Path:
    file = folder / f"trades-{lines}.{shape}"
    if not file.exists():
        write(file, lines)
    return file


def _what(build: Build, shape: str, lines: int) -> str:
    return f"hushi import, {shape.upper()}, {lines:,} lines: {build.name}"


def _figure_of_rounds(build: Build, engine: str, found: list[Import]) -> Figure:
    rates = [SHORT / one.seconds for one in found]
    peak_mib = statistics.median(one.peak_mib for one in found)
    other = "rounds " + ", ".join(f"{rate:,.0f}" for rate in rates) + f"; peak {peak_mib:,.0f} MiB"
    return Figure(_what(build, "csv", SHORT), engine, statistics.median(rates), other=other)


def main() -> None:
    """Measures, prints the table, and writes the figures to a file."""
    figures: list[Figure] = []
    rows: list[ComparedFigure] = []
    conditions = {}
    with tempfile.TemporaryDirectory(prefix="hushi-load-") as folder:
        for engine in ENGINES:
            found, compared, told = measure(engine, pathlib.Path(folder))
            figures += found
            rows += compared
            conditions[f"imports on {engine}"] = told
    conclude("imports", "Imports of files, lines a second", figures, conditions, rows)


if __name__ == "__main__":
    main()
