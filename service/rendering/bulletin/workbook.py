"""The bulletin as a workbook: a sheet for each table, real numbers, and below each what it is about."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from service.rendering.bulletin.edition import Edition
from service.rendering.bulletin.sheets import BulletinCell, Sheet, sheets_of
from service.rendering.exports.workbook import EXACT_DIGITS_MAX, MADE_AT, NUMBER_FORMATS, columns_of
from service.rendering.words import say, word
from service.rendering.words.terms import claimed_name

_WIDTH_MIN, _WIDTH_MAX = 12, 40
_A4 = 9
_FIRST_ROW = 2


def workbook_of(document: Mapping[str, Any], edition: Edition) -> bytes:
    """The workbook of a bulletin's document; every sheet is laid out for printing on A4."""
    made, footer = io.BytesIO(), footer_of(document, edition)
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        workbook.set_properties(
            {"title": f"{word('bulletin.title', edition.lang)} {document['month']}", "created": MADE_AT}
        )
        formats = {name: workbook.add_format({"num_format": form}) for name, form in NUMBER_FORMATS.items()}
        formats["text"] = workbook.add_format()
        formats["note"] = workbook.add_format({"align": "right", "font_color": "#555555"})
        formats["heading"] = workbook.add_format({"bold": True, "align": "center", "text_wrap": True, "bottom": 1})
        formats["title"] = workbook.add_format({"bold": True, "font_size": 14})
        for sheet in sheets_of(document, edition):
            _write_sheet(workbook.add_worksheet(_sheet_name(sheet.title)), sheet, document["month"], footer, formats)
    return made.getvalue()


def _sheet_name(title: str) -> str:
    return title[:31].replace("/", " ")


def _write_sheet(
    page: Worksheet, sheet: Sheet, month: str, footer: Sequence[str], formats: Mapping[str, Format]
) -> None:
    page.write_string(0, 0, f"{sheet.title}　{month}", formats["title"])
    for place, heading in enumerate(sheet.headings):
        page.write_string(1, place, heading, formats["heading"])
        widest = max((columns_of(str(row[place].value)) for row in sheet.rows), default=0)
        page.set_column(place, place, min(_WIDTH_MAX, max(_WIDTH_MIN, widest + 3)))
    for number, row in enumerate(sheet.rows, start=_FIRST_ROW):
        for place, cell in enumerate(row):
            _write_cell(page, number, place, cell, formats)
    below = len(sheet.rows) + _FIRST_ROW
    for place, cell in enumerate(sheet.total):
        _write_cell(page, below, place, cell, formats)
    for number, line in enumerate(footer, start=below + (2 if sheet.total else 1)):
        page.write_string(number, 0, line, formats["text"])
    page.freeze_panes(_FIRST_ROW, 1)
    page.set_paper(_A4)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0, 1)


def _write_cell(page: Worksheet, row: int, place: int, cell: BulletinCell, formats: Mapping[str, Format]) -> None:
    if cell.kind == "text":
        # Always as a string: what somebody has named a settlement must not become a formula.
        page.write_string(row, place, str(cell.value), formats["text"])
    elif cell.value is None:
        page.write_string(row, place, cell.note, formats["note"])
    elif sum(character.isdigit() for character in str(cell.value)) > EXACT_DIGITS_MAX:
        page.write_string(row, place, str(cell.value), formats["text"])
    else:
        page.write_number(row, place, float(cell.value), formats[cell.kind])


def scope_of(document: Mapping[str, Any], edition: Edition) -> list[str]:
    """What the figures are limited to, such as a trade point; nothing when they are of the whole ledger."""
    filters = document["filters"].items()
    return [claimed_name(f"{name}:{value}", edition.lang) for name, values in filters for value in values]


def footer_of(document: Mapping[str, Any], edition: Edition) -> list[str]:
    """What stands below every table: units, cut-off, position, whether the month is over, and what is invented."""
    lang = edition.lang
    return [
        *([word("shell.demo", lang)] if edition.is_demo else []),
        *scope_of(document, edition),
        say("report.named", lang, name=word("report.units", lang), value=word("report.all_units", lang)),
        f"{word('report.cut_off', lang)} {document['cut_off']}",
        f"{word('report.position', lang)} {document['position']}",
        word(f"bulletin.{document['status']}", lang),
    ]
