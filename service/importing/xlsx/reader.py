"""XLSX: the rows of one worksheet as lines; a spreadsheet's numbers are spelled as a clerk would write them."""

import contextlib
import itertools
import pathlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from service.importing.headings import count_known, match_headings
from service.importing.lines import FileLine, FileLines, ImportFileError
from service.importing.table import FileColumns, is_blank
from service.importing.xlsx.merges import MergedCells, read_merged_ranges
from service.importing.xlsx.sheet import SheetCell, SheetRow, SheetRows
from service.importing.xlsx.spelling import column_spellings, spell_cell
from service.importing.xlsx.workbook import SharedStrings, Workbook, Worksheet, read_workbook
from service.importing.xlsx.xml_parts import damage_refused

ROWS_LOOKED_AT = 10
HEADINGS_KNOWN_MIN = 3
"""In a title or on a cover sheet one or two cells may happen to be called like a column."""


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns, how many of its cells are headings, and the rows that follow it."""

    number: int
    cells: list[str]
    known: int
    rows_below: Iterator[SheetRow]


class WorkbookLines(FileLines):
    """The lines of a workbook's first visible worksheet with headings; what stands above these is no line."""

    def __init__(self, path: pathlib.Path, encoding: str | None = None) -> None:
        """Reads the shared strings, and rows up to the header. Raises ImportFileError on a file that can't be taken."""
        if encoding is not None:
            raise ImportFileError("A workbook states its encoding itself; leave out --encoding.")
        with damage_refused(), contextlib.ExitStack() as opened:
            archive = opened.enter_context(zipfile.ZipFile(path))
            workbook = read_workbook(archive)
            strings = opened.enter_context(contextlib.closing(SharedStrings(archive, workbook.strings_part)))
            sheet, self._sheet, header = _find_header(archive, workbook, strings)
            opened.enter_context(contextlib.closing(self._sheet))
            self._read_header(header, workbook)
            self._merged = MergedCells(read_merged_ranges(archive, sheet.part), self._headings, header.number)
            self.skipped_sheets = tuple(other.name for other in workbook.sheets if other is not sheet)
            self.total_bytes = self._sheet.total_bytes
            self._opened = opened.pop_all()

    @property
    def position(self) -> int:
        """How many bytes of the unpacked worksheet are read."""
        return self._sheet.position

    def close(self) -> None:
        """Closes the archive and removes the temporary file of its strings."""
        self._opened.close()

    def __iter__(self) -> Iterator[FileLine]:
        """The lines after the header."""
        line_of, hidden_rows = self._line_of, self._sheet.hidden_rows
        for number, cells in self._rows:
            line = line_of(number, cells)
            if line is not None:
                self.hidden_lines += number in hidden_rows
                yield line

    def _read_header(self, header: Header, workbook: Workbook) -> None:
        number, cells = header.number, header.cells
        self._headings = match_headings(cells, number)
        self._table = FileColumns(self._headings, len(cells), grouped=True, is_typed=True)
        self._spellings = column_spellings(self._headings, len(cells), counts_from_1904=workbook.counts_from_1904)
        self._rows = header.rows_below
        self.hidden_columns = tuple(one.text for one in self._headings if self._sheet.is_hidden_column(one.index))
        last = self._sheet.last_row
        if last is not None and last > number:
            self.total_lines = last - number

    def _line_of(self, number: int, cells: list[SheetCell]) -> FileLine | None:
        """The line of a row; None for a row without content, of which Excel stores many below the last one."""
        width = self._table.width
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        doubts = self._merged.fill(number, cells)
        texts, wrong = self._spelled(cells)
        if is_blank(texts):
            return None
        raw = " ".join("\t".join(texts).splitlines())
        unnamed = [f"Column {width + i + 1} has no heading but holds data." for i, t in enumerate(texts[width:]) if t]
        for index in wrong:
            texts[index] = ""
        return self._table.line(number, texts[:width], raw, [*wrong.values(), *doubts, *unnamed])

    def _spelled(self, cells: list[SheetCell]) -> tuple[list[str], dict[int, str]]:
        """The cells as text, and by the place of each that can't be spelled, why."""
        texts: list[str] = []
        wrong: dict[int, str] = {}
        for index, cell in enumerate(cells):
            if type(cell) is str:
                texts.append(cell)
                continue
            heading, spell = self._spellings[index] if index < len(self._spellings) else ("", str)
            try:
                texts.append(spell_cell(cell, spell))
            except ValueError as error:
                wrong[index] = f"{heading or f'Column {index + 1}'}: {error}"
                texts.append(str(cell))
        return texts, wrong


def _find_header(
    archive: zipfile.ZipFile, workbook: Workbook, strings: SharedStrings
) -> tuple[Worksheet, SheetRows, Header]:
    """The first visible worksheet with headings; where none has any, the first that holds anything, to be refused.

    A cover sheet, lists in a hidden sheet, or an emptied one may stand before the clerk's table.
    """
    filled: list[tuple[Worksheet, SheetRows, Header]] = []
    with contextlib.ExitStack() as kept:
        for sheet in [sheet for sheet in workbook.sheets if sheet.is_visible] or workbook.sheets:
            rows = SheetRows(archive, sheet.part, strings, workbook.styles)
            header = _header_or_close(rows)
            if header is None or (filled and header.known < HEADINGS_KNOWN_MIN):
                rows.close()  # Of sheets without headings only the first is told of; a workbook may have thousands.
                continue
            kept.callback(rows.close)
            filled.append((sheet, rows, header))
            if header.known >= HEADINGS_KNOWN_MIN:
                break
        if not filled:
            raise ImportFileError("The workbook is empty: there is no header line.")
        kept.pop_all()
    chosen = max(filled, key=lambda one: one[2].known >= HEADINGS_KNOWN_MIN)
    for one in filled:
        if one is not chosen:
            one[1].close()
    return chosen


def _header_or_close(rows: SheetRows) -> Header | None:
    try:
        return _header_of(iter(rows))
    except ImportFileError:
        rows.close()
        raise


def _header_of(rows: Iterator[SheetRow]) -> Header | None:
    """The row with the most headings among the first ones: titles, often merged cells, stand above it."""
    first = list(itertools.islice(filter(_is_written, rows), ROWS_LOOKED_AT))
    if not first:
        return None
    texts = [[str(cell) for cell in cells] for _, cells in first]
    known = [count_known(cells) for cells in texts]
    place = known.index(max(known))
    return Header(first[place][0], texts[place], known[place], itertools.chain(first[place + 1 :], rows))


def _is_written(row: SheetRow) -> bool:
    return not is_blank([str(cell) for cell in row[1]])
