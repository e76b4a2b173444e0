"""Downloads: files that are sent while the ledger is still being read. They hold a snapshot until they are sent.

A download holds neither a place of admission nor a turn of the read queue while its caller reads it, because a caller
may be slow. So a process sends only a few at a time, which leaves the connections of the database to short reads.
"""

import datetime
import threading
from collections.abc import Generator, Iterator
from typing import Self

import structlog
from flask import Response

from service.domain.errors import Unavailable

DOWNLOADS_MAX = 2
"""How many downloads a process sends at a time. On PostgreSQL a process has six connections that read."""

_log = structlog.get_logger()


class Downloads:
    """The downloads that a process sends now."""

    def __init__(self, downloads_max: int = DOWNLOADS_MAX) -> None:
        """Begins with none."""
        self._places = threading.BoundedSemaphore(downloads_max)

    def begin(self, pieces: Generator[bytes]) -> "Download":
        """A download of these pieces, which are closed with it. The first piece is made at once.

        Raises Unavailable when too many are being sent, and what making the first piece raises.
        """
        if not self._places.acquire(blocking=False):
            raise Unavailable("Other files are being sent, and each keeps a connection; ask again in a while.")
        download = Download(pieces, self._places)
        try:
            download.make_first()
        except BaseException:
            download.close()
            raise
        return download


class Download(Iterator[bytes]):
    """The pieces of one file. The server closes it at the end, and also when the caller has gone away."""

    def __init__(self, pieces: Generator[bytes], places: threading.BoundedSemaphore) -> None:
        """Holds one of the places until it is closed."""
        self._pieces, self._places = pieces, places
        self._first: list[bytes] = []
        self._closing = threading.Lock()
        self._is_open = True

    def make_first(self) -> None:
        """Makes the first piece, so that what can't be begun is refused in an answer of its own."""
        self._first.append(next(self._pieces))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self._first:
            return self._first.pop()
        try:
            return next(self._pieces)
        except StopIteration:
            self.close()
            raise
        except Exception as error:
            # The caller can't be told any more: the body ends here, without its last line.
            _log.error("download-failed", error=type(error).__name__)
            self.close()
            raise

    def close(self) -> None:
        """Closes the snapshot, and gives the place back; only the first call does."""
        with self._closing:
            if not self._is_open:
                return
            self._is_open = False
        try:
            self._pieces.close()
        finally:
            self._places.release()

    def __del__(self) -> None:
        self.close()


def answer_file(download: Download, name: str, today: datetime.date, ending: str, media_type: str) -> Response:
    """The answer that sends a download as a file; its name tells the day."""
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    response = Response(download, content_type=media_type + charset)
    response.headers["Content-Disposition"] = f'attachment; filename="hushi-{name}-{today}.{ending}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
