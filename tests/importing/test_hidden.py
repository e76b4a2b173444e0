"""Hidden rows and columns of a workbook: they are read, and the clerk is told, because nobody sees them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from service.importing import open_lines
from tests.importing.files import SHEET_XML, TRADE, WORKBOOK_PARTS, inline_row, trade, write_archive
from tests.servers import call_hushi

HEADINGS = [*TRADE, "卖方"]


def _workbook(folder: Path, change: Callable[[Any], None]) -> Path:
    """A title, headings and four trades in rows 3 to 6, changed in some way."""
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.append(["互市交易明细"])
    sheet.append(HEADINGS)
    for number in range(4):
        sheet.append([*trade(单据号=f"D-{number}").values(), "甲"])
    change(sheet)
    workbook.save(folder / "trades.xlsx")
    return folder / "trades.xlsx"


def _hide_rows(*numbers: int) -> Callable[[Any], None]:
    def _change(sheet: Any) -> None:
        for number in numbers:
            sheet.row_dimensions[number].hidden = True

    return _change


def _filter(sheet: Any) -> None:
    sheet.auto_filter.ref = "A2:J6"
    sheet.auto_filter.add_filter_column(9, ["乙"])
    _hide_rows(3, 4, 5, 6)(sheet)


def _hide_columns(sheet: Any) -> None:
    sheet.column_dimensions.group("I", "J", hidden=True)
    sheet.column_dimensions["Z"].hidden = True


@pytest.mark.parametrize(
    ("change", "hidden_lines", "hidden_columns"),
    [
        (_hide_rows(), 0, ()),
        (_hide_rows(4), 1, ()),
        (_hide_rows(1, 2, 4, 5, 9), 2, ()),
        (_filter, 4, ()),
        (_hide_columns, 0, ("单据号", "卖方")),
    ],
)
def test_hidden_lines_are_read_and_counted(
    tmp_path: Path, change: Callable[[Any], None], hidden_lines: int, hidden_columns: tuple[str, ...]
) -> None:
    with open_lines(_workbook(tmp_path, change)) as lines:
        assert [line.body and (line.body["reference"], line.body["seller"]) for line in lines] == [
            (f"D-{number}", "甲") for number in range(4)
        ]
        assert (lines.hidden_lines, lines.hidden_columns) == (hidden_lines, hidden_columns)


@pytest.mark.parametrize(("attributes", "hidden"), [('hidden="true"', 1), ('ht="0"', 1), ('hidden="0" ht="15"', 0)])
def test_rows_are_hidden_in_the_way_of_every_program(tmp_path: Path, attributes: str, hidden: int) -> None:
    row = inline_row(TRADE.values()).replace("<row>", f"<row {attributes}>")
    sheet = SHEET_XML.format(rows=inline_row(TRADE) + row)
    path = write_archive(tmp_path, {**WORKBOOK_PARTS, "xl/worksheets/sheet1.xml": sheet})
    with open_lines(path) as lines:
        assert len(list(lines)) == 1
        assert lines.hidden_lines == hidden


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.usefixtures("ledger")
def test_an_import_tells_of_what_nobody_sees(environment: dict[str, str], tmp_path: Path) -> None:
    def _change(sheet: Any) -> None:
        _filter(sheet)
        _hide_columns(sheet)

    told = call_hushi(environment, "import", str(_workbook(tmp_path, _change))).stderr
    assert "Read as all others: 4 lines in rows that are hidden or filtered away. To leave lines out" in told
    assert "Read as all others: the hidden columns 单据号, 卖方." in told
    told = call_hushi(environment, "import", str(_workbook(tmp_path, _hide_rows(3)))).stderr
    assert "1 line in a row that is hidden or filtered away" in told
    assert "Read as all others" not in call_hushi(environment, "import", str(_workbook(tmp_path, _hide_rows()))).stderr
