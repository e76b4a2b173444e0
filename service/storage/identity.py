"""That SQLite's file is still the one that was opened: somebody may move it away, or put another in its place."""

import os
import pathlib

from service.storage.faults import DatabaseUnavailable


class FileIdentity:
    """The file of a ledger as it was when it was first looked at."""

    def __init__(self, file: pathlib.Path | None) -> None:
        """Has seen nothing yet; without a file (PostgreSQL) there is nothing to see."""
        self._file = file
        self._seen: tuple[int, int] | None = None

    def refuse_replaced(self) -> None:
        """Raises DatabaseUnavailable when the file is not the one any more that this process has opened.

        What is written to a file that nobody finds any more would be acknowledged and lost. Nothing is closed here:
        SQLite deletes the log by its name when it closes, which is that of the new file by now.
        """
        if self._file is None:
            return
        try:
            found = os.stat(self._file)  # noqa: PTH116 (a microsecond, as often as anybody asks)
        except OSError as error:
            raise DatabaseUnavailable(f"{self._file} is gone ({error.strerror}); put it back and restart") from error
        identity = (found.st_dev, found.st_ino)
        self._seen = self._seen or identity
        if self._seen != identity:
            raise DatabaseUnavailable(f"{self._file} was replaced by another file; restart what has it open")

    def forget(self) -> None:
        """Takes the next file for the right one; to be called when every connection is closed."""
        self._seen = None
