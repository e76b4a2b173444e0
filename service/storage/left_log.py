"""Makes what stands in SQLite's log durable, before a process answers from it.

A process that is killed after it has written to the log and before it has synced it leaves entries that the next
process takes for committed. A retry is answered from these entries, so a power cut must not lose them. Other processes
see an entry only after it is synced, so it is enough to do this once for each new connection.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_PAGE_SIZE = slice(8, 12)
_SALTS = slice(16, 24)
"""Where the log's header has the size of a page, and the two numbers that each frame of this log repeats."""
_FRAMES_SALTS_AT = 8
_SALTS_BYTES = 8
_FRAMES_AT_ONCE = 256


def sync_log(url: sa.URL) -> None:
    """Syncs SQLite's log to the disk, for a connection that only reads. Raises OSError."""
    with contextlib.suppress(FileNotFoundError), _opened(url, os.O_RDONLY) as log:
        os.fsync(log)


def write_log_again(url: sa.URL, cursor: Any) -> None:
    """Writes SQLite's log again as it is, and syncs it, for a connection that writes. Raises OSError.

    A sync alone shows nothing when an earlier one has failed. The system then takes the pages that it could not write
    for clean: they can be read, a later sync succeeds, and they are not on the disk. It writes them when they are
    written again (docs/decisions/0033). Nobody else may write to the log meanwhile, so this takes SQLite's lock.
    A process that may not write the log can't post either; it syncs what it reads.
    """
    if not os.access(f"{url.database}-wal", os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        sync_log(url)
        return
    cursor.execute("BEGIN IMMEDIATE")
    try:
        with contextlib.suppress(FileNotFoundError), _opened(url, os.O_RDWR) as log:
            _write_again(log)
            os.fsync(log)
    finally:
        cursor.execute("ROLLBACK")


@contextlib.contextmanager
def _opened(url: sa.URL, flags: int) -> Iterator[int]:
    log = os.open(f"{url.database}-wal", flags)
    try:
        yield log
    finally:
        os.close(log)


def _write_again(log: int) -> None:
    """Writes the header and the frames that belong to it. Behind these there are only frames of an earlier log."""
    header = os.pread(log, _HEADER_BYTES, 0)
    if len(header) < _HEADER_BYTES:
        return
    _put(log, header, 0)
    frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(header[_PAGE_SIZE], "big")
    at, is_more = _HEADER_BYTES, True
    while is_more:
        content = os.pread(log, frame_bytes * _FRAMES_AT_ONCE, at)
        end = 0
        while end + frame_bytes <= len(content) and _salts_at(content, end) == header[_SALTS]:
            end += frame_bytes
        _put(log, content[:end], at)
        at, is_more = at + end, end == frame_bytes * _FRAMES_AT_ONCE


def _salts_at(content: bytes, frame: int) -> bytes:
    return content[frame + _FRAMES_SALTS_AT : frame + _FRAMES_SALTS_AT + _SALTS_BYTES]


def _put(log: int, content: bytes, at: int) -> None:
    while content:
        done = os.pwrite(log, content, at)
        content, at = content[done:], at + done
