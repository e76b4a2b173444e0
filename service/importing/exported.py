"""Reads files that Hushi has exported itself (`hushi export`, GET /v1/transactions?format=…) into a ledger.

Such a file says exactly what it means, so none of the rules for clerks' tables apply. Its last line tells the number of
its entries. A file without that line, or with another number of entries, was cut off, and nothing of it is imported.
"""

import contextlib
import csv
import json
import pathlib
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

from schemas.transactions import TradeSchema
from service.importing.lines import FileLine, FileLines, ImportFileError, refused_line, shorten_raw
from service.importing.xlsx.sheet import SheetRow, SheetRows
from service.importing.xlsx.workbook import SharedStrings, read_workbook
from service.importing.xlsx.xml_parts import damage_refused

FIRST_NAMES = ["transaction_id", "kind", "resident_id"]
COUNT = "count"
_GUARDED = ("'=", "'+", "'-", "'@", "'\t", "'\r", "''")
_DECIMALS = {"quantity_kg": 3, "amount_cny": 2}
_AGAIN = "Export it again, and import nothing of this file."

ExportedRow = tuple[int, Mapping[str, Any]]
"""A line's number, and its values by the names of the API. The last one has the number of entries alone."""
ReadRows = Callable[[pathlib.Path], Generator[ExportedRow]]


class ExportedLines(FileLines):
    """The lines of an exported file; its trades are taken, and each reversal is refused as a line."""

    def __init__(self, path: pathlib.Path, rows: ReadRows) -> None:
        """Reads the file once to its end. Raises ImportFileError when it is not whole."""
        self._path, self._rows = path, rows
        self.total_bytes = self.total_lines = _count_whole(rows(path))
        self._read = 0

    @property
    def position(self) -> int:
        """How many lines are read: here lines count in the place of bytes."""
        return self._read

    def close(self) -> None:
        """Closes nothing: the file is open while its lines are read only."""

    def __iter__(self) -> Iterator[FileLine]:
        """The entries as lines."""
        with contextlib.closing(self._rows(self._path)) as rows:
            for number, values in rows:
                if COUNT not in values:
                    self._read += 1
                    yield _line_of(number, values)


def find_exported(path: pathlib.Path) -> ExportedLines | None:
    """The lines of a file that Hushi has exported; None for any other file. Raises ImportFileError, OSError."""
    for is_ours, rows in ((_is_csv, _csv_rows), (_is_ndjson, _ndjson_rows), (_is_workbook, _workbook_rows)):
        if is_ours(path):
            return ExportedLines(path, rows)
    return None


def _count_whole(rows: Iterator[ExportedRow]) -> int:
    """The number of entries of a whole file. Raises ImportFileError."""
    count, told = 0, None
    for _, values in rows:
        if told is not None:
            raise ImportFileError(f"Lines stand behind the last line of this export. {_AGAIN}")
        if COUNT in values:
            told = str(values[COUNT])
        else:
            count += 1
    if told is None:
        raise ImportFileError(f"This export was cut off: its last line, which tells its length, is missing. {_AGAIN}")
    if told != str(count):
        raise ImportFileError(f"This export has {count} entries, and its last line says {told}. {_AGAIN}")
    return count


_TRADE_FIELDS = tuple(TradeSchema().fields)


def _line_of(number: int, values: Mapping[str, Any]) -> FileLine:
    raw = shorten_raw(",".join("" if value is None else str(value) for value in values.values()))
    if values.get("kind") != "trade":
        return refused_line(number, "This is a reversal, and only trades are imported; export with --kind trade.", raw)
    if values.get("reversed_by") is not None:
        return refused_line(number, "This trade was reversed later; export with --kind trade --reversed false.", raw)
    body = {name: values[name] for name in _TRADE_FIELDS if values.get(name) is not None}
    return FileLine(number, f"entry:{values['transaction_id']}", body, None, raw)


def _is_csv(path: pathlib.Path) -> bool:
    with path.open("rb") as file:
        return file.read(200).removeprefix(b"\xef\xbb\xbf").startswith(",".join(FIRST_NAMES).encode())


def _csv_rows(path: pathlib.Path) -> Generator[ExportedRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        names = next(rows)
        try:
            for row in rows:
                if row[:1] == [COUNT]:
                    yield rows.line_num, {COUNT: row[1] if len(row) > 1 else ""}
                elif len(row) != len(names):
                    raise ImportFileError(f"Line {rows.line_num} of this export is cut off. {_AGAIN}")
                else:
                    yield rows.line_num, _typed(dict(zip(names, map(_unguarded, row), strict=True)))
        except (csv.Error, UnicodeDecodeError):
            raise ImportFileError(f"Line {rows.line_num + 1} of this export is damaged. {_AGAIN}") from None


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith(_GUARDED) else cell


def _typed(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a table as the API has them: no text for null, and metadata as an object."""
    typed: dict[str, Any] = {name: value if value != "" else None for name, value in values.items()}
    if typed.get("metadata") is not None:
        typed["metadata"] = _object(typed["metadata"])
    return typed


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ImportFileError(f"The metadata {text[:60]} of this export are damaged. {_AGAIN}") from None


def _is_ndjson(path: pathlib.Path) -> bool:
    with path.open("rb") as file:
        line = file.readline(1_000_000)
    with contextlib.suppress(ValueError, RecursionError):
        first = json.loads(line)
        return isinstance(first, dict) and (list(first)[:3] == FIRST_NAMES or list(first) == [COUNT])
    return False


def _ndjson_rows(path: pathlib.Path) -> Generator[ExportedRow]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                values = json.loads(line)
            except (ValueError, RecursionError):
                raise ImportFileError(f"Line {number} of this export is cut off. {_AGAIN}") from None
            yield number, values if isinstance(values, dict) else {}


def _is_workbook(path: pathlib.Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with contextlib.suppress(ImportFileError), contextlib.closing(_sheet_rows(path)) as rows:
        first = next(rows, None)
        return first is not None and first[1][:3] == FIRST_NAMES
    return False


def _sheet_rows(path: pathlib.Path) -> Generator[SheetRow]:
    with damage_refused(), contextlib.ExitStack() as opened:
        archive = opened.enter_context(zipfile.ZipFile(path))
        workbook = read_workbook(archive)
        if workbook.strings_part is not None:
            return  # An export has none, and to read those of a clerk's workbook twice would take long.
        strings = opened.enter_context(contextlib.closing(SharedStrings(archive, workbook.strings_part)))
        sheet = opened.enter_context(
            contextlib.closing(SheetRows(archive, workbook.sheets[0].part, strings, workbook.styles))
        )
        yield from sheet


def _workbook_rows(path: pathlib.Path) -> Generator[ExportedRow]:
    with contextlib.closing(_sheet_rows(path)) as rows:
        _, head = next(rows)
        names = [str(cell) for cell in head]
        for number, cells in rows:
            if cells[:1] == [COUNT]:
                yield number, {COUNT: str(cells[1]) if len(cells) > 1 else ""}
            elif any(cells):
                whole = [*cells, *[""] * (len(names) - len(cells))]
                yield number, _typed({name: _spelled(name, cell) for name, cell in zip(names, whole, strict=False)})


def _spelled(name: str, cell: Any) -> str:
    """A cell as the API has it: an amount or a weight is a number in a workbook, and exact in its decimals."""
    return f"{cell:.{_DECIMALS.get(name, 2)}f}" if isinstance(cell, float) else str(cell)
