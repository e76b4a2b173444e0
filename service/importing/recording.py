"""Imports a clerk's file: it reads line by line, checks with the API's schema, and posts in chunks with a committer.

An import that was cut off can safely run again, because the idempotency key of a line is its document number or a hash
of the line. A refusal is not a final answer here: when the missing resident is registered and the file is imported
again, the line must be judged again.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from schemas.transactions import TradeSchema
from service.commands.checking import checking
from service.commands.posting import Outcome, Post
from service.domain.errors import IdempotencyKeyReused, Refusal
from service.domain.idempotency import check_key, key_digest, trade_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.warnings import codes_of
from service.importing import FileLine, ImportFileError
from service.importing.headings import usual_heading
from service.importing.lines import in_chunks
from service.importing.refused_lines import RefusedLine
from service.importing.sharing import SharingCommitter
from service.ledger import Ledger

IMPORT_ROUTE = "import"
LINES_PER_COMMIT = 5000
"""How many lines are committed together. A commit waits for the disk as long for one line as for thousands; a larger
chunk would only take more memory. On SQLite a chunk is several commits (service.importing.sharing)."""

Submit = Callable[[Sequence[Post]], list[Outcome]]
"""Posts entries, or checks them, and returns an outcome for each."""
Tell = Callable[[FileLine, Outcome], None]

_TRADE = TradeSchema()


@dataclass(slots=True)
class Tally:
    """How many lines were accepted, how many were known already, and how many were refused.

    `warned` says how many of the accepted lines bear each warning.
    """

    accepted: int = 0
    known: int = 0
    refused: int = 0
    warned: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.accepted} accepted, {self.known} known already, {self.refused} refused"


def import_lines(
    ledger: Ledger,
    lines: Iterable[FileLine],
    tally: Tally,
    refuse: Callable[[RefusedLine], None],
    advance: Callable[[], None],
) -> None:
    """Posts every line and counts it. It gives each refused line to `refuse`, and calls `advance` after each chunk.

    A chunk is on disk when `advance` is called. Raises Unavailable when the ledger can't write, ImportFileError when
    the rest of the file can't be read. After both errors, the lines that were posted stay in the ledger and are
    counted, and a second run posts the others.
    """
    with contextlib.closing(SharingCommitter(ledger)) as committer:
        _settle_all(committer.submit, lines, tally, refuse, advance)


def check_lines(
    ledger: Ledger,
    lines: Iterable[FileLine],
    tally: Tally,
    refuse: Callable[[RefusedLine], None],
    advance: Callable[[], None],
    tell: Tell,
) -> None:
    """Counts every line as `import_lines` would, and writes nothing. It gives each line that is not refused to `tell`.

    All lines are judged in one snapshot of the ledger. Raises DatabaseUnavailable, and ImportFileError as
    `import_lines`.
    """
    with checking(ledger) as checker:
        _settle_all(checker.check, lines, tally, refuse, advance, tell)


def _settle_all(
    submit: Submit,
    lines: Iterable[FileLine],
    tally: Tally,
    refuse: Callable[[RefusedLine], None],
    advance: Callable[[], None],
    tell: Tell | None = None,
) -> None:
    with ThreadPoolExecutor(1) as posting:
        sent = (_send(submit, posting, chunk) for chunk in in_chunks(lines, LINES_PER_COMMIT))
        for chunk in _one_ahead(sent):
            _settle(chunk, tally, refuse, tell)
            advance()


class _Chunk(NamedTuple):
    """Lines that are being posted: how each line was read, and the future outcomes of those that could be read."""

    lines: list[FileLine]
    readings: list[Post | RefusedLine]
    outcomes: Future[list[Outcome]]


def _send(submit: Submit, posting: Executor, lines: list[FileLine]) -> _Chunk:
    readings = [_read(line) for line in lines]
    entries = [reading for reading in readings if isinstance(reading, Post)]
    return _Chunk(lines, readings, posting.submit(_post, submit, entries))


def _post(submit: Submit, entries: list[Post]) -> list[Outcome]:
    """What becomes of a chunk's entries; where no line could be read there is none."""
    return submit(entries) if entries else []


def _one_ahead(chunks: Iterator[_Chunk]) -> Iterator[_Chunk]:
    """Gives each chunk after the next chunk was sent, so that the database writes one chunk while the next is read.

    When the rest of the file can't be read, it first gives the chunk that was sent before.
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


def _settle(chunk: _Chunk, tally: Tally, refuse: Callable[[RefusedLine], None], tell: Tell | None) -> None:
    """Waits until the chunk is on disk, and counts the outcome of each line."""
    outcomes = iter(chunk.outcomes.result())
    for line, reading in zip(chunk.lines, chunk.readings, strict=True):
        outcome = next(outcomes) if isinstance(reading, Post) else None
        refused = reading if isinstance(reading, RefusedLine) else None
        if outcome is not None and outcome.refusal is not None:
            refused = _refused(line, outcome.refusal)
        if refused is not None:
            tally.refused += 1
            refuse(refused)
            continue
        assert outcome is not None
        tally.known += outcome.replayed
        tally.accepted += not outcome.replayed
        if not outcome.replayed and outcome.transaction is not None:
            tally.warned.update(codes_of(outcome.transaction))
        if tell is not None:
            tell(line, outcome)


def _read(line: FileLine) -> Post | RefusedLine:
    """The trade to post for a line, or the reason why the line is refused."""
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
    """The reason for a line whose key stands for another trade. It names the document number, which clerks know."""
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
