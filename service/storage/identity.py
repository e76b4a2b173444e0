"""Checks that SQLite's file is still the one that was opened: somebody may move it away, or put another in its place.

The check comes before the driver opens the file. When there is no file, SQLite would make an empty one, and delete the
log beside it, which holds acknowledged entries. When there is another file, SQLite would mix that log into it.
"""

import os
import pathlib
import threading

import sqlalchemy as sa

from service.storage.faults import ForeignFile, LeftLog, WrongFile
from service.storage.foreign_files import why_foreign
from service.storage.private_files import has_log, make_file, make_private

OPENED_FILE = "hushi-file"
"""The name under which a pooled connection keeps the id of the file that it has opened."""

FileId = tuple[int, int]
"""The device and the inode number of a file. While a file is open, no other file has the same pair."""


class FileIdentity:
    """Knows the file of a ledger from the first time that it was looked at."""

    def __init__(self, file: pathlib.Path | None, *, makes_file: bool = True, known: FileId | None = None) -> None:
        """Takes the file, None on PostgreSQL, and the `known` id if another process has looked at the file before."""
        self._file = file
        self._makes_file = makes_file
        self._looking = threading.Lock()
        self._seen = known

    def before_opening(self) -> None:
        """Makes the file of a new ledger if that is wanted and no file is known, and removes other users' rights.

        Raises WrongFile, ForeignFile or LeftLog when the driver must not open the file that is there.
        """
        if self._file is None:
            return
        with self._looking:
            if self._seen is None:
                foreign = why_foreign(self._file)
                if foreign is not None:
                    raise ForeignFile(f"{self._file} {foreign}")
                self._refuse_to_lose_a_log(self._file)
                if self._makes_file:
                    make_file(self._file)
                self._seen = self._found(self._file)
        self.refuse_replaced()
        make_private(self._file)

    def confirm(self, connection: sa.Connection) -> None:
        """Raises WrongFile when this connection has opened another file than the one that is there now.

        It closes such a connection. SQLite does not delete the log then, because it deletes a log by its name only
        after it has checked that the file is still in its place.
        """
        if self._file is None:
            return
        if connection.info.get(OPENED_FILE) != self.refuse_replaced():
            connection.invalidate()
            raise WrongFile(f"a connection to another file than {self._file} was left over")

    def refuse_replaced(self) -> FileId | None:
        """The id of the file that is there now. Raises WrongFile when it is not the one that this process has opened.

        Otherwise entries could be acknowledged that are in a file without a name, and so lost.
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
        """Forgets the file, so that the next one counts as the right one; all connections must be closed before."""
        with self._looking:
            self._seen = None

    def _found(self, file: pathlib.Path) -> FileId:
        try:
            found = os.stat(file)  # noqa: PTH116 (it takes a microsecond, and each read calls it)
        except OSError as error:
            raise WrongFile(f"{file} can't be found ({error.strerror})") from error
        return found.st_dev, found.st_ino

    def _refuse_to_lose_a_log(self, file: pathlib.Path) -> None:
        """Raises LeftLog when a log exists and its file is empty or missing, because SQLite would delete the log.

        A log is never made before its file, so such a log is not the log of a new ledger.
        """
        if not has_log(file):
            return
        try:
            is_empty = file.stat().st_size == 0
        except FileNotFoundError:
            is_empty = True
        except OSError:
            return  # SQLite can't open such a file either.
        if is_empty:
            raise LeftLog(f"{file} is gone or empty, and its log {file.name}-wal still holds entries")
