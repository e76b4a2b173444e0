"""That SQLite's file is still the one that was opened: somebody may move it away, or put another in its place.

The file is looked at before the driver opens it: SQLite would make an empty one where there is none, and throw away the
log beside it, which holds acknowledged entries; and with another file it would mix that log.
"""

import os
import pathlib
import threading

import sqlalchemy as sa

from service.storage.faults import LeftLog, WrongFile
from service.storage.private_files import has_log, make_file, make_private

OPENED_FILE = "hushi-file"
"""Where a pooled connection keeps which file it has opened."""

FileId = tuple[int, int]
"""The device and the number of a file: no two files have the same ones while one of them is open."""


class FileIdentity:
    """The file of a ledger as it was when it was first looked at."""

    def __init__(self, file: pathlib.Path | None, *, makes_file: bool = True, known: FileId | None = None) -> None:
        """Has seen nothing yet, but for what others know; without a file (PostgreSQL) there is nothing to see."""
        self._file = file
        self._makes_file = makes_file
        self._looking = threading.Lock()
        self._seen = known

    def before_opening(self) -> None:
        """Makes the file of a new ledger where that is wanted and none is known, and takes the rights of others off it.

        Raises WrongFile or LeftLog when the driver must not open what is there.
        """
        if self._file is None:
            return
        with self._looking:
            if self._seen is None:
                self._refuse_to_lose_a_log(self._file)
                if self._makes_file:
                    make_file(self._file)
                self._seen = self._found(self._file)
        self.refuse_replaced()
        make_private(self._file)

    def confirm(self, connection: sa.Connection) -> None:
        """Raises WrongFile when the file is not the one any more that this connection has opened.

        A connection to another file than the right one is closed. SQLite leaves the log where it is then, because it
        looks whether the file is still in its place before it deletes a log by its name.
        """
        if self._file is None:
            return
        if connection.info.get(OPENED_FILE) != self.refuse_replaced():
            connection.invalidate()
            raise WrongFile(f"a connection to another file than {self._file} was left over")

    def refuse_replaced(self) -> FileId | None:
        """The file that there is. Raises WrongFile when it is not the one that this process has opened.

        What is written to a file that nobody finds any more would be acknowledged and lost.
        """
        if self._file is None:
            return None
        found = self._found(self._file)
        with self._looking:
            self._seen = self._seen or found
            is_another = self._seen != found
        if is_another:
            raise WrongFile(f"{self._file} was replaced by another file")
        return found

    def forget(self) -> None:
        """Takes the next file for the right one; to be called when every connection is closed."""
        with self._looking:
            self._seen = None

    def _found(self, file: pathlib.Path) -> FileId:
        try:
            found = os.stat(file)  # noqa: PTH116 (a microsecond, as often as anybody asks)
        except OSError as error:
            raise WrongFile(f"{file} can't be found ({error.strerror})") from error
        return found.st_dev, found.st_ino

    def _refuse_to_lose_a_log(self, file: pathlib.Path) -> None:
        """SQLite deletes the log beside a file that is empty, or not there. The log is never there first."""
        if not has_log(file):
            return
        try:
            is_empty = file.stat().st_size == 0
        except FileNotFoundError:
            is_empty = True
        except OSError:
            return  # Nobody can open it either.
        if is_empty:
            raise LeftLog(f"{file} is gone or empty, and its log {file.name}-wal still holds entries")
