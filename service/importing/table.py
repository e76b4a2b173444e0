"""Rows of cells under a header line, whatever file they come from: what each row says as a transaction body."""

from collections.abc import Sequence

from service.importing.cells import as_it_stands, cell_readers
from service.importing.headings import KEY_FIELD, METADATA_PREFIX, REQUIRED_FIELDS, Heading
from service.importing.keys import LineKeys
from service.importing.lines import Line, refused_line, shorten_raw


def is_blank(cells: Sequence[str]) -> bool:
    """Whether nothing stands in any cell. The first cell decides nearly always, and cheaply."""
    return not (cells and cells[0].strip()) and not "".join(cells).strip()


class Table:
    """The columns of one file. Everything that can be decided from the header is decided once, here."""

    def __init__(self, headings: Sequence[Heading], width: int, *, grouped: bool) -> None:
        """`width` is the number of cells in the header line; `grouped` allows thousands separators."""
        self.width = width
        readers = cell_readers(grouped=grouped)
        self._columns = [
            (heading.index, heading, readers.get(heading.field, as_it_stands))
            for heading in headings
            if not heading.field.startswith(METADATA_PREFIX)
        ]
        self._own_entries = [
            (heading.index, heading.field.removeprefix(METADATA_PREFIX))
            for heading in headings
            if heading.field.startswith(METADATA_PREFIX)
        ]
        self._unnamed = sorted(set(range(width)) - {heading.index for heading in headings})
        self._keys = LineKeys()
        self._needed = 1 + max(heading.index for heading in headings if heading.field in REQUIRED_FIELDS)

    def fit(self, cells: list[str]) -> list[str] | None:
        """A row of exactly `width` cells: programs add empty cells at a row's end, or leave out those that are empty.

        None for a row that holds more, or that lacks a column which every row needs.
        """
        if len(cells) < self._needed or not is_blank(cells[self.width :]):
            return None
        return (cells + [""] * (self.width - len(cells)))[: self.width]

    def line(self, number: int, cells: Sequence[str], raw: str) -> Line:
        """The line of a row that has exactly `width` cells; all cells that can't be read are named in its error."""
        body: dict[str, object] = {}
        errors: list[str] = []
        for index, heading, read in self._columns:
            cell = cells[index].strip()
            if cell:
                try:
                    body[heading.field] = read(cell)
                except ValueError as error:
                    errors.append(f"{heading.text}: {error}")
        if self._own_entries:
            self._add_own_entries(body, cells)
        errors += [f"Column {i + 1} has no heading but holds data." for i in self._unnamed if cells[i].strip()]
        return self._finished(number, body, errors, raw)

    def _add_own_entries(self, body: dict[str, object], cells: Sequence[str]) -> None:
        own = {name: cell for index, name in self._own_entries if (cell := cells[index].strip())}
        if own:
            stated = body.get("metadata")
            body["metadata"] = {**stated, **own} if isinstance(stated, dict) else own

    def _finished(self, number: int, body: dict[str, object], errors: list[str], raw: str) -> Line:
        own_key = body.pop(KEY_FIELD, None)
        if not errors:
            try:
                key = self._keys.key_of(body, None if own_key is None else str(own_key))
                return Line(number, key, body, None, shorten_raw(raw))
            except ValueError as error:
                errors.append(str(error))
        return refused_line(number, " ".join(errors), shorten_raw(raw))
