"""The refused lines of an import, and the table of them that is left beside the imported file."""

import csv
import io
import os
import pathlib
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from service.importing import FileLine

COLUMNS = ("line", "code", "reason", "text")
FIRST_BYTES = b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"
"""What every report begins with: a mark, so that Excel reads Chinese, and the headings."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class ReportNotOurs(Exception):
    """What stands where the report should go is something else, perhaps the only copy of a clerk's file."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not in the ledger, and why: the refusal's code and its words."""

    line: FileLine
    code: str
    reason: str


class RefusedFile:
    """The refused lines as a table, in UTF-8 with a mark so that Excel reads Chinese.

    It is gathered in a file without a name in the same folder, and takes the place of an earlier report at the end: a
    reader sees the one or the other, and a killed import leaves nothing behind. A run without a refused line removes
    the earlier report instead: it would tell of lines that are in the ledger by now.

    Only what this class has written is ever replaced or removed, and no link is followed.
    """

    def __init__(self, path: pathlib.Path, imported: pathlib.Path) -> None:
        """Before anything is posted: raises ReportNotOurs rather than to overwrite, OSError where it can't write."""
        self.is_written = self.has_removed_earlier = False
        self._path, self._imported = path, imported
        self._refuse_other_file()
        self._file = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 (closed in __exit__)
        self._text = io.TextIOWrapper(self._file, encoding="utf-8-sig", newline="")
        self._table = csv.writer(self._text)

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
        with self._file, self._text:
            if self.is_written:
                self._publish()
            elif error is None and os.path.lexists(self._path):
                self._refuse_other_file("No line was refused.")
                self._path.unlink()
                self.has_removed_earlier = True

    def _publish(self) -> None:
        """Gives the report its name. Raises ReportNotOurs where something else bears it since: it keeps another one."""
        self._text.flush()
        self._file.seek(0)
        part = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}.part")
        with part.open("xb") as named:
            shutil.copyfileobj(self._file, named)
        self._refuse_other_file(f"The refused lines are in {part}.")
        part.replace(self._path)

    def _refuse_other_file(self, advice: str = "Choose another file.") -> None:
        if os.path.lexists(self._path) and not _is_report(self._path, self._imported):
            raise ReportNotOurs(f"{self._path} is no report of refused lines, and is not overwritten. {advice}")


def _is_report(path: pathlib.Path, imported: pathlib.Path) -> bool:
    """Whether a file is a report of ours: a plain file that begins as one, and not the one that is being imported."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # a link, a folder, or what may not be read
        return False
    with os.fdopen(file, "rb") as found:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or os.path.samestat(status, imported.stat()):
            return False
        return found.read(len(FIRST_BYTES)) == FIRST_BYTES
