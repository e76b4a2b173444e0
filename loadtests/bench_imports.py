"""Measures the time and the peak memory of `hushi import` for CSV and XLSX: `python -m loadtests.bench_imports`.

Each file is imported into a fresh ledger with 20,000 residents. Two of three lines are the first line of their resident
on their day. The time is the time of the whole command, with its start. BENCH_IMPORT_LINES is the number of lines of
the long CSV; the other files have a tenth of it. BENCH_ENGINES limits what is measured. On SQLite, the process keeps up
to 64 MiB of the ledger's pages in memory: a hundred thousand lines do not fill them, and a million lines do.
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


def measure(engine: str, folder: pathlib.Path) -> tuple[list[Figure], str]:
    """Measures a short CSV, the same lines as a workbook, and a long CSV."""
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
    """Measures, prints the table, and writes the figures to a file."""
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
