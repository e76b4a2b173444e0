"""Importing a clerk's file: read line by line, checked by the same schema, posted in chunks by the same committer.

Safe to run again after a cut: the document number, or a hash of the line, is the idempotency key. A refusal is not a
final answer here: who registers the missing resident and imports again wants the line judged again.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

from schemas.transactions import TradeSchema
from service.commands.posting import Outcome, Post
from service.domain.errors import IdempotencyKeyReused, Refusal
from service.domain.idempotency import check_key, key_digest, trade_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.importing import FileLine, ImportFileError
from service.importing.headings import usual_heading
from service.importing.refused_lines import RefusedLine
from service.importing.sharing import SharingCommitter
from service.ledger import Ledger

IMPORT_ROUTE = "import"
LINES_PER_COMMIT = 5000
"""A commit waits for the disk as long for one line as for thousands; more than these only take memory. On SQLite they
are several commits (service.importing.sharing)."""

_TRADE = TradeSchema()


@dataclass(slots=True)
class Tally:
    """How many lines were accepted, known already, and refused."""

    accepted: int = 0
    known: int = 0
    refused: int = 0

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.known} known already, {self.refused} refused"


def import_lines(
    ledger: Ledger,
    lines: Iterable[FileLine],
    tally: Tally,
    refuse: Callable[[RefusedLine], None],
    advance: Callable[[], None],
) -> None:
    """Posts every line and counts it; `refuse` is told each refused one, `advance` is called after each chunk on disk.

    Raises Unavailable when the ledger can't write, ImportFileError when the rest of the file can't be read: what was
    posted stays and is counted, and running again goes on.
    """
    with contextlib.closing(SharingCommitter(ledger)) as committer, ThreadPoolExecutor(1) as posting:
        sent = (_send(committer, posting, chunk) for chunk in _chunks(lines))
        for chunk in _one_ahead(sent):
            _settle(chunk, tally, refuse)
            advance()


class _Chunk(NamedTuple):
    """Lines on their way into the ledger: what each was read as, and what will have become of the readable ones."""

    lines: list[FileLine]
    readings: list[Post | RefusedLine]
    outcomes: Future[list[Outcome]]


def _chunks(lines: Iterable[FileLine]) -> Iterator[list[FileLine]]:
    """Where the rest of the file can't be read, the lines before that still come."""
    chunk: list[FileLine] = []
    try:
        for line in lines:
            chunk.append(line)
            if len(chunk) == LINES_PER_COMMIT:
                yield chunk
                chunk = []
    except ImportFileError:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _send(committer: SharingCommitter, posting: Executor, lines: list[FileLine]) -> _Chunk:
    readings = [_read(line) for line in lines]
    entries = [reading for reading in readings if isinstance(reading, Post)]
    return _Chunk(lines, readings, posting.submit(_post, committer, entries))


def _post(committer: SharingCommitter, entries: list[Post]) -> list[Outcome]:
    """What becomes of a chunk's entries; where no line could be read there is none."""
    return committer.submit(entries) if entries else []


def _one_ahead(chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Each chunk once the next one is read: the database writes the one while the other is being read.

    Where the rest of the file can't be read, what was sent before still comes.
    """
    sent: _Chunk | None = None
    try:
        for chunk in chunks:
            if sent is not None:
                yield sent
            sent = chunk
    except ImportFileError:
        if sent is not None:
            yield sent
        raise
    if sent is not None:
        yield sent


def _settle(chunk: _Chunk, tally: Tally, refuse: Callable[[RefusedLine], None]) -> None:
    """Counts what became of each line, once it is on disk."""
    outcomes = iter(chunk.outcomes.result())
    for line, reading in zip(chunk.lines, chunk.readings, strict=True):
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


def _read(line: FileLine) -> Post | RefusedLine:
    """What becomes of a line: a trade to post, or why it is refused."""
    if line.body is None:
        return RefusedLine(line, "unreadable-line", line.error or "")
    try:
        trade = _TRADE.read(line.body)
        digest = key_digest(OPERATOR_KEY_ID, IMPORT_ROUTE, check_key(line.key))
    except Refusal as refusal:
        return _refused(line, refusal)
    return Post(digest, trade_fingerprint(trade), f"import-line-{line.number}", trade, refusal_is_final=False)


def _refused(line: FileLine, refusal: Refusal) -> RefusedLine:
    if isinstance(refusal, IdempotencyKeyReused):
        return RefusedLine(line, "reference-exists", _taken(line))
    fields = " ".join(f"{error.pointer.lstrip('/')}: {error.detail}" for error in refusal.errors)
    return RefusedLine(line, refusal.code, fields or refusal.detail)


def _taken(line: FileLine) -> str:
    """Of the key that was used, a clerk knows the document number that it is made of."""
    reference = None if line.body is None else line.body.get("reference")
    named = (
        f"the key {line.key}"
        if reference is None
        else f"the document number ({usual_heading('reference')}) {reference}"
    )
    return (
        f"In the ledger {named} stands for another trade. Give this line one of its own; if it corrects that trade, "
        "reverse that one as well."
    )
