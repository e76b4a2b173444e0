"""Reads CSV as clerks' programs write it: comma, tab, semicolon or full-width comma, quoted cells, any line break."""

import collections
import csv
import functools
import pathlib
from collections.abc import Callable, Iterator

from service.importing.csv.encodings import open_text
from service.importing.headings import count_known, match_headings
from service.importing.lines import FileLine, FileLines, ImportFileError
from service.importing.table import FileColumns, is_blank

DELIMITERS = (",", "\t", ";", "，")
LINE_BREAKS = ("\n", "\r")
LINE_LENGTH_MAX = 1_000_000


class PhysicalLines:
    """Counts the lines of a text, and remembers the lines of the record that is being read."""

    def __init__(self, readline: Callable[[int], str]) -> None:
        self._next_line = functools.partial(readline, LINE_LENGTH_MAX)
        self._given_back: collections.deque[str] = collections.deque()
        self.record: list[str] = []
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        """The next lines, until the text ends. Raises ImportFileError on a line that is too long."""
        given_back, next_line = self._given_back, self._next_line
        while line := given_back.popleft() if given_back else next_line():
            self.count += 1
            if len(line) >= LINE_LENGTH_MAX:
                raise ImportFileError(f"Line {self.count} is longer than {LINE_LENGTH_MAX:,} characters.")
            self.record.append(line)
            yield line

    def take_record(self) -> tuple[int, str]:
        """Ends the record, and returns the number of its first line and its text."""
        record = self.record
        number = self.count - len(record) + 1
        raw = record[0] if len(record) == 1 else "".join(record)
        record.clear()
        return number, raw

    def give_back(self, kept: int) -> None:
        """Gives back all lines of the record except the first `kept` lines, so that they are read again."""
        self._given_back.extendleft(reversed(self.record[kept:]))
        self.count -= len(self.record) - kept
        del self.record[kept:]


class TextLines(FileLines):
    """The lines of a text file of any format; a subclass reads their format."""

    def __init__(self, path: pathlib.Path, encoding: str | None = None) -> None:
        """Opens the file. Raises ImportFileError when its bytes can't be decoded as text."""
        self._binary = path.open("rb")
        try:
            self.total_bytes = path.stat().st_size
            self._physical = PhysicalLines(open_text(self._binary, path, encoding).readline)
        except BaseException:
            self._binary.close()
            raise

    @property
    def position(self) -> int:
        """How many bytes are read so far. The text layer reads some kilobytes ahead of the lines."""
        return self.total_bytes if self._binary.closed else self._binary.tell()

    def close(self) -> None:
        """Closes the file."""
        self._binary.close()


class DelimitedLines(TextLines):
    """The lines of a CSV file."""

    def __init__(
        self, path: pathlib.Path, encoding: str | None = None, columns: type[FileColumns] = FileColumns
    ) -> None:
        """Reads up to the header. Raises ImportFileError when the file can't be imported."""
        super().__init__(path, encoding)
        self._columns = columns
        try:
            self._table = self._read_header()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[FileLine]:
        """The lines after the header. Of a record with broken quotation marks, only the first line is refused."""
        physical, line_of = self._physical, self._line_of
        while True:
            try:
                for cells in self._records():
                    number, raw = physical.take_record()
                    if not is_blank(cells):
                        yield line_of(number, cells, raw)
                return
            except csv.Error as error:
                yield self._broken_record(error)

    def _records(self) -> Iterator[list[str]]:
        # The csv module is strict here: else it would guess how to repair stray quotation marks.
        return csv.reader(self._physical, delimiter=self._delimiter, strict=True)

    def _line_of(self, number: int, cells: list[str], raw: str) -> FileLine:
        table = self._table
        if len(cells) == table.width:
            return table.line(number, cells, raw)
        # When the last line is short and has no line break, the file was cut there, and the document number may be
        # missing.
        is_whole = len(cells) > table.width or raw.endswith(LINE_BREAKS)
        fitting = table.fit(cells) if is_whole else None
        if fitting is not None:
            return table.line(number, fitting, raw)
        error = f"The line has {len(cells)} cells, the header has {table.width}; send the same number."
        return table.unreadable_line(number, error, raw)

    def _broken_record(self, error: csv.Error) -> FileLine:
        # A quotation mark that is never closed makes the lines after it a part of the record. They are read again.
        self._physical.give_back(kept=1)
        number, raw = self._physical.take_record()
        return self._table.unreadable_line(
            number, f"The quotation marks are broken ({error}); close or double them.", raw
        )

    def _read_header(self) -> FileColumns:
        line, known = self._first_written_line(), self._columns.known
        self._delimiter = max(DELIMITERS, key=lambda sign: count_known(_split(line, sign), known))
        try:
            cells = next(self._records())
        except csv.Error as error:
            raise ImportFileError(f"Line {self._physical.count}: the header line is broken ({error}).") from None
        number, _ = self._physical.take_record()
        return self._columns(match_headings(cells, number, known), len(cells), grouped=self._delimiter != ";")

    def _first_written_line(self) -> str:
        """The first line that is not blank. It is given back, and read again as the header."""
        for line in self._physical:
            if line.strip():
                self._physical.give_back(kept=0)
                return line
            self._physical.record.clear()
        raise ImportFileError("The file is empty: there is no header line.")


def _split(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
