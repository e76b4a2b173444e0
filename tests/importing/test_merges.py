"""Merged cells: what stands in one stands for each of its rows, and where that can't be meant the row is refused."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from service.importing import FileLine, ImportFileError, open_lines
from service.importing.xlsx.merges import MERGED_RANGES_MAX
from tests.importing.files import BODY, SHEET_XML, TRADE, WORKBOOK_PARTS, inline_row, read, write_archive

HEADINGS = [*TRADE, "进出口", "批次", "卖方"]
ROW = [*TRADE.values(), "出口", "P1", "甲"]


def _place(heading: str) -> int:
    return HEADINGS.index(heading) + 1


def _workbook(folder: Path, rows: list[list[Any]], *merged: tuple[str, int, int], header_row: int = 1) -> Path:
    """Rows under the headings, and ranges as (headings parted by a colon, first row, last row)."""
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    for number, row in enumerate([HEADINGS, *rows], header_row):
        for column, cell in enumerate(row, 1):
            sheet.cell(number, column, cell)
    for headings, first, last in merged:
        left, _, right = headings.partition(":")
        sheet.merge_cells(start_row=first, end_row=last, start_column=_place(left), end_column=_place(right or left))
    workbook.save(folder / "trades.xlsx")
    return folder / "trades.xlsx"


def _numbered(count: int, **changes: Any) -> list[list[Any]]:
    rows = []
    for number in range(count):
        row = dict(zip(HEADINGS, ROW, strict=True)) | {"单据号": f"D-{number}"} | changes
        rows.append([row[heading] for heading in HEADINGS])
    return rows


def _said(lines: list[FileLine], field: str) -> list[object]:
    return [line.body and line.body.get(field) for line in lines]


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        *(
            ("备案号", "resident_id"),
            ("类别", "category"),
            ("品名", "commodity"),
            ("HS编码", "hs_code"),
            ("原产国", "origin"),
        ),
        *(("交易时间", "traded_at"), ("进出口", "direction"), ("批次", "consignment"), ("卖方", "seller")),
    ],
)
def test_a_merged_cell_stands_for_each_of_its_rows(tmp_path: Path, heading: str, field: str) -> None:
    whole = _said(read(_workbook(tmp_path, _numbered(4))), field)
    assert whole[0] is not None
    assert _said(read(_workbook(tmp_path, _numbered(4), (heading, 2, 4))), field) == whole


def test_only_the_rows_of_the_range_are_meant(tmp_path: Path) -> None:
    rows = _numbered(5)
    for row in rows[3:]:
        row[_place("批次") - 1] = "P2"
    lines = read(_workbook(tmp_path, rows, ("批次", 2, 4), ("批次", 5, 6), ("卖方", 3, 3)))
    assert _said(lines, "consignment") == ["P1", "P1", "P1", "P2", "P2"]
    assert _said(lines, "seller") == ["甲"] * 5


@pytest.mark.parametrize("heading", ["重量(千克)", "金额(元)", "单据号"])
def test_what_each_trade_has_of_its_own_is_not_shared(tmp_path: Path, heading: str) -> None:
    lines = read(_workbook(tmp_path, _numbered(3), (heading, 2, 3)))
    assert [line.body is None for line in lines] == [True, True, False]
    for line in lines[:2]:
        assert f"{heading}: " in (line.error or "")
        assert "is one merged cell for several trades; unmerge it and fill in each" in (line.error or "")


def test_one_trade_that_is_drawn_several_rows_high_is_one_trade(tmp_path: Path) -> None:
    rows = [ROW, [""] * len(ROW), _numbered(1)[0]]
    lines = read(_workbook(tmp_path, rows, *((heading, 2, 3) for heading in HEADINGS)))
    assert [line.number for line in lines] == [2, 4]
    assert _said(lines, "reference") == ["D-1", "D-0"]


def test_a_cell_over_several_columns_is_refused(tmp_path: Path) -> None:
    lines = read(_workbook(tmp_path, _numbered(3), ("进出口:批次", 2, 3)))
    assert [line.body is None for line in lines] == [True, True, False]
    assert "J2:K3 is one merged cell over several columns (进出口, 批次)" in (lines[1].error or "")


def test_a_cell_over_a_column_without_a_heading_is_that_of_its_heading(tmp_path: Path) -> None:
    path = _workbook(tmp_path, _numbered(2), ("卖方", 2, 3))
    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[0].unmerge_cells("L2:L3")
    workbook.worksheets[0].merge_cells("L1:N1")
    workbook.worksheets[0].merge_cells("L2:N3")
    workbook.save(path)
    assert _said(read(path), "seller") == ["甲", "甲"]


def test_what_a_merged_cell_covers_is_not_seen(tmp_path: Path) -> None:
    """Some programs keep what stood in the cells before they were merged; nobody sees it."""
    columns = "ABCDEFGHI"
    rows = [HEADINGS[:9], *(row[:9] for row in _numbered(2))]
    rows[2][2] = "羊肉"
    xml = "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{c}{number}" t="inlineStr"><is><t>{text}</t></is></c>' for c, text in zip(columns, row, strict=True)
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    sheet = SHEET_XML.format(rows=xml).replace(
        "</worksheet>", '<mergeCells count="1"><mergeCell ref="C2:C3"/></mergeCells></worksheet>'
    )
    lines = read(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))
    assert _said(lines, "commodity") == ["熟牛肉", "熟牛肉"]


def test_a_title_and_a_heading_of_several_rows_are_no_cells_of_trades(tmp_path: Path) -> None:
    path = _workbook(tmp_path, [[""] * len(ROW), *_numbered(2)], header_row=2)
    workbook = openpyxl.load_workbook(path)
    workbook.worksheets[0]["A1"] = "2024年4月交易明细"
    workbook.worksheets[0].merge_cells("A1:L1")
    for column in "ABCDEFGHIJKL":
        workbook.worksheets[0].merge_cells(f"{column}2:{column}3")
    workbook.save(path)
    lines = read(path)
    assert [line.number for line in lines] == [4, 5]
    assert _said(lines, "reference") == ["D-0", "D-1"]


def test_an_empty_direction_below_an_export_is_refused_in_a_workbook_as_well(tmp_path: Path) -> None:
    rows = _numbered(3)
    rows[1][_place("进出口") - 1] = rows[2][_place("进出口") - 1] = None
    rows[0][_place("金额(元)") - 1] = True
    lines = read(_workbook(tmp_path, rows))
    assert [line.body for line in lines] == [None, None, None]
    assert "write 出口 (export) or 进口 (import) into this line" in (lines[1].error or "")


@pytest.mark.parametrize("reference", ["1A", "A:B", "", "A1:ZZZ2"])
def test_a_range_that_is_none_is_damage(tmp_path: Path, reference: str) -> None:
    sheet = SHEET_XML.format(rows=inline_row(TRADE)).replace(
        "</worksheet>", f'<mergeCells><mergeCell ref="{reference}"/></mergeCells></worksheet>'
    )
    with pytest.raises(ImportFileError, match="The workbook is damaged"):
        open_lines(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))


def test_a_range_as_wide_as_a_worksheet_costs_nothing(tmp_path: Path) -> None:
    rows = inline_row(TRADE) + inline_row(TRADE.values())
    sheet = SHEET_XML.format(rows=rows).replace(
        "</worksheet>", '<mergeCells><mergeCell ref="J2:XFD1048576"/></mergeCells></worksheet>'
    )
    lines = read(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))
    assert [line.body for line in lines] == [BODY]


def test_so_many_ranges_are_enough(tmp_path: Path) -> None:
    ranges = '<mergeCell ref="A2:A3"/>' * (MERGED_RANGES_MAX + 1)
    sheet = SHEET_XML.format(rows=inline_row(TRADE)).replace(
        "</worksheet>", f"<mergeCells>{ranges}</mergeCells></worksheet>"
    )
    with pytest.raises(ImportFileError, match="more than 100,000 merged cells"):
        open_lines(write_archive(tmp_path, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet}))
