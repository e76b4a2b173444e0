"""What a reader of an import file gives out: lines, one by one, and how far it has come."""

import abc
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

RAW_LENGTH_MAX = 2_000


class ImportFileError(ValueError):
    """The file can't be taken at all; the message says why and what to send instead."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """One line of the file: a transaction body as the JSON API takes it, or the reason why it can't even be read.

    `number` is the line as an editor or Excel counts it (the header is line 1; of a record over several lines, the
    first). `key` is the idempotency key, empty on a line with an error. Exactly one of `body` and `error` is None.
    `raw` is the line as text, for the file of refused lines.
    """

    number: int
    key: str
    body: dict[str, object] | None
    error: str | None
    raw: str


class FileLines(abc.ABC):
    """An open import file: iterate once over its lines, ask at any moment how far that has come, close it.

    Iterating raises ImportFileError where the rest of the file can't be read (a broken archive, an endless line).
    """

    total_bytes: int
    """What `position` grows to: the file's bytes, or those of the unpacked worksheet."""
    total_lines: int | None = None
    """The number of lines after the header where the file states it (a worksheet does, unchecked), else None."""
    skipped_sheets: tuple[str, ...] = ()
    """The names of the worksheets that are not read, because only one is."""
    hidden_lines: int = 0
    """How many of the lines read so far stand in rows that are hidden, by hand or by a filter."""
    hidden_columns: tuple[str, ...] = ()
    """The headings of the columns that are hidden; they are read as all others."""

    @property
    @abc.abstractmethod
    def position(self) -> int:
        """How many of `total_bytes` are read so far."""

    @abc.abstractmethod
    def __iter__(self) -> Iterator[FileLine]:
        """The lines, in the order of the file; wholly empty ones are left out."""

    @abc.abstractmethod
    def close(self) -> None:
        """Closes the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def refused_line(number: int, error: str, raw: str) -> FileLine:
    """A line that can't be read, and why."""
    return FileLine(number, "", None, error, raw)


def shorten_raw(text: str) -> str:
    """The text of a line without its line break, cut at RAW_LENGTH_MAX characters with an ellipsis."""
    text = text.rstrip("\r\n")
    return text if len(text) <= RAW_LENGTH_MAX else f"{text[: RAW_LENGTH_MAX - 1]}…"
