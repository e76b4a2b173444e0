"""Reading 30,000 lines takes no more memory than 5,000, in every format: 80 bytes kept for each line would fail."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.importing.files import BODY, SHEET_XML, TRADE, WORKBOOK_PARTS, inline_row, write_archive

LINES = 30_000
FEW_LINES = 5_000
GROWTH_KB_MAX = 2_000
ROOT = Path(__file__).parents[2]


def write_delimited(folder: Path, count: int) -> Path:
    path = folder / "trades.csv"
    with path.open("w", encoding="gb18030") as file:
        file.write(",".join(TRADE) + "\n")
        row = ",".join(TRADE.values())
        file.writelines(f"{row}-{number}\n" for number in range(count))
    return path


def write_ndjson(folder: Path, count: int) -> Path:
    path = folder / "trades.ndjson"
    text = json.dumps(BODY, ensure_ascii=False)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(text.replace("D-1", f"D-1-{number}") + "\n" for number in range(count))
    return path


def write_shared_strings(folder: Path, count: int) -> Path:
    """A workbook as Excel saves it: every document number is a separate shared string."""
    words = [*TRADE, *TRADE.values()]
    first = len(words)
    cells = "".join(f'<c t="s"><v>{len(TRADE) + column}</v></c>' for column in range(len(TRADE) - 1))

    def sheet() -> Iterator[str]:
        before, after = SHEET_XML.split("{rows}")
        yield before + inline_row(TRADE)
        for number in range(count):
            yield f'<row>{cells}<c t="s"><v>{first + number}</v></c></row>'
        yield after

    def strings() -> Iterator[str]:
        yield '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        yield "".join(f"<si><t>{word}</t></si>" for word in words)
        for number in range(count):
            yield f"<si><t>D-1-{number}</t></si>"
        yield "</sst>"

    relations = WORKBOOK_PARTS["xl/_rels/workbook.xml.rels"]
    strings_relation = (
        relations[relations.index("<Relationship ") :].replace("r1", "r2").replace("/worksheet", "/sharedStrings")
    )
    parts: dict[str, str | Iterator[str]] = {
        **WORKBOOK_PARTS,
        "xl/_rels/workbook.xml.rels": relations.removesuffix("</Relationships>")
        + strings_relation.replace("worksheets/sheet1.xml", "sharedStrings.xml"),
        "xl/worksheets/sheet1.xml": sheet(),
        "xl/sharedStrings.xml": strings(),
    }
    return write_archive(folder, parts)


# The process looks at itself, because the system's own peak (ru_maxrss) is inherited from the process that starts it.
PEAK_OF_READING = """
import pathlib, sys
import psutil
from service.importing import open_lines
kept, peak, this = [], 0, psutil.Process()
with open_lines(pathlib.Path(sys.argv[1])) as lines:
    for line in lines:
        if line.error or line.number > int(sys.argv[2]):
            kept.append(line)
        if line.number % 1_000 == 0:
            peak = max(peak, this.memory_info().rss)
print(len(kept), peak // 1024)
"""


def peak_kb(path: Path, keep_after: int) -> tuple[int, int]:
    """The most memory that a process of its own has when it reads the file and keeps the lines after a number."""
    command = [sys.executable, "-c", PEAK_OF_READING, str(path), str(keep_after)]
    kept, peak = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split()
    return int(kept), int(peak)


@pytest.mark.parametrize("write", [write_delimited, write_ndjson, write_shared_strings])
def test_memory_stays_flat_over_thirty_thousand_lines(tmp_path: Path, write: Callable[[Path, int], Path]) -> None:
    _, short_kb = peak_kb(write(tmp_path, FEW_LINES), keep_after=LINES)
    kept, long_kb = peak_kb(write(tmp_path, LINES), keep_after=LINES - 10)
    assert 10 <= kept <= 11
    assert long_kb - short_kb < GROWTH_KB_MAX


def test_the_measurement_would_notice_a_reader_that_keeps_its_lines(tmp_path: Path) -> None:
    path = write_delimited(tmp_path, LINES)
    _, flat_kb = peak_kb(path, keep_after=LINES)
    _, kept_kb = peak_kb(path, keep_after=LINES - 5_000)
    assert kept_kb - flat_kb > GROWTH_KB_MAX
