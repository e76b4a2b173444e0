"""Digests of a file that is written once: one for each piece of it, and one of the whole file as its last bytes."""

import hashlib
import re
from collections.abc import Sequence
from typing import BinaryIO, NamedTuple

PIECE_BYTES = 1024 * 1024
"""The longest piece. Damage is named by its piece."""

_TRAILER = b"hushi-sha256:"
TRAILER_BYTES = len(_TRAILER) + 64
_WRITTEN = re.compile(_TRAILER + b"[0-9a-f]{64}")
_SEARCHED_BYTES = 64 * 1024
_READ_BYTES = 4 * 1024 * 1024


class FilePiece(NamedTuple):
    """A piece of the file: the table that it holds a part of, its length, and its SHA-256."""

    table: str
    length: int
    sha256: str


class Damage(NamedTuple):
    """The first and the last byte of the damaged part, counted from 0; the table is None behind all pieces."""

    table: str | None
    first: int
    last: int


class DigestedFile:
    """A file that counts and digests what is written to it. Nobody can seek in it, so each byte is written once."""

    def __init__(self, raw: BinaryIO) -> None:
        """Writes to an open, empty file."""
        self._raw = raw
        self._whole = hashlib.sha256()
        self._kept = b""
        self._table: str | None = None
        self._piece, self._length = hashlib.sha256(), 0
        self.pieces: list[FilePiece] = []

    def write(self, content: bytes) -> int:
        """Writes, and adds to the digests."""
        self._raw.write(content)
        # The last bytes that are ever written are the place of the digest itself.
        self._kept += content
        self._whole.update(self._kept[:-TRAILER_BYTES])
        self._kept = self._kept[-TRAILER_BYTES:]
        if self._table is not None:
            self._add_to_pieces(memoryview(content))
        return len(content)

    def _add_to_pieces(self, content: memoryview) -> None:
        while content:
            part = content[: PIECE_BYTES - self._length]
            self._piece.update(part)
            self._length += len(part)
            content = content[len(part) :]
            if self._length == PIECE_BYTES:
                self._close_piece()

    def _close_piece(self) -> None:
        assert self._table is not None
        self.pieces.append(FilePiece(self._table, self._length, self._piece.hexdigest()))
        self._piece, self._length = hashlib.sha256(), 0

    def begin(self, table: str) -> None:
        """From here on, what is written belongs to this table."""
        self._table = table

    def end(self) -> None:
        """Ends the table, and its last piece."""
        if self._length:
            self._close_piece()
        self._table = None

    def flush(self) -> None:
        """Hands to the system what is buffered."""
        self._raw.flush()

    def close(self) -> None:
        """Closes the file."""
        self._raw.close()

    def write_digest(self) -> None:
        """Puts the digest of everything into the place at the end that was left for it."""
        self._raw.seek(-TRAILER_BYTES, 2)
        self._raw.write(_TRAILER + self._whole.hexdigest().encode())


def is_whole(raw: BinaryIO) -> bool:
    """Whether the last bytes of the file are the digest of all bytes before them. It reads the whole file."""
    end = raw.seek(0, 2) - TRAILER_BYTES
    if end < 0:
        return False
    raw.seek(end)
    trailer = raw.read(TRAILER_BYTES)
    return bool(_WRITTEN.fullmatch(trailer)) and trailer.endswith(_digest(raw, 0, end).encode())


def find_digest(raw: BinaryIO) -> int | None:
    """Where the last digest near the end of the file ends, be it right or wrong; None when there is none."""
    searched = max(0, raw.seek(0, 2) - _SEARCHED_BYTES)
    raw.seek(searched)
    ends = [found.end() for found in _WRITTEN.finditer(raw.read())]
    return searched + ends[-1] if ends else None


def find_damaged(raw: BinaryIO, pieces: Sequence[FilePiece]) -> Damage:
    """The first piece whose bytes have another digest; else the part behind all pieces."""
    first = 0
    for piece in pieces:
        if _digest(raw, first, piece.length) != piece.sha256:
            return Damage(piece.table, first, first + piece.length - 1)
        first += piece.length
    return Damage(None, first, raw.seek(0, 2) - 1)


def _digest(raw: BinaryIO, first: int, length: int) -> str:
    """The SHA-256 of a range of the file, as hex digits."""
    digest = hashlib.sha256()
    raw.seek(first)
    while length > 0 and (content := raw.read(min(_READ_BYTES, length))):
        digest.update(content)
        length -= len(content)
    return digest.hexdigest()
