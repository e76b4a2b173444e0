"""The rows of a worksheet, one by one: row numbers as Excel shows them, and cells as text, numbers or faults."""

import zipfile
from collections.abc import Iterator, Mapping
from typing import Self
from xml.parsers.expat import XMLParserType

from service.importing.lines import ImportFileError
from service.importing.quoting import shown
from service.importing.xlsx.number_formats import NumberFormat
from service.importing.xlsx.workbook import SharedStrings
from service.importing.xlsx.xml_parts import (
    DEPTH_MAX,
    Attributes,
    Depth,
    damage_refused,
    local_name,
    new_parser,
    open_part,
    parse_pieces,
    unescape,
)

COLUMNS_MAX = 16_384
ROWS_MAX = 1_048_576
"""Of any spreadsheet program."""
TEXT_PIECES_MAX = 64
"""The parser tells a text in pieces of 8 KiB; a cell has 32,767 characters at most."""
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Shown(float):
    """A number in a cell whose format shows it otherwise than as it is."""

    __slots__ = ("format",)
    format: NumberFormat

    def __new__(cls, text: str, number_format: NumberFormat) -> Self:
        """The number of a text, under a format."""
        number = super().__new__(cls, text)
        number.format = number_format
        return number


class Serial(Shown):
    """A number in a cell whose format shows it as a date or time."""

    __slots__ = ()

    @property
    def shows_decimals(self) -> bool:
        """Whether its format shows parts of the second."""
        return self.format.date is not None and self.format.date.shows_decimals


class IsoDate(str):
    """A cell that holds a date or time as text, which its format shows: 2024-04-01T16:30:00.000Z."""

    __slots__ = ()


class Fault(str):
    """A cell without a value, and why: an error of Excel, or a formula that was never computed."""

    __slots__ = ()


SheetCell = str | float | bool
"""Text, "" for an empty cell, Fault, IsoDate, a number, Serial, Shown, or a truth value."""

SheetRow = tuple[int, list[SheetCell]]


class SheetRows:
    """The rows of one worksheet. They may be shorter or longer than the header."""

    def __init__(
        self, archive: zipfile.ZipFile, part: str, strings: SharedStrings, styles: Mapping[str, NumberFormat]
    ) -> None:
        self.total_bytes = archive.getinfo(part).file_size
        self.position = 0
        self._stream = open_part(archive, part)
        self._parser = new_parser()
        self._builder = _RowBuilder(self._parser, strings, styles)

    @property
    def hidden_rows(self) -> set[int]:
        """The numbers of the rows that were read and are hidden, by hand or by a filter."""
        return self._builder.hidden_rows

    def is_hidden_column(self, index: int) -> bool:
        """Whether a column is hidden; known once the first row is read."""
        return any(index in columns for columns in self._builder.hidden_columns)

    @property
    def last_row(self) -> int | None:
        """The number of the last row as the worksheet states it, unchecked; known once the first row is read."""
        digits = self._builder.dimension.rpartition(":")[2].lstrip(_LETTERS)
        return int(digits) if digits.isdecimal() else None

    def __iter__(self) -> Iterator[SheetRow]:
        """The rows, once. Raises ImportFileError where the worksheet is damaged."""
        finished = self._builder.finished
        with damage_refused():
            for size in parse_pieces(self._parser, self._stream):
                self.position += size
                self._builder.refuse_endless_text()
                yield from finished
                finished.clear()

    def close(self) -> None:
        """Closes the worksheet's stream."""
        self._stream.close()


class _RowBuilder:
    """Gathers rows from the parser's calls, some 60 a row: what is asked for most often is asked first."""

    def __init__(self, parser: XMLParserType, strings: SharedStrings, styles: Mapping[str, NumberFormat]) -> None:
        self.finished: list[SheetRow] = []
        self.dimension = ""
        self.hidden_rows: set[int] = set()
        self.hidden_columns: list[range] = []
        self._parser = parser
        self._strings = strings
        self._styles = styles
        self._text_styles = {name: style for name, style in styles.items() if style.changes_text}
        self._tags: dict[str, str] = {}
        self._depth = 0
        self._columns = _ColumnIndexes()
        self._number = 0
        self._row: list[SheetCell] = []
        self._cell: Attributes = {}
        self._texts: list[str] = []
        self._is_formula = self._inside_hint = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def refuse_endless_text(self) -> None:
        """Raises ImportFileError when the cell that is being read is longer than any cell can be."""
        if len(self._texts) > TEXT_PIECES_MAX:
            raise ImportFileError(f"The workbook is damaged: a cell of row {self._number} has no end.")

    def _start(self, name: str, attributes: Attributes) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ImportFileError(f"The workbook is damaged: more than {DEPTH_MAX} elements are inside of each other.")
        tag = self._tags.get(name)
        if tag is None:
            tag = self._tags[name] = local_name(name)
        if tag == "c":
            self._cell = attributes
        elif tag == "v" or (tag == "t" and not self._inside_hint):
            self._parser.CharacterDataHandler = self._texts.append
        elif tag == "row":
            self._start_row(attributes)
        elif tag == "f":
            self._is_formula = True
        elif tag == "rPh":
            self._inside_hint = True
        elif tag == "dimension":
            self.dimension = attributes.get("ref", "")
        elif tag == "col":
            self._start_column(attributes)

    def _start_row(self, attributes: Attributes) -> None:
        self._number = int(attributes.get("r", self._number + 1))
        self._row = []
        if self._number > ROWS_MAX:
            raise ImportFileError(f"The workbook is damaged: no worksheet has a row {self._number}.")
        if _is_hidden(attributes, "ht"):
            self.hidden_rows.add(self._number)

    def _start_column(self, attributes: Attributes) -> None:
        if _is_hidden(attributes, "width") and len(self.hidden_columns) < COLUMNS_MAX:
            self.hidden_columns.append(range(int(attributes["min"]) - 1, int(attributes["max"])))

    def _end(self, name: str) -> None:
        self._depth -= 1
        tag = self._tags[name]
        if tag in {"v", "t"}:
            self._parser.CharacterDataHandler = None
        elif tag == "c":
            self._finish_cell()
        elif tag == "row":
            self.finished.append((self._number, self._row))
        elif tag == "rPh":
            self._inside_hint = False
        elif tag == "sheetData":
            # What follows (validations, sparklines) has elements of the same names that are not cells.
            depth = Depth()
            self._parser.StartElementHandler, self._parser.EndElementHandler = depth.enter, depth.leave

    def _finish_cell(self) -> None:
        cell, texts, row = self._cell, self._texts, self._row
        text = texts[0] if len(texts) == 1 else "".join(texts)
        texts.clear()
        value: SheetCell
        if not text:
            value = _UNCOMPUTED if self._is_formula and cell.get("t", "n") == "n" else ""
        else:
            try:
                value = self._value(cell, text)
            except (ValueError, IndexError):
                value = Fault(f'"{text}" is damaged in the workbook; type it again.')
        self._is_formula = False
        reference = cell.get("r")
        # A cell without a reference follows the one before.
        column = len(row) if reference is None else self._columns[reference.rstrip(_DIGITS)]
        if column == len(row):
            if column >= COLUMNS_MAX:
                raise ImportFileError(f"The workbook is damaged: row {self._number} has more than {COLUMNS_MAX} cells.")
            row.append(value)
        elif value != "":
            row.extend([""] * (column + 1 - len(row)))
            row[column] = value

    def _value(self, cell: Attributes, text: str) -> SheetCell:
        kind = cell.get("t", "n")
        if kind == "n":
            style = self._styles.get(cell.get("s", ""))
            if style is None:
                return float(text)
            return Shown(text, style) if style.date is None else _dated(Serial(text, style), style)
        if kind == "b":
            return text == "1"
        if kind == "e":
            return (
                NOT_AVAILABLE
                if text == NOT_AVAILABLE
                else Fault(f"{text} is an error of the spreadsheet; send a value.")
            )
        if kind == "d":
            style = self._styles.get(cell.get("s", ""))
            return IsoDate(text) if style is None else _dated(IsoDate(text), style)
        found = self._strings[int(text)] if kind == "s" else unescape(text)
        if self._text_styles and found and (style := self._text_styles.get(cell.get("s", ""))) is not None:
            return _shown_text(found, style)
        return found


def _is_hidden(attributes: Attributes, size: str) -> bool:
    """Whether a row or column is hidden; some programs only make its height or width zero."""
    return attributes.get("hidden") in {"1", "true"} or attributes.get(size) == "0"


def _shown_text(text: str, style: NumberFormat) -> SheetCell:
    """Text with what its format puts around it."""
    whole = style.show_text(text)
    if whole is not None:
        return whole
    return Fault(
        f"{shown(text)} is shown by the format {shown(style.code)}, which is not understood; format the column as text "
        "and type it again."
    )


def _dated(cell: SheetCell, style: NumberFormat) -> SheetCell:
    """A date or time, unless its format shows it in a zone: Excel converts nothing, so the clock may be any."""
    if style.date is None or not style.date.names_zone:
        return cell
    return Fault(
        f"The format {shown(style.code)} shows the date with the name of a zone, and the cell holds none; send text "
        'like "2024-04-01 09:30" where it is the market\'s time, or with its offset like "2024-04-01T01:30:00Z".'
    )


class _ColumnIndexes(dict[str, int]):
    """The index of each column by its letters, worked out once."""

    def __missing__(self, letters: str) -> int:
        index = self[letters] = column_index(letters)
        return index


def column_index(letters: str) -> int:
    """The index of a column by its letters: "AB" is 27. Raises ImportFileError on what is none."""
    number = 0
    for letter in letters:
        number = number * 26 + _LETTERS.index(letter) + 1 if letter in _LETTERS else COLUMNS_MAX + 1
    if not 1 <= number <= COLUMNS_MAX:
        raise ImportFileError(f'The workbook is damaged: "{letters}" is no column.')
    return number - 1


NOT_AVAILABLE = "#N/A"
"""The one error of a spreadsheet that says that there is nothing; what it means is up to the column."""

_UNCOMPUTED = Fault("A formula without a stored result; open and save the file in a spreadsheet program first.")
