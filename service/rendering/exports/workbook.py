"""XLSX for people: headings in words, real numbers with their formats, and below the table what it is about."""

import datetime
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from service.domain.errors import ValidationFailed
from service.rendering.exports.columns import NO_KEY, ExportColumn, ExportTable, table_of
from service.rendering.words import say, word
from service.rendering.words.terms import (
    claimed_name,
    column_heading,
    key_heading,
    measure_heading,
    part_heading,
    reason_words,
    recorder_id,
    value_name,
    warning_name,
)

SHEET_ROWS_MAX = 1_048_576
SHEET_COLUMNS_MAX = 16_384
"""What the format allows; XlsxWriter drops whatever lies beyond without a word."""

_FRAME_ROWS = 16
"""Rows that the headings and the footer may take."""

TEXT_WIDTH_MAX = 60
EXACT_DIGITS_MAX = 15
"""A spreadsheet's number has no more; longer ones are written as text, so that none is rounded without a word."""

NUMBER_FORMATS = {
    "money": "#,##0.00",
    "weight": "#,##0.000",
    "count": "#,##0",
    "percent": "0.00",
    "ratio": "0.0000",
}
MADE_AT = datetime.datetime(2024, 1, 1)  # noqa: DTZ001 (the same document gives the same bytes)
_WIDTHS = {"text": 14, "money": 20, "weight": 20, "count": 15, "percent": 11, "ratio": 11, "figure": 20}


@dataclass(frozen=True, slots=True)
class _Formats:
    """How cells are written: their formats, and the language of their words."""

    lang: str
    plain: Format
    heading: Format
    total: Format
    numbers: Mapping[str, Format]
    total_numbers: Mapping[str, Format]


def xlsx_of(document: Mapping[str, Any], cut_off: datetime.date, lang: str | None = None) -> bytes:
    """The workbook of a report's or a series' document: one sheet, the total as its last row, a footer below.

    `cut_off` is the last day that its figures can be of. Without `lang` it is in the language of the document, if that
    has one, and else in Chinese, as the bureau publishes it.
    Raises ValidationFailed when a sheet can't hold it all: half a report would look like a whole one.
    """
    made, lang = io.BytesIO(), lang or document.get("lang") or "zh"
    table = table_of(document)
    if len(table.rows) + _FRAME_ROWS > SHEET_ROWS_MAX or len(table.columns) > SHEET_COLUMNS_MAX:
        detail = f"A sheet holds {SHEET_ROWS_MAX} rows and {SHEET_COLUMNS_MAX} columns; ask for less, or for csv."
        raise ValidationFailed.of("/format", "too-large-for-xlsx", detail)
    with xlsxwriter.Workbook(made, {"in_memory": True}) as workbook:
        workbook.set_properties({"title": word("report.title", lang), "created": MADE_AT})
        sheet, formats = workbook.add_worksheet(word("report.sheet", lang)), _formats(workbook, lang)
        _write_headings(sheet, table, formats)
        for number, row in enumerate(table.rows, start=2):
            is_total = table.has_total and number == len(table.rows) + 1
            for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
                _write(sheet, number, place, column, value, formats, is_total=is_total)
        _write_footer(sheet, len(table.rows) + 3, document, cut_off, formats)
        sheet.freeze_panes(2, sum(column.part is None for column in table.columns))
    return made.getvalue()


def _formats(workbook: xlsxwriter.Workbook, lang: str) -> _Formats:
    bold = {"bold": True, "top": 1}
    return _Formats(
        lang=lang,
        plain=workbook.add_format(),
        heading=workbook.add_format({"bold": True, "align": "center", "valign": "vcenter", "bottom": 1}),
        total=workbook.add_format(bold),
        numbers={kind: workbook.add_format({"num_format": form}) for kind, form in NUMBER_FORMATS.items()},
        total_numbers={
            kind: workbook.add_format({"num_format": form, **bold}) for kind, form in NUMBER_FORMATS.items()
        },
    )


def _write_headings(sheet: Worksheet, table: ExportTable, formats: _Formats) -> None:
    """Two rows: the measure over its parts, and keys over both."""
    lang = formats.lang
    for place, column in enumerate(table.columns):
        sheet.set_column(place, place, _width(table, place, column, lang))
        if column.part is None:
            sheet.merge_range(
                0, place, 1, place, "" if column.name == NO_KEY else column_heading(column.name, lang), formats.heading
            )
        else:
            sheet.write_string(1, place, part_heading(column.part, lang), formats.heading)
    measured = [(place, column) for place, column in enumerate(table.columns) if column.part is not None]
    for (name, line), own in groupby(measured, key=lambda item: (item[1].name, item[1].line)):
        places = [place for place, _ in own]
        heading = " ".join(value_name(key, value, lang) for key, value in line) or measure_heading(name, lang)
        if len(places) == 1:
            sheet.write_string(0, places[0], heading, formats.heading)
        else:
            sheet.merge_range(0, places[0], 0, places[-1], heading, formats.heading)


def _width(table: ExportTable, place: int, column: ExportColumn, lang: str) -> int:
    """Wide enough for every text of the column, within limits; numbers have a width by their kind."""
    if column.kind != "text":
        return _WIDTHS[column.kind]
    widest = max((columns_of(_shown(column, row[place], lang)) for row in table.rows), default=0)
    return min(max(_WIDTHS["text"], widest + 2), TEXT_WIDTH_MAX)


def columns_of(text: str) -> int:
    """How many columns of a terminal or a sheet a text takes: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _write(
    sheet: Worksheet, row: int, place: int, column: ExportColumn, value: Any, formats: _Formats, *, is_total: bool
) -> None:
    numbers = formats.total_numbers if is_total else formats.numbers
    text = formats.total if is_total else formats.plain
    if column.kind != "text":
        if value is None:
            sheet.write_blank(row, place, None, text)
        elif sum(character.isdigit() for character in str(value)) > EXACT_DIGITS_MAX:
            sheet.write_string(row, place, str(value), text)
        else:
            sheet.write_number(row, place, float(value), numbers[_kind(column, value)])
        return
    if is_total and column.part is None:
        shown = word("part.total", formats.lang) if place == 0 else ""
    else:
        shown = _shown(column, value, formats.lang)
    # Always as a string: what somebody has named a settlement must not become a formula.
    sheet.write_string(row, place, shown, text)


def _shown(column: ExportColumn, value: Any, lang: str) -> str:
    """A text of the table in words: a reason, a claim's measure, a key's value by its name."""
    if column.part == "reason":
        return "" if value is None else reason_words(value, lang)
    if column.name in {"code", "recorded_by_id"}:
        return warning_name(value, lang) if column.name == "code" else recorder_id(value, lang)
    return claimed_name(value, lang) if column.name == "measure" else value_name(column.name, value, lang)


def _kind(column: ExportColumn, value: Any) -> str:
    """The kind of a value; of a claim's figure by how JSON has it: an amount is text, a count is an integer."""
    if column.kind != "figure":
        return column.kind
    return "money" if isinstance(value, str) else "count"


def _write_footer(
    sheet: Worksheet, row: int, document: Mapping[str, Any], cut_off: datetime.date, formats: _Formats
) -> None:
    """What the table is about, so that a printed sheet still says it."""
    lang = formats.lang
    lines = {
        "period": _days(document["period"], lang),
        "base_period": _days(document.get("base_period"), lang),
        "cut_off": cut_off.isoformat(),
        "filters": _filters(document.get("filters", {}), lang),
        "units": word("report.processing_units" if "on" in document else "report.all_units", lang),
        "position": document["position"],
    }
    if "on" in document:
        lines["on"] = word(f"report.on.{document['on']}", lang)
    if "measure" in document:
        lines["measure"] = measure_heading(document["measure"], lang)
    if "text" in document:
        lines["text"] = document["text"]
    for number, (name, text) in enumerate(lines.items()):
        sheet.write_string(row + number, 0, word(f"report.{name}", lang), formats.plain)
        sheet.write_string(row + number, 1, text, formats.plain)


def _filters(filters: Mapping[str, Any], lang: str) -> str:
    """What the table is narrowed to, by name: 品类：肉类、绒毛."""
    said = [
        say("report.named", lang, name=key_heading(name, lang), value=_joined("between_values", named, lang))
        for name, values in filters.items()
        for named in [[value_name(name, value, lang) for value in values]]
    ]
    return _joined("between_filters", said, lang) or word("report.no_filters", lang)


def _joined(between: str, parts: Sequence[str], lang: str) -> str:
    return word(f"report.{between}", lang).join(parts)


def _days(period: Mapping[str, str] | None, lang: str) -> str:
    if period is None:
        return word("report.not_compared", lang)
    return say("report.days", lang, start=period["from"], end=period["to"])
