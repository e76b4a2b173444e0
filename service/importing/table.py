"""Turns the rows below a header line into transaction bodies, in the same way for CSV files and workbooks."""

import functools
from collections.abc import Callable, Sequence
from typing import ClassVar

from service.domain.texts import normal_text
from service.importing.cells import ReadCell, cell_readers
from service.importing.headings import KEY_FIELD, METADATA_PREFIX, TRADE_HEADINGS, Heading, KnownHeadings
from service.importing.keys import LineKeys
from service.importing.lines import FileLine, refused_line, shorten_raw
from service.importing.nothing import is_nothing
from service.importing.plain import plain_cell, text
from service.importing.recognised import table_of
from service.importing.words import DIRECTIONS, fold_word

METADATA = "metadata"
VALUES_KNOWN_MAX = 4_096
DIRECTION, IMPORT, EXPORT = "direction", "import", "export"
EXPORTS = [word for word, direction in DIRECTIONS.items() if direction == EXPORT]


def is_blank(cells: Sequence[str]) -> bool:
    """Whether all cells are empty. The first cell nearly always decides, without a look at the others."""
    return not (cells and cells[0][:1].isalnum()) and not normal_text("".join(cells))


class FileColumns:
    """The columns of one file. All that depends on the header only is worked out once, in the constructor.

    These are the columns of trades. A subclass reads another kind of table: it has headings and readers of its own.
    """

    known: ClassVar[KnownHeadings] = TRADE_HEADINGS
    is_personal: ClassVar[bool] = False
    """Whether the table has personal data; then no part of it may be written to a temporary file."""

    def __init__(self, headings: Sequence[Heading], width: int, *, grouped: bool, is_typed: bool = False) -> None:
        """Prepares a reader for each column.

        `width` is the number of cells in the header line. `grouped` allows thousands separators. `is_typed` says that
        the file tells text from dates and numbers.
        """
        self.width = width
        readers = self.readers(grouped=grouped, is_typed=is_typed)
        required = self.known.required
        self._columns = [
            (one.index, one, one.field, _column_reader(one.field, readers.get(one.field, text), one.field in required))
            for one in headings
        ]
        self._own_entries = [heading.field for heading in headings if heading.field.startswith(METADATA_PREFIX)]
        self._has_direction = any(heading.field == DIRECTION for heading in headings)
        self._direction_above: object = None
        self._unnamed = sorted(set(range(width)) - {heading.index for heading in headings})
        self._keys = LineKeys()
        self._needed = 1 + max(heading.index for heading in headings if heading.field in required)

    def readers(self, *, grouped: bool, is_typed: bool) -> dict[str, ReadCell]:
        """The reader of each field; a field without one is read as text."""
        return cell_readers(grouped=grouped, is_typed=is_typed)

    def fit(self, cells: list[str]) -> list[str] | None:
        """The row with exactly `width` cells: programs add empty cells at a row's end, or leave out empty cells there.

        Returns None when a cell beyond `width` is not empty, or when the row ends before a required column.
        """
        if len(cells) < self._needed or not is_blank(cells[self.width :]):
            return None
        return (cells + [""] * (self.width - len(cells)))[: self.width]

    def line(self, number: int, cells: Sequence[str], raw: str, known_errors: Sequence[str] = ()) -> FileLine:
        """The line for a row of exactly `width` cells. Its error names all cells that can't be read.

        `known_errors` are the errors of cells that could not be spelled as text. Such cells are empty in `cells`.
        """
        body: dict[str, object] = {}
        errors = list(known_errors)
        for index, heading, field, read in self._columns:
            if cell := cells[index]:
                try:
                    value = read(cell)
                except ValueError as error:
                    errors.append(f"{heading.text}: {error}")
                else:
                    if value is not None:
                        body[field] = value
        if self._own_entries and (own := [field for field in self._own_entries if field in body]):
            _collect_metadata(body, own)
        if self._has_direction:
            errors += self._doubtful_direction(body)
        errors += [f"Column {i + 1} has no heading but holds data." for i in self._unnamed if normal_text(cells[i])]
        return self._finished(number, body, errors, raw)

    def unreadable_line(self, number: int, error: str, raw: str) -> FileLine:
        """The refused line for a row that can't be split into its cells; `error` says why."""
        folded = fold_word(raw)
        if self._has_direction and any(word in folded for word in EXPORTS):
            self._direction_above = EXPORT
        return refused_line(number, error, shorten_raw(raw))

    def _doubtful_direction(self, body: dict[str, object]) -> list[str]:
        """An error when the direction is empty below an export: it may mean an import, or the same as above.

        An empty direction elsewhere means an import. It means the same as above in a column of merged cells that was
        saved as CSV, and in a table where a clerk writes a word once for many rows.
        """
        stated = body.get(DIRECTION)
        if stated is not None:
            self._direction_above = stated
        elif self._direction_above == EXPORT:
            words = " or ".join(f"{table_of('directions')[each][0]} ({each})" for each in (EXPORT, IMPORT))
            return [f"The direction is empty below an export; write {words} into this line as well."]
        return []

    def key_of(self, body: dict[str, object], own_key: str | None) -> str:
        """The idempotency key of a line. Raises ValueError."""
        return self._keys.key_of(body, own_key)

    def _finished(self, number: int, body: dict[str, object], errors: list[str], raw: str) -> FileLine:
        own_key = body.pop(KEY_FIELD, None)
        if not errors:
            try:
                key = self.key_of(body, None if own_key is None else str(own_key))
                return FileLine(number, key, body, None, shorten_raw(raw))
            except ValueError as error:
                errors.append(str(error))
        return refused_line(number, " ".join(errors), shorten_raw(raw))


def _column_reader(field: str, read: ReadCell, is_required: bool) -> Callable[[str], object]:
    """Returns the function that reads a column's cells; it gives None for an empty cell or a word for nothing.

    It remembers its answers, because nearly all cells of a column repeat a few values. It does not remember the
    answers for metadata: they are dicts, and two lines must not share a dict.
    """

    def _read(cell: str) -> object:
        plain = plain_cell(cell)
        if not plain or (not is_required and is_nothing(plain)):
            return None
        return read(plain)

    return _read if field == METADATA else functools.lru_cache(VALUES_KNOWN_MAX)(_read)


def _collect_metadata(body: dict[str, object], own: list[str]) -> None:
    """Adds the metadata entries that have their own columns to the entries of the column "metadata"."""
    entries = {field.removeprefix(METADATA_PREFIX): body.pop(field) for field in own}
    stated = body.get(METADATA)
    body[METADATA] = {**stated, **entries} if isinstance(stated, dict) else entries
