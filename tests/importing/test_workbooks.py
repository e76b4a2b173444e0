"""XLSX: numbers, dates and faults of a spreadsheet."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import example, given
from hypothesis import strategies as st

from service.importing import ImportFileError, open_lines
from service.importing.xlsx.number_formats import number_format
from service.importing.xlsx.sheet import Serial
from service.importing.xlsx.spelling import spell_decimal, spell_identifier, spell_instant
from tests.importing.files import (
    BODY,
    SHEET_XML,
    TRADE,
    WORKBOOK_PARTS,
    bodies,
    inline_row,
    only_error,
    read,
    trade,
    write_archive,
    write_workbook,
)

EPOCH = datetime.datetime.fromisoformat("1899-12-30")
DAY_MS = 86_400_000
HALF_PAST_NINE = datetime.datetime.fromisoformat("2024-04-01 09:30")


def test_a_workbook_of_text_says_the_same_as_a_csv(tmp_path: Path) -> None:
    assert bodies(write_workbook(tmp_path)) == [BODY]


def test_numbers_and_dates_become_exact_text(tmp_path: Path) -> None:
    path = write_workbook(
        tmp_path,
        trade(
            **{
                "HS编码": 160250,
                "重量(千克)": 400,
                "金额(元)": 6680.0,
                "交易时间": HALF_PAST_NINE,
                "单据号": 20240401001,
            }
        ),
    )
    assert bodies(path) == [BODY | {"reference": "20240401001"}]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.1 + 0.2, "0.30"), (7999.999999999999, "8000.00"), (1234.5, "1234.50"), (9999999999.99, "9999999999.99")],
)
def test_float_noise_is_no_decimal(number: float, text: str) -> None:
    assert spell_decimal(number, 2) == text


@pytest.mark.parametrize("number", [1234.567, 0.001, 7999.9999])
def test_an_amount_is_never_rounded(number: float) -> None:
    with pytest.raises(ValueError, match="has more than 2 decimals"):
        spell_decimal(number, 2)


@given(st.integers(0, 10**12))
def test_every_amount_survives_the_spreadsheet(fen: int) -> None:
    assert spell_decimal(fen / 100, 2) == f"{fen // 100}.{fen % 100:02d}"


@given(st.integers(36_526 * DAY_MS, 73_050 * DAY_MS))
@example(45_383 * DAY_MS - 1)
def test_every_moment_survives_the_spreadsheet_to_the_millisecond(milliseconds: int) -> None:
    read_back = datetime.datetime.fromisoformat(spell_instant(milliseconds / DAY_MS, EPOCH))
    assert read_back.replace(tzinfo=None) == EPOCH + datetime.timedelta(milliseconds=milliseconds)


def test_a_workbook_that_counts_from_1904_is_read_in_its_own_time(tmp_path: Path) -> None:
    path = tmp_path / "trades.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True, "default_date_format": "yyyy-mm-dd"}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, list(TRADE))
        sheet.write_row(1, 0, list(trade(交易时间=HALF_PAST_NINE).values()))
    assert bodies(path) == [BODY]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"金额(元)": 1234.567}, "金额(元): 1234.567 has more than 2 decimals"),
        ({"金额(元)": -5}, '金额(元): "-5.00" is no number'),
        ({"金额(元)": HALF_PAST_NINE}, "金额(元): The spreadsheet has made a date of it"),
        ({"单据号": HALF_PAST_NINE}, "单据号: The spreadsheet has made a date of it"),
        ({"HS编码": 2044200}, "its leading zero is lost. Format the column as text"),
        ({"单据号": 1.5}, "单据号: 1.5 is kept as a number, which loses digits"),
        ({"单据号": 1234567890123456789}, "is kept as a number, which loses digits"),
        ({"交易时间": 20240401}, "交易时间: 20240401.0 is no time; format the cell as a date"),
        ({"品名": True}, "品名: TRUE is a truth value"),
    ],
)
def test_what_a_spreadsheet_has_spoilt_is_told(tmp_path: Path, change: dict[str, Any], error: str) -> None:
    assert error in only_error(write_workbook(tmp_path, trade(**change)))


def test_an_error_of_the_spreadsheet_and_an_uncomputed_formula_are_told(tmp_path: Path) -> None:
    formula = '<row><c t="e"><f>A1/0</f><v>#DIV/0!</v></c><c><f>B1</f></c><c t="s"><v>7</v></c></row>'
    rows = inline_row(TRADE) + formula
    error = only_error(
        write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": SHEET_XML.format(rows=rows)})
    )
    assert "备案号: #DIV/0! is an error of the spreadsheet" in error
    assert "类别: A formula without a stored result" in error
    assert '品名: "7" is damaged in the workbook' in error


def test_an_error_that_says_that_there_is_nothing_is_nothing_where_nothing_may_stand(tmp_path: Path) -> None:
    headings = [*TRADE, "卖方"]
    not_available = '<c t="e"><f>VLOOKUP(A1,B:C,2,0)</f><v>#N/A</v></c>'
    without = inline_row(TRADE.values()).removesuffix("</row>")
    rows = inline_row(headings) + without + not_available + "</row>"
    required = (
        inline_row(headings) + "<row>" + not_available + without.removeprefix("<row>").partition("</c>")[2] + "</row>"
    )
    for content, error in ((rows, None), (required, '备案号: "#N/A" is an error of the spreadsheet; send a value.')):
        path = write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": SHEET_XML.format(rows=content)})
        (line,) = read(path)
        assert (line.body, line.error) == (None if error else BODY, error)


def test_a_computed_formula_is_its_result(tmp_path: Path) -> None:
    path = tmp_path / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, list(TRADE))
        sheet.write_row(1, 0, list(TRADE.values()))
        sheet.write_formula(1, 6, "=16.7*400", None, 6680)
    assert bodies(path) == [BODY]


def test_rows_are_numbered_as_excel_shows_them(tmp_path: Path) -> None:
    path = tmp_path / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(2, 0, list(TRADE))
        sheet.write_row(5, 0, list(TRADE.values()))
        sheet.write_row(9, 0, ["x", *list(TRADE.values())[1:], "no heading here"])
        sheet.write_blank(12, 3, None, workbook.add_format({"bold": True}))
    good, bad = read(path)
    assert (good.number, good.body) == (6, BODY)
    assert (bad.number, bad.error) == (10, "Column 10 has no heading but holds data.")


def test_other_worksheets_are_named_and_the_rows_are_counted(tmp_path: Path) -> None:
    with open_lines(write_workbook(tmp_path, trade(), trade(), sheets=("明细", "汇总", "说明"))) as lines:
        assert lines.skipped_sheets == ("汇总", "说明")
        assert lines.total_lines == 2
        assert lines.position <= lines.total_bytes
        list(lines)
        assert lines.position == lines.total_bytes


def test_the_table_is_found_behind_a_cover_and_below_its_title(tmp_path: Path) -> None:
    path = tmp_path / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet("空白")
        lists = workbook.add_worksheet("列表")
        lists.write_row(0, 0, list(TRADE))
        workbook.add_worksheet("封面").write_row(0, 0, ["二连浩特互市贸易区", "备注"])
        table = workbook.add_worksheet("明细")
        table.merge_range(0, 0, 0, 8, "2024年4月交易明细")
        table.write_row(1, 0, ["互市点", "二连浩特"])
        table.write_row(3, 0, list(TRADE))
        table.write_row(4, 0, list(TRADE.values()))
        lists.hide()
    with open_lines(path) as lines:
        assert [(line.number, line.body) for line in lines] == [(5, BODY)]
        assert lines.skipped_sheets == ("空白", "列表", "封面")


def test_a_workbook_without_headings_names_those_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet()
        workbook.add_worksheet().write_row(1, 0, ["甲", "乙"])
    with pytest.raises(ImportFileError, match=r"Line 2 has no known heading.*备案号"):
        open_lines(path)


def test_raw_text_of_a_row_is_one_line(tmp_path: Path) -> None:
    (line,) = read(write_workbook(tmp_path, trade(品名="熟\n牛肉")))
    assert line.raw.split("\t")[2] == "熟 牛肉"


def test_a_number_in_a_date_cell_is_still_known_as_a_date() -> None:
    with pytest.raises(ValueError, match="made a date of it"):
        spell_identifier(Serial("45383", number_format("yyyy-mm-dd")))
