"""Workbooks that unpack to a thousand times their size: refused, in little memory, by what is too much of them."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.importing import ImportFileError, open_lines
from service.importing.xlsx.sheet import SheetRows
from tests.importing.files import SHEET_XML, TRADE, WORKBOOK_PARTS, inline_row, write_archive

ROOT = Path(__file__).parents[2]
BYTES = 4_000_000
GROWTH_MIB_MAX = 100
NAMESPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHEET, STRINGS, STYLES = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"

Parts = dict[str, str | Iterator[str]]


def again(text: str, size: int = BYTES) -> Iterator[str]:
    """The text over and over, in pieces."""
    for _ in range(100):
        yield text * (size // len(text) // 100)


def sheet(rows: Iterator[str]) -> Parts:
    before, after = SHEET_XML.split("{rows}")
    return {**WORKBOOK_PARTS, SHEET: _joined(before + inline_row(TRADE), rows, after)}


def beside_a_sheet(kind: str, part: str, content: Iterator[str]) -> Parts:
    """A whole sheet, and another part of the workbook."""
    relations = WORKBOOK_PARTS["xl/_rels/workbook.xml.rels"].removesuffix("</Relationships>")
    other = relations[relations.index("<Relationship ") :].replace('"r1"', '"r2"').replace('/worksheet"', f'/{kind}"')
    other = other.replace("worksheets/sheet1.xml", part.removeprefix("xl/"))
    rows = SHEET_XML.replace("{rows}", inline_row(TRADE) + inline_row(TRADE.values()))
    named = f"{relations}{other}</Relationships>"
    return {**WORKBOOK_PARTS, SHEET: rows, "xl/_rels/workbook.xml.rels": named, part: content}


def _joined(before: str, between: Iterator[str], after: str) -> Iterator[str]:
    yield before
    yield from between
    yield after


def strings(content: Iterator[str]) -> Parts:
    return beside_a_sheet("sharedStrings", STRINGS, _joined(f"<sst {NAMESPACE}>", content, "</sst>"))


def styles(content: Iterator[str]) -> Parts:
    begin, end = f"<styleSheet {NAMESPACE}><cellXfs>", "</cellXfs></styleSheet>"
    return beside_a_sheet("styles", STYLES, _joined(begin, content, end))


TOO_MUCH: dict[str, tuple[Callable[[], Parts], str]] = {
    "elements inside of each other in a sheet": (lambda: sheet(again("<a>")), "inside of each other"),
    "elements inside of each other in strings": (lambda: strings(again("<a>")), "inside of each other"),
    "elements inside of each other in styles": (lambda: styles(again("<a>")), "inside of each other"),
    "styles": (lambda: styles(again("<xf/>")), "more than 1000 elements"),
    "cells in a row": (lambda: sheet(again("<c/>")), "more than 16384 cells"),
    "text in a cell": (
        lambda: sheet(_joined('<row><c t="str"><v>', again("a" * 50), "</v></c></row>")), "has no end",
    ),
    "text in a string": (lambda: strings(_joined("<si><t>", again("a" * 50), "</t></si>")), "more text"),
    "runs in a string": (lambda: strings(_joined("<si>", again("<r><t>a</t></r>"), "</si>")), "more text"),
    "comment": (lambda: sheet(_joined("<!--", again("a" * 50), "-->")), "longer than 1048576 bytes"),
    "attribute": (lambda: sheet(_joined('<row><c r="', again("A" * 50), '1"/></row>')), "longer than 1048576 bytes"),
    "row number": (lambda: sheet(iter(['<row r="1048577"><c t="str"><v>a</v></c></row>'])), "no worksheet has a row"),
}  # fmt: skip


@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_of_something_is_refused(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.importing.xlsx.xml_parts.SMALL_PART_ITEMS_MAX", 1000)
    parts, reason = TOO_MUCH[what]
    with pytest.raises(ImportFileError, match=reason), open_lines(write_archive(tmp_path, parts())) as lines:
        list(lines)


def test_a_part_that_unpacks_to_more_than_any_has_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.importing.xlsx.xml_parts.open_part.__defaults__", (1000,))
    with pytest.raises(ImportFileError, match="is larger than"):
        open_lines(write_archive(tmp_path, strings(again("<si/>", 2000))))


def test_a_workbook_of_many_sheets_has_few_of_them_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that is open has a parser and a piece of its rows."""
    opened: list[SheetRows] = []
    most = 0

    class Counted(SheetRows):
        def __init__(self, *args: Any) -> None:
            nonlocal most
            super().__init__(*args)
            opened.append(self)
            most = max(most, len(opened))

        def close(self) -> None:
            super().close()
            opened.remove(self)

    monkeypatch.setattr("service.importing.xlsx.reader.SheetRows", Counted)
    named = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r1"/>' for n in range(50))
    parts: Parts = {
        **WORKBOOK_PARTS, SHEET: SHEET_XML.replace("{rows}", inline_row(["a"]) * 9),
        "xl/workbook.xml": WORKBOOK_PARTS["xl/workbook.xml"].replace("<sheets>", f"<sheets>{named}"),
    }  # fmt: skip
    with pytest.raises(ImportFileError, match="known heading"):
        open_lines(write_archive(tmp_path, parts))
    assert most == 2


PEAK_OF_REFUSING = """
import pathlib, re, sys
from service.importing import ImportFileError, open_lines
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) // 1024
before = peak()
for path in sys.argv[1:]:
    try:
        with open_lines(pathlib.Path(path)) as lines:
            list(lines)
    except ImportFileError:
        continue
    sys.exit(f"{path} was taken")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read where Linux tells it")
def test_they_are_refused_in_little_memory(tmp_path: Path) -> None:
    paths: list[str] = []
    for what in (
        "elements inside of each other in a sheet",
        "elements inside of each other in styles",
        "cells in a row",
    ):
        folder = tmp_path / str(len(paths))
        folder.mkdir()
        paths.append(str(write_archive(folder, TOO_MUCH[what][0]())))
    command = [sys.executable, "-c", PEAK_OF_REFUSING, *paths]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert int(refused.stdout) < GROWTH_MIB_MAX
