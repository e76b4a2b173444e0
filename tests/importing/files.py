"""Builders of import files: a valid trade in a clerk's words, and files of every shape around it."""

import csv
import io
import pathlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import xlsxwriter

from service.importing import FileLine, open_lines

TRADE = {
    "备案号": "R00000001",
    "类别": "肉类",
    "品名": "熟牛肉",
    "HS编码": "160250",
    "原产国": "蒙古国",
    "重量(千克)": "400",
    "金额(元)": "6680.00",
    "交易时间": "2024-04-01 09:30",
    "单据号": "D-1",
}
BODY = {
    "resident_id": "R00000001",
    "category": "meat",
    "commodity": "熟牛肉",
    "hs_code": "160250",
    "origin": "MN",
    "quantity_kg": "400.000",
    "amount_cny": "6680.00",
    "traded_at": "2024-04-01T09:30:00+08:00",
    "reference": "D-1",
}


def trade(**changes: Any) -> dict[str, Any]:
    """A valid row, with other cells by the field's heading."""
    return TRADE | changes


def csv_text(rows: Iterable[Mapping[str, object]], delimiter: str = ",", line_end: str = "\n") -> str:
    out = io.StringIO()
    listed = list(rows)
    writer = csv.DictWriter(out, list(listed[0]), delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(listed)
    return out.getvalue()


def write_bytes(folder: pathlib.Path, content: bytes, name: str = "trades.csv") -> pathlib.Path:
    path = folder / name
    path.write_bytes(content)
    return path


def write_csv(folder: pathlib.Path, *rows: Mapping[str, object], encoding: str = "utf-8") -> pathlib.Path:
    return write_bytes(folder, csv_text(rows or [TRADE]).encode(encoding))


def write_workbook(
    folder: pathlib.Path, *rows: Mapping[str, object], sheets: Iterable[str] = ("明细",)
) -> pathlib.Path:
    """A workbook whose first sheet has the rows; datetimes become date cells."""
    path = folder / "trades.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        first, *_ = [workbook.add_worksheet(name) for name in sheets]
        date = workbook.add_format({"num_format": 'yyyy"年"m"月"d"日" hh:mm'})
        first.write_row(0, 0, list((rows or (TRADE,))[0]))
        for number, row in enumerate(rows or (TRADE,), 1):
            for column, cell in enumerate(row.values()):
                if hasattr(cell, "year"):
                    first.write_datetime(number, column, cell, date)
                else:
                    first.write(number, column, cell)
    return path


SHEET_XML = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
)
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORKBOOK_PARTS = {
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        f'xmlns:r="{RELATIONS}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def write_archive(folder: pathlib.Path, parts: Mapping[str, str | Iterator[str]]) -> pathlib.Path:
    """A workbook from its bare parts, for what no well-behaved program writes."""
    path = folder / "trades.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            with archive.open(name, "w") as part:
                for piece in [content] if isinstance(content, str) else content:
                    part.write(piece.encode())
    return path


def inline_row(cells: Iterable[str]) -> str:
    return "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells) + "</row>"


def read(path: pathlib.Path) -> list[FileLine]:
    with open_lines(path) as lines:
        return list(lines)


def bodies(path: pathlib.Path) -> list[dict[str, object]]:
    """The bodies of a file in which every line can be read."""
    lines = read(path)
    assert [line.error for line in lines if line.error] == []
    return [line.body for line in lines if line.body is not None]


def only_error(path: pathlib.Path) -> str:
    """The error of a file's only line."""
    (line,) = read(path)
    assert line.body is None
    assert line.error is not None
    return line.error
