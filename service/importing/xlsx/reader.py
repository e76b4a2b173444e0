"""Reads the rows of one worksheet of an XLSX file as lines, and spells its numbers as a clerk would write them."""

import contextlib
import itertools
import pathlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from service.importing.headings import KnownHeadings, count_known, match_headings
from service.importing.lines import FileLine, FileLines, ImportFileError
from service.importing.table import FileColumns, is_blank
from service.importing.xlsx.merges import MergedCells, read_merged_ranges
from service.importing.xlsx.sheet import SheetCell, SheetRow, SheetRows
from service.importing.xlsx.spelling import column_spellings, spell_cell
from service.importing.xlsx.workbook import SharedStrings, Workbook, Worksheet, read_workbook
from service.importing.xlsx.xml_parts import damage_refused

ROWS_LOOKED_AT = 10
HEADINGS_KNOWN_MIN = 3
"""How many headings a worksheet with trades has at least. In a title or on a cover sheet, one or two cells may have the
name of a column by chance."""


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns. `known` is how many of its cells are headings."""

    number: int
    cells: list[str]
    known: int
    rows_below: Iterator[SheetRow]


class WorkbookLines(FileLines):
    """The lines of a workbook's first visible worksheet with headings. The rows above the headings are no lines."""

    def __init__(
        self, path: pathlib.Path, encoding: str | None = None, columns: type[FileColumns] = FileColumns
    ) -> None:
        """Reads the shared strings, and the rows up to the header.

        Raises ImportFileError when the file can't be imported.
        """
        if encoding is not None:
            raise ImportFileError("A workbook states its encoding itself; leave out --encoding.")
        self._columns = columns
        with damage_refused(), contextlib.ExitStack() as opened:
            archive = opened.enter_context(zipfile.ZipFile(path))
            workbook = read_workbook(archive)
            strings = opened.enter_context(contextlib.closing(_strings(archive, workbook, columns)))
            sheet, self._sheet, header = _find_header(archive, workbook, strings, columns.known)
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
        self._headings = match_headings(cells, number, self._columns.known)
        self._table = self._columns(self._headings, len(cells), grouped=True, is_typed=True)
        self._spellings = column_spellings(self._headings, len(cells), counts_from_1904=workbook.counts_from_1904)
        self._rows = header.rows_below
        self.hidden_columns = tuple(one.text for one in self._headings if self._sheet.is_hidden_column(one.index))
        last = self._sheet.last_row
        if last is not None and last > number:
            self.total_lines = last - number

    def _line_of(self, number: int, cells: list[SheetCell]) -> FileLine | None:
        """The line of a row; None for a row without content. Excel stores many of these below the last row."""
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
        """The cells as text, and the errors of the cells that can't be spelled, by their index."""
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


def _strings(archive: zipfile.ZipFile, workbook: Workbook, columns: type[FileColumns]) -> SharedStrings:
    return SharedStrings(archive, workbook.strings_part, in_memory=columns.is_personal)


def _find_header(
    archive: zipfile.ZipFile, workbook: Workbook, strings: SharedStrings, known: KnownHeadings
) -> tuple[Worksheet, SheetRows, Header]:
    """The first visible worksheet with headings. Without one, the first worksheet that is not empty, to be refused.

    A cover sheet, a hidden sheet with lists, or an empty sheet may come before the clerk's table. Raises
    ImportFileError when all worksheets are empty.
    """
    filled: list[tuple[Worksheet, SheetRows, Header]] = []
    with contextlib.ExitStack() as kept:
        for sheet in [sheet for sheet in workbook.sheets if sheet.is_visible] or workbook.sheets:
            rows = SheetRows(archive, sheet.part, strings, workbook.styles)
            header = _header_or_close(rows, known)
            if header is None or (filled and header.known < HEADINGS_KNOWN_MIN):
                rows.close()  # A workbook may have thousands of sheets without headings; only the first is reported.
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


def _header_or_close(rows: SheetRows, known: KnownHeadings) -> Header | None:
    try:
        return _header_of(iter(rows), known)
    except ImportFileError:
        rows.close()
        raise


def _header_of(rows: Iterator[SheetRow], known: KnownHeadings) -> Header | None:
    """The row with the most headings among the first ROWS_LOOKED_AT rows that are not blank; None without such rows.

    Titles, often in merged cells, may stand above the headings.
    """
    first = list(itertools.islice(filter(_is_written, rows), ROWS_LOOKED_AT))
    if not first:
        return None
    texts = [[str(cell) for cell in cells] for _, cells in first]
    counts = [count_known(cells, known) for cells in texts]
    place = counts.index(max(counts))
    return Header(first[place][0], texts[place], counts[place], itertools.chain(first[place + 1 :], rows))


def _is_written(row: SheetRow) -> bool:
    return not is_blank([str(cell) for cell in row[1]])
