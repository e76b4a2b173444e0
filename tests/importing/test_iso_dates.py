"""Cells that hold a date as text (t="d"): the market's clock, whatever letter a program writes behind it."""

from pathlib import Path

import pytest

from tests.importing.files import SHEET_XML, TRADE, WORKBOOK_PARTS, bodies, inline_row, only_error, write_archive


def _file(folder: Path, heading: str, date: str, kind: str = "d") -> Path:
    cells = "".join(
        f'<c t="{kind}"><v>{date}</v></c>' if name == heading else f'<c t="inlineStr"><is><t>{text}</t></is></c>'
        for name, text in TRADE.items()
    )
    sheet = SHEET_XML.format(rows=f"{inline_row(TRADE)}<row>{cells}</row>")
    return write_archive(folder, WORKBOOK_PARTS | {"xl/worksheets/sheet1.xml": sheet})


@pytest.mark.parametrize(
    ("date", "traded_at"),
    [
        ("2024-04-01T16:30:00.000Z", "2024-04-01T16:30:00.000+08:00"),
        ("2024-04-01T16:30:00Z", "2024-04-01T16:30:00+08:00"),
        ("2024-04-01T16:30:00", "2024-04-01T16:30:00+08:00"),
        ("2024-04-01T16:30", "2024-04-01T16:30:00+08:00"),
        ("2024-04-01T16:30:00+08:00", "2024-04-01T16:30:00+08:00"),
        ("2024-04-01", "2024-04-01T00:00:00+08:00"),
        ("2024-04-01Z", "2024-04-01T00:00:00+08:00"),
    ],
)
def test_a_date_cell_shows_the_clock_of_the_market(tmp_path: Path, date: str, traded_at: str) -> None:
    (body,) = bodies(_file(tmp_path, "交易时间", date))
    assert body["traded_at"] == traded_at


@pytest.mark.parametrize("date", ["16:30:00", "T16:30", "2024-04-01T16:30:00+07:00", "45383", "2024-W14-1"])
def test_other_dates_are_refused(tmp_path: Path, date: str) -> None:
    assert "is no date with a time; send text like" in only_error(_file(tmp_path, "交易时间", date))


@pytest.mark.parametrize("heading", ["单据号", "品名", "HS编码", "备案号", "金额(元)", "重量(千克)"])
@pytest.mark.parametrize("date", ["2024-01-02", "2024-01-02T00:00:00.000Z"])
def test_a_date_is_nothing_else(tmp_path: Path, heading: str, date: str) -> None:
    assert f"{heading}: The spreadsheet has made a date of it" in only_error(_file(tmp_path, heading, date))


def test_text_that_looks_like_it_keeps_its_zone(tmp_path: Path) -> None:
    """What a program has written as text was no cell that a spreadsheet shows as a date: its Z is UTC."""
    (body,) = bodies(_file(tmp_path, "交易时间", "2024-04-01T08:30:00.000Z", kind="str"))
    assert body["traded_at"] == "2024-04-01T08:30:00.000Z"
