"""Fills in the merged cells of a worksheet: the value of a merged cell counts for each of its rows, where it can.

A worksheet lists its merged cells after its rows, so it is searched once before its rows are read.
"""

import collections
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from service.importing.headings import KEY_FIELD, Heading
from service.importing.lines import ImportFileError
from service.importing.xlsx.sheet import SheetCell, column_index
from service.importing.xlsx.xml_parts import PIECE_BYTES, Attributes, local_name, new_parser, parse_pieces

MERGED_RANGES_MAX = 100_000
ONE_FOR_EACH_TRADE = frozenset({"quantity_kg", "amount_cny", "paid_cny", "transaction_id", "reference", KEY_FIELD})
"""Each trade has its own value of these fields. Over several rows, a merged one may be a sum, or a number for all."""

ONE_FOR_EACH_RESIDENT = frozenset({"name", "id_number"})

_MARK = b"mergeCell"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?", re.ASCII)


@dataclass(slots=True)
class MergedRange:
    """A rectangle of cells, from the first row and column to the last. `anchor` is the value of its first cell."""

    text: str
    first_row: int
    last_row: int
    first_column: int
    last_column: int
    anchor: SheetCell = ""


def read_merged_ranges(archive: zipfile.ZipFile, part: str) -> list[MergedRange]:
    """The merged cells of a worksheet. Raises ImportFileError on too many of them, or on text that is no range."""
    if not _mentions_merged_cells(archive, part):
        return []
    found: list[MergedRange] = []

    def _start(name: str, attributes: Attributes) -> None:
        if local_name(name) == "mergeCell":
            found.append(_range(attributes.get("ref", "")))
            if len(found) > MERGED_RANGES_MAX:
                raise ImportFileError(f"The worksheet has more than {MERGED_RANGES_MAX:,} merged cells; unmerge them.")

    parser = new_parser()
    parser.StartElementHandler = _start
    with archive.open(part) as stream:
        for _ in parse_pieces(parser, stream):
            pass
    return found


def _mentions_merged_cells(archive: zipfile.ZipFile, part: str) -> bool:
    """Whether the worksheet may have merged cells: it holds their tag, or is in UTF-16, where the tag's bytes differ.

    The search for the tag takes a tenth of the time that it takes to parse the whole worksheet.
    """
    with archive.open(part) as stream:
        end = b""
        while piece := stream.read(PIECE_BYTES):
            if _MARK in end + piece or (not end and piece.startswith(_UTF_16_MARKS)):
                return True
            end = piece[-len(_MARK) :]
    return False


def _range(text: str) -> MergedRange:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise ImportFileError(f'The workbook is damaged: "{text}" is no range of merged cells.')
    # openpyxl writes a range of one cell as that cell.
    rows = sorted((int(match[2]), int(match[4] or match[2])))
    columns = sorted((column_index(match[1]), column_index(match[3] or match[1])))
    return MergedRange(text, rows[0], rows[1], columns[0], columns[1])


class MergedCells:
    """Fills in the merged cells below a header, row by row."""

    def __init__(self, ranges: Iterable[MergedRange], headings: Sequence[Heading], header_row: int) -> None:
        """Keeps the ranges below the header. A range that begins above is a title, or a heading over several rows."""
        below = [one for one in ranges if one.first_row > header_row]
        self._waiting = collections.deque(sorted(below, key=lambda one: one.first_row))
        self._open: list[MergedRange] = []
        self._headings = {heading.index: heading for heading in headings}

    def fill(self, row: int, cells: list[SheetCell]) -> list[str]:
        """Fills the merged cells of a row, and returns an error for each one whose meaning is not clear.

        A cell that is covered is emptied, because it shows nothing. A row that holds only merged cells from above
        belongs to the row above, and stays empty.
        """
        if not self._open and not self._waiting:
            return []
        self._open = [one for one in self._open if one.last_row >= row]
        while self._waiting and self._waiting[0].first_row <= row:
            merged = self._waiting.popleft()
            if merged.last_row >= row:
                self._open.append(merged)
        for merged in self._open:
            _uncover(merged, row, cells)
        if all(cell == "" for cell in cells):
            return []
        errors = [error for merged in self._open if (error := self._doubt(merged, row, cells))]
        for merged in self._open:
            columns = self._columns(merged)
            if columns and merged.anchor != "":
                _put(cells, merged.first_column, "")
                _put(cells, columns[0].index, merged.anchor)
        return errors

    def _columns(self, merged: MergedRange) -> list[Heading]:
        return [
            heading for index, heading in self._headings.items() if merged.first_column <= index <= merged.last_column
        ]

    def _doubt(self, merged: MergedRange, row: int, cells: Sequence[SheetCell]) -> str | None:
        columns = self._columns(merged)
        if merged.anchor == "" or not columns:
            return None
        if len(columns) > 1:
            names = ", ".join(heading.text for heading in columns)
            return f"{merged.text} is one merged cell over several columns ({names}); unmerge it and fill in each."
        field, several = columns[0].field, merged.last_row > merged.first_row
        what = "trades" if field in ONE_FOR_EACH_TRADE else "residents" if field in ONE_FOR_EACH_RESIDENT else None
        if what and several and not self._is_a_row_of_several(merged, row, cells):
            return (
                f"{columns[0].text}: {merged.text} is one merged cell for several {what}; unmerge it and fill in each."
            )
        return None

    def _is_a_row_of_several(self, merged: MergedRange, row: int, cells: Sequence[SheetCell]) -> bool:
        """Whether all values of the row are merged over the same rows, so that one trade is drawn several rows high."""
        covered = {
            column
            for other in self._open
            if (other.first_row, other.last_row) == (merged.first_row, merged.last_row)
            for column in range(other.first_column, min(other.last_column + 1, len(cells)))
        }
        return row == merged.first_row and all(cell == "" or i in covered for i, cell in enumerate(cells))


def _uncover(merged: MergedRange, row: int, cells: list[SheetCell]) -> None:
    """Remembers the value of a range's first cell, and empties the cells of the row that the range covers."""
    columns = range(merged.first_column, min(merged.last_column + 1, len(cells)))
    if row == merged.first_row:
        merged.anchor = cells[merged.first_column] if merged.first_column < len(cells) else ""
        columns = columns[1:]
    for column in columns:
        cells[column] = ""


def _put(cells: list[SheetCell], column: int, cell: SheetCell) -> None:
    if column < len(cells):
        cells[column] = cell
