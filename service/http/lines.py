"""The lines of a batch in its three shapes: a JSON list, one JSON object a line, or a table with a heading."""

import csv
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from schemas.batches import BATCH_LINES_MAX, BatchLineSchema, BatchSchema
from schemas.json_texts import parse_json, parse_with_care, plain_object, plain_object_without_backslash
from service.domain.errors import MalformedJson, Refusal, ValidationFailed
from service.domain.texts import normal_text

MEDIA_TYPES = ("application/json", "application/x-ndjson", "text/csv")

PARTS_MAX = 1_000_000
"""The limit on members, values and lines. It is checked before any of them is read, because 16 MiB of empty objects
would become 500 MiB. A batch of 10,000 lines that use every field has 450,000 parts."""

_MARKS = (b",", b"[", b"{", b"\n")
_COLUMNS = frozenset(BatchLineSchema().fields)


class BodyLine(NamedTuple):
    """One line as it was sent: its key, and its body without the key or the reason why it can't be read."""

    key: object
    body: dict[str, Any] | None
    refusal: Refusal | None = None


def read_lines(media_type: str, body: bytes, atomic: bool | None) -> tuple[Iterator[BodyLine], bool]:
    """The lines of a batch in order, and whether it is atomic.

    A line is read when it is asked for, so that the memory of one line is used again for the next one. Raises
    MalformedJson or ValidationFailed when the batch as a whole can't be read; asking for a line may raise it too.
    """
    if sum(body.count(mark) for mark in _MARKS) > PARTS_MAX:
        raise ValidationFailed.of("", "too-many-parts", f"Send at most {PARTS_MAX} fields and lines, the rest apart.")
    if media_type == "application/json":
        if atomic is not None:
            raise ValidationFailed.of("/atomic", "unknown-field", "Send atomic inside of the JSON body.")
        document = parse_json(body)
        if isinstance(document, dict) and isinstance(items := document.get("items"), list):
            _check_count(len(items))
        batch = BatchSchema().read(document)
        return _counted(map(_line, batch["items"])), batch["atomic"]
    return _ndjson(body) if media_type == "application/x-ndjson" else _counted(_csv(body)), bool(atomic)


def _counted(lines: Iterator[BodyLine]) -> Iterator[BodyLine]:
    """The lines. Raises ValidationFailed when there is none, or one too many."""
    number = 0
    for number, line in enumerate(lines, start=1):
        if number > BATCH_LINES_MAX:
            _check_count(number)
        yield line
    _refuse_none(number)


def _refuse_none(number: int) -> None:
    if not number:
        raise ValidationFailed.of("/items", "empty", f"Send 1 to {BATCH_LINES_MAX} lines.")


def _check_count(count: int) -> None:
    if count > BATCH_LINES_MAX:
        raise ValidationFailed.of(
            "/items", "too-many", f"Send at most {BATCH_LINES_MAX} lines, the rest in another batch."
        )


def _line(item: object) -> BodyLine:
    if not isinstance(item, dict):
        return BodyLine(None, None, ValidationFailed.of("", "not-an-object", "Send a JSON object for each line."))
    # Taking the key out changes the object, which is safe: no other code uses an object that was just read.
    return BodyLine(item.pop("key", None), item)


def _ndjson(body: bytes) -> Iterator[BodyLine]:
    plain = plain_object if b"\\" in body else plain_object_without_backslash
    make, number = tuple.__new__, 0
    for text in body.split(b"\n"):
        found = plain(text)
        if found is not None:
            line = make(
                BodyLine, (found.pop("key", None), found, None)
            )  # Without its names it is made in half the time.
        elif text.strip():
            line = _careful_line(text)
        else:
            continue
        number += 1
        if number > BATCH_LINES_MAX:
            _check_count(number)
        yield line
    _refuse_none(number)


def _careful_line(text: bytes) -> BodyLine:
    try:
        return _line(parse_with_care(text))
    except MalformedJson as refusal:
        return BodyLine(None, None, refusal.without_frames())


def _csv(body: bytes) -> Iterator[BodyLine]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValidationFailed.of("", "not-utf8", "Send the table in UTF-8.") from None
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        heading = next(rows, [])
        _check_heading(heading)
        for row in rows:
            if row:
                yield _csv_line(heading, row)
    except csv.Error as error:
        raise ValidationFailed.of("", "not-csv", f"Line {rows.line_num} is not CSV after RFC 4180: {error}.") from None


def _check_heading(heading: list[str]) -> None:
    unknown = [name for name in heading if name not in _COLUMNS]
    if unknown or len(set(heading)) != len(heading) or "key" not in heading:
        raise ValidationFailed.of(
            "",
            "not-a-heading",
            f"Send a first line that names columns once each, key among them: {', '.join(sorted(_COLUMNS))}.",
        )


def _csv_line(heading: list[str], row: list[str]) -> BodyLine:
    if len(row) != len(heading):
        wrong = ValidationFailed.of(
            "", "wrong-length", f"The line has {len(row)} cells, the heading has {len(heading)}."
        )
        return BodyLine(None, None, wrong)
    # A cell with nothing visible in it counts as a field that is not sent.
    body: dict[str, Any] = {name: cell for name, cell in zip(heading, row, strict=True) if normal_text(cell)}
    key = body.pop("key", None)
    if "metadata" in body:
        try:
            body["metadata"] = parse_json(body["metadata"].encode())
        except MalformedJson as refusal:
            return BodyLine(key, None, refusal.without_frames())
    return BodyLine(key, body)
