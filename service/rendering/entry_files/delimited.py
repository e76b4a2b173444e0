"""Entries as CSV: UTF-8 with a byte-order mark so that Excel reads Chinese, CRLF, and the count as the last line."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from service.rendering.entry_files.columns import COUNT, NUMBERS, columns, pieces_of, values_of

_GUARDED_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")
"""Text that a spreadsheet would take for a formula gets an apostrophe, and so does text that begins with one: then
exactly one apostrophe is taken off when the file is read."""


def csv_pieces(entries: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """The pieces of the file."""
    names = columns()
    is_text = [name not in NUMBERS for name in names]
    head, count = _lines([names]).encode("utf-8-sig"), 0
    for some in pieces_of(entries):
        count += len(some)
        rows = (zip(values_of(entry, names), is_text, strict=True) for entry in some)
        yield head + _lines([_guarded(value) if text else value for value, text in row] for row in rows).encode()
        head = b""
    # As wide as the others, so that no reader stumbles over it.
    yield head + _lines([[COUNT, str(count), *[None] * (len(names) - 2)]]).encode()


def _lines(rows: Iterable[Sequence[str | None]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _guarded(value: str | None) -> str | None:
    return f"'{value}" if value is not None and value.startswith(_GUARDED_STARTS) else value
