"""`hushi import` of CSV and XLSX, and the most memory that it takes: `python -m loadtests.bench_imports`.

Each file goes into a fresh ledger with 20,000 residents; two of three lines are a resident-day of their own. The time
is that of the whole command, its start included. BENCH_IMPORT_LINES are the lines of the long CSV, which has ten times
as many as the others; BENCH_ENGINES narrows what is measured. On SQLite the process holds pages of its ledger: up
to 64 MiB, which a hundred thousand lines do not fill yet and a million do.
"""

import os
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass

import xlsxwriter

from loadtests.deployments import PROGRAMS, durability, fresh_ledger
from loadtests.figures import Figure, conclude
from loadtests.postings import COLUMNS, Market, write_csv

LONG = int(os.environ.get("BENCH_IMPORT_LINES", "1000000"))
SHORT = LONG // 10
ENGINES = os.environ.get("BENCH_ENGINES", "sqlite,postgresql").split(",")
LOOK_EVERY_S = 0.05
FIELDS = [column for column in COLUMNS if column != "key"]
"""Without a key: the document number is a line's key, as in a clerk's file."""


@dataclass(frozen=True, slots=True)
class Import:
    """What a command took."""

    lines: int
    seconds: float
    peak_mib: float


def write_delimited(file: pathlib.Path, count: int) -> None:
    """A CSV file."""
    market = Market("import")
    with file.open("w", encoding="utf-8", newline="") as target:
        write_csv(target, (market.line(number) for number in range(count)), FIELDS)


def write_workbook(file: pathlib.Path, count: int) -> None:
    """A workbook whose cells are texts."""
    market = Market("import")
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, FIELDS)
        for number in range(count):
            line = market.line(number)
            sheet.write_row(number + 1, 0, [line.get(field, "") for field in FIELDS])


def run_import(file: pathlib.Path, lines: int, environment: dict[str, str]) -> Import:
    """Runs the command to its end; looks at its peak (VmHWM) all the time, because nothing else tells it afterwards.

    A child's ru_maxrss begins with the memory of the process that started it.
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


def measure(engine: str, folder: pathlib.Path) -> tuple[list[Figure], str]:
    """A short CSV, the same as a workbook, a long CSV."""
    figures: list[Figure] = []
    peaks: list[float] = []
    shapes: list[tuple[str, Callable[[pathlib.Path, int], None], int]]
    shapes = [("csv", write_delimited, SHORT), ("xlsx", write_workbook, SHORT), ("csv", write_delimited, LONG)]
    told = ""
    for shape, write, lines in shapes:
        file = folder / f"trades-{lines}.{shape}"
        if not file.exists():
            write(file, lines)
        with fresh_ledger(engine, None) as (ledger, environment):
            told = durability(ledger)
            ledger.database.close()
            found = run_import(file, lines, environment)
        peaks.append(found.peak_mib)
        other = f"{found.seconds:,.1f} s, peak {found.peak_mib:,.0f} MiB"
        other += f", {found.peak_mib / peaks[0]:.2f} x that of the short CSV" if lines == LONG else ""
        what = f"hushi import, {shape.upper()}, {lines:,} lines"
        figures.append(Figure(what, engine, lines / found.seconds, other=other))
    return figures, told


def main() -> None:
    """Measures, prints, writes."""
    figures: list[Figure] = []
    conditions = {}
    with tempfile.TemporaryDirectory(prefix="hushi-load-") as folder:
        for engine in ENGINES:
            found, told = measure(engine, pathlib.Path(folder))
            figures += found
            conditions[f"imports on {engine}"] = told
    conclude("imports", "Imports of files, lines a second", figures, conditions)


if __name__ == "__main__":
    main()
