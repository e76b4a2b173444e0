"""Importing a clerk's file: read line by line, checked by the same schema, posted in chunks by the same committer.

Safe to run again after a cut: the document number, or a hash of the line, is the idempotency key. A refusal is not a
final answer here: who registers the missing resident and imports again wants the line judged again.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from schemas.transactions import TradeSchema
from service.commands.posting import Post
from service.committer import Committer
from service.domain.errors import IdempotencyKeyReused, Refusal
from service.domain.idempotency import check_key, key_digest, trade_fingerprint
from service.importing import Line
from service.ledger import Ledger
from service.memory import look_for_cycles_rarely
from service.refused_lines import RefusedLine

IMPORT_ROUTE = "import"
OPERATOR_KEY_ID = 0
"""The id under which the keys of imports are kept: no API key has it."""
LINES_PER_COMMIT = 1000

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
    lines: Iterable[Line],
    tally: Tally,
    refuse: Callable[[RefusedLine], None],
    advance: Callable[[], None],
) -> None:
    """Posts every line and counts it; `refuse` is told each refused one, `advance` is called after each chunk on disk.

    Raises Unavailable when the ledger can't write, ImportFileError when the rest of the file can't be read: what was
    posted stays and is counted, and running again goes on.
    """
    look_for_cycles_rarely()
    committer = Committer(ledger)
    try:
        for chunk in _chunks(lines):
            _post_chunk(committer, chunk, tally, refuse)
            advance()
    finally:
        committer.close()


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
    if isinstance(refusal, IdempotencyKeyReused):
        return RefusedLine(line, "reference-exists", _taken(line))
    fields = " ".join(f"{error.pointer.lstrip('/')}: {error.detail}" for error in refusal.errors)
    return RefusedLine(line, refusal.code, fields or refusal.detail)


def _taken(line: Line) -> str:
    """Of the key that was used, a clerk knows the document number that it is made of."""
    reference = None if line.body is None else line.body.get("reference")
    named = f"the key {line.key}" if reference is None else f"the document number (单据号) {reference}"
    return (
        f"In the ledger {named} stands for another trade. Give this line one of its own; if it corrects that trade, "
        "reverse that one as well."
    )
