"""Writes the refused lines of an import as a table, in a file beside the imported file."""

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
from service.importing.hiding import hide_in_line

COLUMNS = ("line", "code", "reason", "text")
FIRST_BYTES = b"\xef\xbb\xbf" + ",".join(COLUMNS).encode() + b"\r\n"
"""The first bytes of every report: a byte order mark, so that Excel reads Chinese, and the headings."""

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


class ReportNotOurs(Exception):
    """The path of the report holds another file, perhaps the only copy of a clerk's file. It is not overwritten."""


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not in the ledger, with the code and the text of the refusal."""

    line: FileLine
    code: str
    reason: str


class RefusedFile:
    """The refused lines as a table, in UTF-8 with a byte order mark so that Excel reads Chinese.

    The lines are first written to a file without a name in the same folder. At the end this file takes the place of an
    earlier report. So a reader sees either the earlier report or the new one, and a killed import leaves nothing
    behind. A run without a refused line removes the earlier report, because its lines are in the ledger now.

    Only a report that this class has written is ever replaced or removed, and no link is followed. Citizen numbers are
    hidden in it: a line is corrected in the clerk's own file, where the report's line number finds it.
    """

    def __init__(self, path: pathlib.Path, imported: pathlib.Path) -> None:
        """Opens the file, before any line is posted.

        Raises ReportNotOurs when the path holds another file, OSError when the folder can't be written to.
        """
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
        # An apostrophe is put before a line that a spreadsheet would take for a formula, so that it is shown as text.
        raw = hide_in_line(refused.line.raw)
        shown = f"'{raw}" if raw.startswith(FORMULA_SIGNS) else raw
        self._table.writerow([refused.line.number, refused.code, hide_in_line(refused.reason), shown])

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
        """Gives the report its name.

        Raises ReportNotOurs when another file has taken the name since the start. Then the report keeps a name of its
        own, which the error tells.
        """
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
    """Whether a file is a report of ours: a plain file with a report's first bytes that is not the imported file."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:  # The path is a link, or we may not read it.
        return False
    with os.fdopen(file, "rb") as found:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or os.path.samestat(status, imported.stat()):
            return False
        return found.read(len(FIRST_BYTES)) == FIRST_BYTES
