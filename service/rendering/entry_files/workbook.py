"""Entries as XLSX, written while they are read. XlsxWriter begins to write a file only when it has all rows.

A workbook is a ZIP archive, whose directory stands at its end: a workbook that is cut off can't be opened at all. Its
last row tells the number of entries as well.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from service.rendering.entry_files.columns import COUNT, NUMBERS, columns, pieces_of, values_of
from service.rendering.exports.workbook import NUMBER_FORMATS, SHEET_ROWS_MAX

ENTRIES_MAX = SHEET_ROWS_MAX - 2
"""How many entries a sheet holds beside the headings and the count."""

_MADE_AT = (2024, 1, 1, 0, 0, 0)
"""The same entries give the same bytes."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET_PART = "xl/worksheets/sheet1.xml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/{_SHEET_PART}" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_DOCUMENT}"><sheets>'
    '<sheet name="transactions" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_DOCUMENT}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_DOCUMENT}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><numFmts count="2">'
    f'<numFmt numFmtId="164" formatCode="{NUMBER_FORMATS["money"]}"/>'
    f'<numFmt numFmtId="165" formatCode="{NUMBER_FORMATS["weight"]}"/></numFmts>'
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="3"><xf/><xf numFmtId="164" applyNumberFormat="1"/><xf numFmtId="165" applyNumberFormat="1"/>'
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_HEAD = (
    f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_STYLES = {"_cny": "1", "_kg": "2"}
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class _Written:
    """A file that can't be sought in; it keeps what was written until it is taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keeps the data, as the archive writes them."""
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Does nothing: what was written is there already."""

    def take(self) -> bytes:
        """Returns all that was written since it was last asked."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def xlsx_pieces(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The pieces of the file, for at most ENTRIES_MAX entries."""
    written, names = _Written(), columns()
    styles = [_STYLES["_cny" if name.endswith("_cny") else "_kg"] if name in NUMBERS else None for name in names]
    archive = zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED)  # type: ignore[call-overload] # (write is enough)
    for name, text in _PARTS.items():
        archive.writestr(_part(name), _DECLARATION + text)
    with archive.open(_part(_SHEET_PART), "w", force_zip64=True) as sheet:
        sheet.write((_HEAD + _row(names)).encode())
        count = 0
        for some in pieces_of(entries):
            count += len(some)
            rows = (zip(values_of(entry, names), styles, strict=True) for entry in some)
            sheet.write("".join(f"<row>{''.join(_cell(*cell) for cell in row)}</row>" for row in rows).encode())
            yield written.take()
        sheet.write((_row([COUNT, str(count)]) + "</sheetData></worksheet>").encode())
    archive.close()
    yield written.take()


def _part(name: str) -> zipfile.ZipInfo:
    part = zipfile.ZipInfo(name, _MADE_AT)
    part.compress_type = zipfile.ZIP_DEFLATED
    return part


def _row(texts: Iterable[str]) -> str:
    return f"<row>{''.join(_cell(text, None) for text in texts)}</row>"


def _cell(value: str | None, style: str | None) -> str:
    """A cell. Text always stands as text, so that it never becomes a formula."""
    if value is None:
        return "<c/>"
    if style is not None:
        return f'<c s="{style}"><v>{value}</v></c>'
    # A spreadsheet reads _x0041_ as the letter A, so an underscore before such a text is written as its own code.
    text = escape(_LOOKS_ESCAPED.sub("_x005F_", value))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
