"""XLSX inside: strings, formats, damage, and the same cells as two other readers find."""

import os
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import python_calamine
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from service.importing import ImportFileError, open_lines
from service.importing.xlsx.date_formats import is_date_format
from service.importing.xlsx.sheet import SheetRows
from service.importing.xlsx.workbook import SharedStrings, read_workbook
from tests.importing.files import (
    BODY,
    SHEET_XML,
    TRADE,
    WORKBOOK_PARTS,
    inline_row,
    read,
    write_archive,
)


def test_rich_text_is_joined_and_phonetic_hints_are_left_out(tmp_path: Path) -> None:
    strings = (
        '<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<si><r><t>熟</t></r><r><t xml:space="preserve">牛肉 </t></r><rPh sb="0" eb="1"><t>shú</t></rPh></si>'
        "<si><t>a_x000D__x005F_x0041_</t></si><si/></sst>"
    )
    path = write_archive(tmp_path, {"strings.xml": strings})
    with zipfile.ZipFile(path) as archive:
        found = SharedStrings(archive, "strings.xml")
        assert [found[0], found[1], found[2]] == ["熟牛肉 ", "a\r_x0041_", ""]
        with pytest.raises(IndexError):
            found[3]
        found.close()


def test_strict_and_prefixed_namespaces_are_read(tmp_path: Path) -> None:
    purl = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    cells = "".join(
        f"<x:c r='{letter}1' t='str'><x:v>{h}</x:v></x:c>" for letter, h in zip("ABCDEFGHI", TRADE, strict=True)
    )
    values = "".join(f"<x:c t='str'><x:v>{value}</x:v></x:c>" for value in TRADE.values())
    rows = f'<x:row r="1">{cells}</x:row><x:row>{values}</x:row>'
    sheet = f'<x:worksheet xmlns:x="{purl}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'
    lines = read(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))
    assert [(line.number, line.body) for line in lines] == [(2, BODY)]


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        *(("yyyy-mm-dd hh:mm", True), ('yyyy"年"m"月"d"日"', True), ("[h]:mm", True), ("[$-804]h:mm", True)),
        *(("General", False), ("0.00", False), ("[Red]#,##0.00", False), ('0.00"days"', False), (r"0\d", False)),
        *(('"¥"#,##0.00_);[Red]("¥"#,##0.00)', False), ("0.00E+00", False), ("@", False)),
    ],
)
def test_a_number_format_tells_whether_it_shows_a_date(code: str, is_date: bool) -> None:
    assert is_date_format(code) is is_date


cell_values = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(10**14), 10**14),
    st.booleans(),
    st.none(),
)


def plain(value: Any) -> str | float:
    """A cell as every reader spells it: numbers as floats, nothing as empty text."""
    if value is None or isinstance(value, str):
        return value or ""
    return value if isinstance(value, bool) else float(value)


@given(st.lists(st.lists(cell_values, min_size=1, max_size=30), min_size=1, max_size=8), st.booleans())
@example([["_x41_ &<>\"'", " a ", "\u3000", 1e-300, -0.1]], True)
def test_the_cells_are_those_that_openpyxl_and_calamine_find(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]], in_memory: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": in_memory}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                write = sheet.write_string if isinstance(value, str) else sheet.write
                write(number, column, value)
        sheet.write(0, 30, "corner")
        sheet.write(8, 0, "corner")

    with zipfile.ZipFile(path) as archive:
        described = read_workbook(archive)
        strings = SharedStrings(archive, described.strings_part)
        ours = {
            (number - 1, column): cell
            for number, cells in SheetRows(archive, described.sheets[0].part, strings, described.styles)
            for column, cell in enumerate(cells)
            if cell != ""
        }
        strings.close()

    by_calamine = (
        python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python(skip_empty_area=False)
    )
    assert ours == _filled(by_calamine)
    other = openpyxl.load_workbook(path)
    assert ours == _filled(other.worksheets[0].values)


def _filled(rows: Iterable[Sequence[Any]]) -> dict[tuple[int, int], str | float]:
    cells = {(number, column): plain(value) for number, row in enumerate(rows) for column, value in enumerate(row)}
    return {place: value for place, value in cells.items() if value != ""}


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("xl/worksheets/sheet1.xml", "no complete workbook"),
        ("xl/workbook.xml", "no complete workbook"),
        ("_rels/.rels", "no complete"),
    ],
)
def test_a_workbook_without_one_of_its_parts_is_refused(tmp_path: Path, missing: str, message: str) -> None:
    parts = WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": SHEET_XML.format(rows=inline_row(TRADE))}
    del parts[missing]
    with pytest.raises(ImportFileError, match=message):
        open_lines(write_archive(tmp_path, parts))


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        (SHEET_XML.format(rows=""), "The workbook is empty"),
        (SHEET_XML.format(rows="<row><c></row>"), "The workbook is damaged"),
        (SHEET_XML.format(rows='<row r="x"/>'), "The workbook is damaged"),
        (SHEET_XML.format(rows='<row><c r="9"><v>1</v></c></row>'), "is no column"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + SHEET_XML.format(rows=""), "declares an XML document type"),
    ],
)
def test_a_damaged_worksheet_is_refused(tmp_path: Path, sheet: str, message: str) -> None:
    with pytest.raises(ImportFileError, match=message):
        open_lines(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))


@pytest.mark.skipif(sys.platform != "linux", reason="the open files of a process are looked up in /proc")
def test_a_damaged_worksheet_is_not_kept_open(tmp_path: Path) -> None:
    """Python 3.13 warns of it; a process that has many of them refused would run out of files."""
    path = write_archive(
        tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": SHEET_XML.format(rows="<row><c></row>")}
    )
    with pytest.raises(ImportFileError) as refused:
        open_lines(path)
    opened = {os.path.realpath(number) for number in Path("/proc/self/fd").iterdir()}
    assert refused.value.__traceback__ is not None  # The error is kept, and with it all that its frames hold.
    assert str(path.resolve()) not in opened


def test_a_workbook_of_charts_only_has_no_worksheet(tmp_path: Path) -> None:
    parts = WORKBOOK_PARTS | {
        "xl/_rels/workbook.xml.rels": WORKBOOK_PARTS["xl/_rels/workbook.xml.rels"].replace("worksheet", "chartsheet")
    }
    with pytest.raises(ImportFileError, match="The workbook has no worksheet"):
        open_lines(write_archive(tmp_path, parts))


def test_damage_in_the_middle_gives_the_lines_before_it(tmp_path: Path) -> None:
    rows = inline_row(TRADE) + inline_row(TRADE.values()) * 2_000 + "<broken"
    path = write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": SHEET_XML.format(rows=rows)})
    numbers = []

    def keep_numbers() -> None:
        with open_lines(path) as lines:
            for line in lines:
                numbers.append(line.number)  # noqa: PERF401 (kept although the iteration fails)

    with pytest.raises(ImportFileError, match="The workbook is damaged"):
        keep_numbers()
    assert numbers[:2] == [2, 3]
    assert len(numbers) > 1_000
