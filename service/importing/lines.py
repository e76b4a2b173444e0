"""What a reader of an import file gives: the lines, one by one, and how much of the file is read."""

import abc
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

RAW_LENGTH_MAX = 2_000


class ImportFileError(ValueError):
    """The file can't be taken at all; the message says why and what to send instead."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of the file: a transaction body as the JSON API takes it, or the reason why the line can't be read.

    `number` is the line number that an editor or Excel shows: the header is line 1, and a record over several lines
    has the number of its first line. `key` is the idempotency key, empty on a line with an error. Exactly one of
    `body` and `error` is None. `raw` is the line as text, for the file of refused lines.
    """

    number: int
    key: str
    body: dict[str, object] | None
    error: str | None
    raw: str


class FileLines(abc.ABC):
    """An open import file. The caller iterates once over its lines, and closes it; `position` tells how far it is.

    Iterating raises ImportFileError where the rest of the file can't be read (a broken archive, an endless line).
    """

    total_bytes: int
    """The value that `position` has at the end: the bytes of the file, or of the unpacked worksheet."""
    total_lines: int | None = None
    """The number of lines after the header where the file states it, else None. A worksheet states it, unchecked."""
    skipped_sheets: tuple[str, ...] = ()
    """The names of the worksheets that are not read: only one worksheet is read."""
    hidden_lines: int = 0
    """How many of the lines read so far are in hidden rows. A row is hidden by hand or by a filter."""
    hidden_columns: tuple[str, ...] = ()
    """The headings of the columns that are hidden. Hidden columns are read like all others."""

    @property
    @abc.abstractmethod
    def position(self) -> int:
        """How many of `total_bytes` are read so far."""

    @abc.abstractmethod
    def __iter__(self) -> Iterator[FileLine]:
        """The lines, in the order of the file. Lines that are completely empty are left out."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def in_chunks(lines: Iterable[FileLine], length_max: int) -> Iterator[list[FileLine]]:
    """The lines in chunks. When the rest of the file can't be read, it first gives the lines before that place."""
    chunk: list[FileLine] = []
    try:
        for line in lines:
            chunk.append(line)
            if len(chunk) == length_max:
                yield chunk
                chunk = []
    except ImportFileError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def refused_line(number: int, error: str, raw: str) -> FileLine:
    """Returns a line that can't be read, with the reason in `error`."""
    return FileLine(number, "", None, error, raw)


def shorten_raw(text: str) -> str:
    """The text of a line without its line break, cut at RAW_LENGTH_MAX characters with an ellipsis."""
    text = text.rstrip("\r\n")
    return text if len(text) <= RAW_LENGTH_MAX else f"{text[: RAW_LENGTH_MAX - 1]}…"
