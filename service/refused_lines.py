"""The refused lines of an import, and the table of them that is left beside the imported file."""

import csv
import pathlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from service.importing import Line

COLUMNS = ("line", "code", "reason", "text")
FIRST_LINE = ",".join(COLUMNS)
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class ReportNotOurs(Exception):
    """What stands where the report should go is something else, perhaps the only copy of a clerk's file."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not in the ledger, and why: the refusal's code and its words."""

    line: Line
    code: str
    reason: str


class RefusedFile:
    """The refused lines as a table, in UTF-8 with a mark so that Excel reads Chinese.

    It is written under another name and takes the place of an earlier report at the end. A run without a refused line
    removes the earlier report instead: it would tell of lines that are in the ledger by now.
    """

    def __init__(self, path: pathlib.Path) -> None:
        """Before anything is posted: raises ReportNotOurs rather than to overwrite, OSError where it can't write."""
        if path.exists() and not _is_report(path):
            raise ReportNotOurs(f"{path} is no report of refused lines, and is not overwritten; choose another file.")
        self.is_written = self.has_removed_earlier = False
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._file = self._part.open("w", encoding="utf-8-sig", newline="")
        self._table = csv.writer(self._file)

    def add(self, refused: RefusedLine) -> None:
        """Writes one refused line."""
        if not self.is_written:
            self.is_written = True
            self._table.writerow(COLUMNS)
        # A line that a spreadsheet would take for a formula is shown as text.
        raw = refused.line.raw
        shown = f"'{raw}" if raw.startswith(FORMULA_SIGNS) else raw
        self._table.writerow([refused.line.number, refused.code, refused.reason, shown])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self.is_written:
            self._part.replace(self._path)
            return
        self._part.unlink()
        if error is None and self._path.exists():
            self._path.unlink()
            self.has_removed_earlier = True


def _is_report(path: pathlib.Path) -> bool:
    if not path.is_file():
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline(len(FIRST_LINE) + 1).rstrip() in {FIRST_LINE, ""}
