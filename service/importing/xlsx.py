"""XLSX: the rows of one worksheet as lines; a spreadsheet's numbers are spelled as a clerk would write them."""

import contextlib
import datetime
import itertools
import pathlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.importing.cells import CNY_DECIMALS, KG_DECIMALS, MARKET_OFFSET
from service.importing.headings import Heading, count_known, match_headings
from service.importing.lines import ImportFileError, Line, Lines, refused_line, shorten_raw
from service.importing.sheet import Cell, Fault, Row, Serial, SheetRows
from service.importing.table import Table, is_blank
from service.importing.workbook import SharedStrings, Workbook, Worksheet, read_workbook
from service.importing.xml_parts import damage_refused

FLOAT_NOISE_MAX = 1e-9
DIGITS_KEPT_MAX = 15
MILLISECONDS_PER_DAY = 86_400_000
SERIAL_MAX = 100_000
"""Excel's number of a day in 2173: what is above is no time but a date typed as a number, such as 20240401."""

ROWS_LOOKED_AT = 10
HEADINGS_KNOWN_MIN = 3
"""In a title or on a cover sheet one or two cells may happen to be called like a column."""

Spell = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns, how many of its cells are headings, and the rows that follow it."""

    number: int
    cells: list[str]
    known: int
    rows_below: Iterator[Row]


class WorkbookLines(Lines):
    """The lines of a workbook's first visible worksheet with headings; what stands above these is no line."""

    def __init__(self, path: pathlib.Path) -> None:
        """Reads the shared strings, and rows up to the header. Raises ImportFileError on a file that can't be taken."""
        with damage_refused(), contextlib.ExitStack() as opened:
            archive = opened.enter_context(zipfile.ZipFile(path))
            workbook = read_workbook(archive)
            strings = opened.enter_context(contextlib.closing(SharedStrings(archive, workbook.strings_part)))
            sheet, self._sheet, header = _find_header(archive, workbook, strings)
            opened.enter_context(contextlib.closing(self._sheet))
            self._read_header(header, workbook)
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

    def __iter__(self) -> Iterator[Line]:
        """The lines after the header."""
        line_of = self._line_of
        for number, cells in self._rows:
            line = line_of(number, cells)
            if line is not None:
                yield line

    def _read_header(self, header: Header, workbook: Workbook) -> None:
        number, cells = header.number, header.cells
        headings = match_headings(cells, number)
        self._table = Table(headings, len(cells), grouped=True)
        self._spellings = _spellings(headings, len(cells), counts_from_1904=workbook.counts_from_1904)
        self._rows = header.rows_below
        last = self._sheet.last_row
        if last is not None and last > number:
            self.total_lines = last - number

    def _line_of(self, number: int, cells: list[Cell]) -> Line | None:
        """The line of a row; None for a row without content, of which Excel stores many below the last one."""
        width = self._table.width
        if len(cells) < width:
            cells.extend([""] * (width - len(cells)))
        texts, errors = self._spelled(cells)
        if is_blank(texts):
            return None
        raw = " ".join("\t".join(texts).splitlines())
        if is_blank(texts[width:]) and not errors:
            return self._table.line(number, texts, raw)
        errors += [f"Column {width + i + 1} has no heading but holds data." for i, t in enumerate(texts[width:]) if t]
        return refused_line(number, " ".join(errors), shorten_raw(raw))

    def _spelled(self, cells: list[Cell]) -> tuple[list[str], list[str]]:
        """The cells as text, and what is wrong with those that have none."""
        texts: list[str] = []
        errors: list[str] = []
        for index, cell in enumerate(cells):
            if type(cell) is str:
                texts.append(cell)
                continue
            heading, spell = self._spellings[index] if index < len(self._spellings) else ("", _plain)
            try:
                texts.append(_spell(cell, spell))
            except ValueError as error:
                errors.append(f"{heading or f'Column {index + 1}'}: {error}")
                texts.append(str(cell))
        return texts, errors


def _find_header(
    archive: zipfile.ZipFile, workbook: Workbook, strings: SharedStrings
) -> tuple[Worksheet, SheetRows, Header]:
    """The first visible worksheet with headings; where none has any, the first that holds anything, to be refused.

    A cover sheet, lists in a hidden sheet, or an emptied one may stand before the clerk's table.
    """
    filled: list[tuple[Worksheet, SheetRows, Header]] = []
    for sheet in [sheet for sheet in workbook.sheets if sheet.is_visible] or workbook.sheets:
        rows = SheetRows(archive, sheet.part, strings, workbook.date_styles)
        header = _header_of(iter(rows))
        if header is None or (filled and header.known < HEADINGS_KNOWN_MIN):
            rows.close()  # Of sheets without headings only the first is told of; a workbook may have thousands.
            continue
        filled.append((sheet, rows, header))
        if header.known >= HEADINGS_KNOWN_MIN:
            break
    if not filled:
        raise ImportFileError("The workbook is empty: there is no header line.")
    chosen = max(filled, key=lambda one: one[2].known >= HEADINGS_KNOWN_MIN)
    for one in filled:
        if one is not chosen:
            one[1].close()
    return chosen


def _header_of(rows: Iterator[Row]) -> Header | None:
    """The row with the most headings among the first ones: titles, often merged cells, stand above it."""
    first = list(itertools.islice(filter(_is_written, rows), ROWS_LOOKED_AT))
    if not first:
        return None
    texts = [[str(cell) for cell in cells] for _, cells in first]
    known = [count_known(cells) for cells in texts]
    place = known.index(max(known))
    return Header(first[place][0], texts[place], known[place], itertools.chain(first[place + 1 :], rows))


def _is_written(row: Row) -> bool:
    return not is_blank([str(cell) for cell in row[1]])


def _spellings(headings: list[Heading], width: int, *, counts_from_1904: bool) -> list[tuple[str, Spell]]:
    """For each column its heading, and how a number in it is spelled."""
    epoch = datetime.datetime(1904, 1, 1) if counts_from_1904 else datetime.datetime(1899, 12, 30)  # noqa: DTZ001 (market time)
    special: dict[str, Spell] = {
        "quantity_kg": lambda number: spell_decimal(number, KG_DECIMALS),
        "amount_cny": lambda number: spell_decimal(number, CNY_DECIMALS),
        "traded_at": lambda number: spell_instant(number, epoch),
    }
    spellings: list[tuple[str, Spell]] = [("", _plain)] * width
    for heading in headings:
        spellings[heading.index] = (heading.text, special.get(heading.field, spell_identifier))
    return spellings


def _spell(cell: Cell, spell: Spell) -> str:
    if isinstance(cell, Fault):
        raise ValueError(str(cell))
    if isinstance(cell, bool | str):
        raise ValueError(f"{str(cell).upper()} is a truth value; send text.")
    return spell(cell)


def _plain(number: float) -> str:
    return repr(number)


def spell_decimal(number: float, decimals: int) -> str:
    """An amount or weight in decimals: 0.30000000000000004 is "0.30". Raises ValueError rather than to round."""
    _refuse_date(number)
    rounded = round(number, decimals)
    if abs(number - rounded) > FLOAT_NOISE_MAX:
        raise ValueError(f"{number!r} has more than {decimals} decimals; round it to what was weighed or paid.")
    return f"{rounded:.{decimals}f}"


def spell_identifier(number: float) -> str:
    """A code or document number that was typed as a number: 20240401.0 is "20240401"."""
    _refuse_date(number)
    if not number.is_integer() or abs(number) >= 10**DIGITS_KEPT_MAX:
        raise ValueError(f"{number!r} is kept as a number, which loses digits; format the column as text.")
    return str(int(number))


def spell_instant(serial: float, epoch: datetime.datetime) -> str:
    """RFC 3339 in market time for Excel's count of days, which has float noise below a millisecond."""
    if not 0 < serial < SERIAL_MAX:
        raise ValueError(f'{serial!r} is no time; format the cell as a date, or send text like "2024-04-01 09:30".')
    moment = epoch + datetime.timedelta(milliseconds=round(serial * MILLISECONDS_PER_DAY))
    return f"{moment.isoformat(timespec='milliseconds' if moment.microsecond else 'seconds')}{MARKET_OFFSET}"


def _refuse_date(number: float) -> None:
    if isinstance(number, Serial):
        raise ValueError("The spreadsheet has made a date of it; format the column as text and type it again.")
