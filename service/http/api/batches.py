"""Batches: up to 10,000 trades in one request, judged in order, line by line or all or none."""

from collections.abc import Iterable, Sequence
from typing import Any

from flask import request

from schemas.batches import BatchAnswerSchema, BatchQuerySchema, BatchSchema
from schemas.transactions import TradeSchema
from schemas.warnings import warnings_document
from service.commands.checking import check
from service.commands.posting import NewEntry, Outcome, Post
from service.domain import errors
from service.domain.allowance import verdict
from service.domain.errors import BatchRefused, Refusal, ValidationFailed
from service.domain.idempotency import check_key, is_key, key_digest, trade_fingerprint
from service.domain.money import format_cny
from service.domain.transactions import Transaction
from service.figures.posting import BATCH_LINES
from service.http.auth import confirm_key
from service.http.bodies import BATCH_BYTES_MAX, expect_media_type, read_bytes
from service.http.context import app_context
from service.http.lines import MEDIA_TYPES, BodyLine, read_lines
from service.http.problems import problem_document
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.http.trade_points import at_own_point, refuse_body_of_other_point

routes = Routes("Transactions")

BATCH_ROUTE = "transactions/batch"
ERRORS_TOLD_OF_A_LINE_MAX = 5
ERRORS_TOLD_MAX = 10_000
"""Of a whole batch: so the answer has 6 MB at most, beside the keys that came. A line tells how many were wrong."""

_LENGTH = "Send lines and tables with a Content-Length: of a body in chunks nobody can tell whether its end is missing."

_TRADE = TradeSchema()


@routes.post(
    "/v1/transactions/batch",
    scope="transactions:write",
    body=BatchSchema,
    query=BatchQuerySchema,
    answer=BatchAnswerSchema,
    refuses=[errors.BatchRefused, errors.Unavailable],
    bodies=MEDIA_TYPES,
    commits=True,
)
def post_batch(query: dict[str, Any]) -> Answer:
    """Post up to 10,000 trades in order; each line bears its own idempotency key and gets its own answer.

    With `check=true` nothing is written or remembered: each line has the verdict, the warnings or the refusal that the
    write would give it now. A line that would be accepted has status 200 and no transaction_id, because there is no
    transaction; one whose key is known already also has `replayed`.
    """
    media_type = expect_media_type(*MEDIA_TYPES)
    if media_type != MEDIA_TYPES[0] and request.content_length is None:
        raise ValidationFailed.of("", "length-required", _LENGTH)
    lines, atomic = read_lines(media_type, read_bytes(BATCH_BYTES_MAX), query.get("atomic"))
    is_check = query.get("check", False)
    context = request_context()
    keys, readings = _read_all(lines, context.caller.id, context.request_id, context.caller.trade_point)
    entries = [reading for reading in readings if not isinstance(reading, Refusal)]
    if atomic and len(entries) < len(readings):
        raise _refused([_item(i, keys[i], r) for i, r in enumerate(readings) if isinstance(r, Refusal)])
    if is_check or not entries:
        confirm_key()
    outcomes = _outcomes(entries, atomic=atomic, is_check=is_check)
    items = _items(keys, _in_place(readings, outcomes), is_check=is_check)
    refused = [item for item in items if "problem" in item]
    if atomic and refused:
        raise _refused(refused)
    replayed = sum(1 for outcome in outcomes if outcome.replayed and outcome.refusal is None)
    counted = {
        "accepted": len(items) - replayed - len(refused),
        "replayed": replayed,
        "refused": len(refused),
    }
    if not is_check:
        for outcome, number in counted.items():
            BATCH_LINES.add(number, outcome)
    return Answer({**counted, "items": items})


def _read_all(
    lines: Iterable[BodyLine], api_key: int, asked_as: str, own_point: str | None
) -> tuple[list[object], list[NewEntry | Refusal]]:
    """The key of each line, and its entry or why it can't be read."""
    errors_left = ERRORS_TOLD_MAX
    keys: list[object] = []
    readings: list[NewEntry | Refusal] = []
    read_quickly, make = _TRADE.read_quickly, tuple.__new__
    for line in lines:
        key, body, _ = line
        keys.append(key)
        trade = read_quickly(body)
        if trade is not None and own_point is None and is_key(key):
            digest = key_digest(api_key, BATCH_ROUTE, key)
            # A named tuple is made in half the time without its names.
            readings.append(make(Post, (digest, trade_fingerprint(trade), asked_as, trade, True, api_key)))
            continue
        readings.append(reading := _read(line, api_key, asked_as, own_point))
        if isinstance(reading, Refusal):
            reading.errors = reading.errors[: min(ERRORS_TOLD_OF_A_LINE_MAX, errors_left)]
            errors_left -= len(reading.errors)
    return keys, readings


def _in_place(readings: Sequence[NewEntry | Refusal], outcomes: Sequence[Outcome]) -> Sequence[Outcome | Refusal]:
    """The outcomes of the entries, each in the place of its line, among the refusals of lines that can't be read."""
    if len(outcomes) == len(readings):
        return outcomes
    rest = iter(outcomes)
    return [reading if isinstance(reading, Refusal) else next(rest) for reading in readings]


def _read(line: BodyLine, api_key: int, asked_as: str, own_point: str | None = None) -> NewEntry | Refusal:
    """The entry of a line, or why it can't be read; such a line is not remembered."""
    if line.body is None:
        assert line.refusal is not None
        return line.refusal
    try:
        digest = key_digest(api_key, BATCH_ROUTE, check_key(line.key))
        trade = _TRADE.read(at_own_point(line.body, own_point))
        refuse_body_of_other_point(trade, own_point)
    except Refusal as refusal:
        return refusal.without_frames()
    return Post(digest, trade_fingerprint(trade), asked_as, trade, True, api_key)


def _outcomes(entries: list[NewEntry], *, atomic: bool, is_check: bool) -> list[Outcome]:
    if not entries:
        return []
    shared = app_context()
    return check(shared.ledger, entries) if is_check else shared.committer.submit(entries, all_or_none=atomic)


def _items(keys: Sequence[object], settled: Sequence[Outcome | Refusal], *, is_check: bool) -> list[dict[str, Any]]:
    """The answer to each line. Most lines are accepted, and take the short way."""
    return [
        _accepted(index, key, one.transaction)
        if isinstance(one, Outcome) and one.transaction is not None and not is_check
        else _item(index, key, one, is_check=is_check)
        for index, (key, one) in enumerate(zip(keys, settled, strict=True))
    ]


def _item(index: int, key: object, settled: Outcome | Refusal, *, is_check: bool = False) -> dict[str, Any]:
    if isinstance(settled, Outcome) and settled.transaction is not None:
        accepted = _accepted(index, key, settled.transaction)
        del accepted["transaction_id"]
        return {**accepted, "status": 200, **({"replayed": True} if settled.replayed else {})}
    if isinstance(settled, Refusal):
        refusal, asked_as = settled, request_context().request_id
    else:
        assert settled.refusal is not None
        refusal, asked_as = settled.refusal, settled.request_id
    told = key if isinstance(key, str) else None
    return {"index": index, "key": told, "status": refusal.status, "problem": problem_document(refusal, asked_as)}


def _accepted(index: int, key: object, transaction: Transaction) -> dict[str, Any]:
    amount_fen, exempt_fen = transaction.amount_fen, transaction.exempt_fen
    is_import = transaction.direction == "import"
    taxable_fen = amount_fen - exempt_fen
    return {
        "index": index,
        "key": key,
        "status": 201,
        "transaction_id": transaction.transaction_id,
        "verdict": verdict(is_import=is_import, exempt_fen=exempt_fen, taxable_fen=taxable_fen),
        "exempt_cny": format_cny(exempt_fen),
        "taxable_cny": format_cny(taxable_fen),
        "rule_verified": transaction.rule_verified,
        "warnings": warnings_document(transaction),
    }


def _refused(items: list[dict[str, Any]]) -> BatchRefused:
    return BatchRefused(
        f"{len(items)} line(s) were refused, so nothing was written and nothing is remembered; items tells which.",
        items=items,
    )
