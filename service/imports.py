"""Importing a clerk's file: read line by line, checked by the same schema, posted in chunks by the same committer.

Safe to run again after a cut: the document number, or a hash of the line, is the idempotency key. A refusal is not a
final answer here: who registers the missing resident and imports again wants the line judged again.
"""

import csv
import itertools
import pathlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from schemas.transactions import TradeSchema
from service.commands.posting import Post
from service.committer import Committer
from service.domain.errors import Refusal
from service.domain.idempotency import check_key, key_digest, trade_fingerprint
from service.importing import Line
from service.ledger import Ledger
from service.memory import look_for_cycles_rarely

IMPORT_ROUTE = "import"
OPERATOR_KEY_ID = 0
"""The id under which the keys of imports are kept: no API key has it."""
LINES_PER_COMMIT = 1000
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")

_TRADE = TradeSchema()


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that is not in the ledger, and why: the refusal's code and its words."""

    line: Line
    code: str
    reason: str


@dataclass(slots=True)
class Tally:
    """How many lines were accepted, known already, and refused."""

    accepted: int = 0
    known: int = 0
    refused: int = 0


def import_lines(
    ledger: Ledger, lines: Iterable[Line], refuse: Callable[[RefusedLine], None], advance: Callable[[], None]
) -> Tally:
    """Posts every line; `refuse` is told each refused one, `advance` is called after each chunk is on disk.

    Raises Unavailable when the ledger can't write: what was posted stays, and running again goes on.
    """
    look_for_cycles_rarely()
    tally, committer = Tally(), Committer(ledger)
    try:
        for chunk in _chunks(lines):
            _post_chunk(committer, chunk, tally, refuse)
            advance()
    finally:
        committer.close()
    return tally


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    remaining = iter(lines)
    while chunk := list(itertools.islice(remaining, LINES_PER_COMMIT)):
        yield chunk


def _post_chunk(committer: Committer, chunk: list[Line], tally: Tally, refuse: Callable[[RefusedLine], None]) -> None:
    readings = [_read(line) for line in chunk]
    entries = [reading for reading in readings if isinstance(reading, Post)]
    outcomes = iter(committer.submit(entries) if entries else [])
    for line, reading in zip(chunk, readings, strict=True):
        outcome = next(outcomes) if isinstance(reading, Post) else None
        refused = reading if isinstance(reading, RefusedLine) else None
        if outcome is not None and outcome.refusal is not None:
            refused = _refused(line, outcome.refusal)
        if refused is not None:
            tally.refused += 1
            refuse(refused)
        elif outcome is not None and outcome.replayed:
            tally.known += 1
        else:
            tally.accepted += 1


def _read(line: Line) -> Post | RefusedLine:
    if line.body is None:
        return RefusedLine(line, "unreadable-line", line.error or "")
    try:
        trade = _TRADE.read(line.body)
        digest = key_digest(OPERATOR_KEY_ID, IMPORT_ROUTE, check_key(line.key))
    except Refusal as refusal:
        return _refused(line, refusal)
    return Post(digest, trade_fingerprint(trade), f"import-line-{line.number}", trade, refusal_is_final=False)


def _refused(line: Line, refusal: Refusal) -> RefusedLine:
    fields = " ".join(f"{error.pointer.lstrip('/')}: {error.detail}" for error in refusal.errors)
    return RefusedLine(line, refusal.code, fields or refusal.detail)


class RefusedFile:
    """The refused lines as a table beside the imported file, in UTF-8 with a mark so that Excel reads Chinese."""

    def __init__(self, path: pathlib.Path) -> None:
        """The file is only made when there is something to write."""
        self._path = path
        self._file: IO[str] | None = None

    def add(self, refused: RefusedLine) -> None:
        """Writes one refused line."""
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow(["line", "code", "reason", "text"])
        # A line that a spreadsheet would take for a formula is shown as text.
        raw = refused.line.raw
        shown = f"'{raw}" if raw.startswith(FORMULA_SIGNS) else raw
        csv.writer(self._file).writerow([refused.line.number, refused.code, refused.reason, shown])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
