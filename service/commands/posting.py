"""Posting: trades and reversals, batch-first. Posting one is a batch of one, in the same eight statements.

1 known idempotency keys, revoked API keys and the newest facts of residents  2 residents not known since then
3 related entries (references, reversed trades)  4 lock the allowance rows, in sorted order  5 change and 6 open
allowance rows  7 journal, whose end is the tail  8 outcomes by key. What there is no need for is left out.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import orjson

from service.commands.refused import refusal_of, refusal_text
from service.domain.errors import (
    IdempotencyKeyReused,
    PersonalData,
    Refusal,
    Unauthenticated,
)
from service.domain.idempotency import accepted_outcome, answer_message, reversal_fingerprint, trade_fingerprint
from service.domain.macs import MacKeys
from service.domain.personal_data import redacted
from service.domain.transactions import Trade, Transaction, without_citizen_numbers
from service.judging import Judge, prepare_judge
from service.ledger import Ledger
from service.storage import allowance, idempotency, journal
from service.storage.batch_context import read as batch_context_of
from service.storage.committing import commit_durably
from service.storage.engine import Connection
from service.storage.idempotency import Remembered


class Post(NamedTuple):
    """A trade to be posted, under the digest of its idempotency key.

    A refusal over HTTP is a final answer; the line of a file is judged again when the file is imported again. With
    `api_key`, nothing is written once that key is revoked.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    trade: Trade
    refusal_is_final: bool = True
    api_key: int | None = None


class Reverse(NamedTuple):
    """A trade to be reversed, under the digest of its idempotency key."""

    digest: bytes
    fingerprint: bytes
    request_id: str
    transaction_id: UUID
    reason: str
    api_key: int | None = None


NewEntry = Post | Reverse


class Outcome(NamedTuple):
    """The answer to one entry: a transaction or a refusal. `request_id` is the one of the request that got it first."""

    request_id: str
    transaction: Transaction | None = None
    refusal: Refusal | None = None
    replayed: bool = False


class _AllRefused(Exception):
    """Rolls an atomic batch back; carries the outcomes that say why."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def post(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    """An outcome for each entry, in order: accepted, refused, or replayed. One bad entry harms no other.

    Raises NotWritten when another process took a key, a reference or a trade in the meantime: the
    caller runs the batch again and then sees what the other wrote.
    """
    # The context of the batch looks at the revision.
    with ledger.database.writing(is_post=True, looks_at_revision=False) as connection:
        return _write(connection, ledger, entries)


def post_all_or_none(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    """Like `post`, but with any refusal nothing is written and nothing is remembered."""
    try:
        with ledger.database.writing(is_post=True, looks_at_revision=False) as connection:
            outcomes = _write(connection, ledger, entries)
            if any(outcome.refusal for outcome in outcomes):
                raise _AllRefused(outcomes)
            return outcomes
    except _AllRefused as all_refused:
        return all_refused.outcomes


def _write(connection: Connection, ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    lineage = ledger.lineage
    seen = lineage.seen
    context = batch_context_of(connection, {entry.digest for entry in entries}, seen.head.no)
    lineage.confirm(seen, context.mac_at_known, context.register)
    known = dict(context.known)
    revoked = context.revoked_keys
    mac_keys = ledger.vault.macs.answers
    fresh = [entry for entry in entries if entry.digest not in known and entry.api_key not in revoked]
    if not fresh and not revoked:
        commit_durably(connection)
        return [_replay(entry, known[entry.digest], mac_keys) for entry in entries]
    trades = [entry.trade for entry in fresh if isinstance(entry, Post)]
    judge = prepare_judge(
        connection,
        ledger.rulebook,
        ledger.now(),
        ledger.new_id,
        trades,
        {entry.transaction_id for entry in fresh if isinstance(entry, Reverse)},
        eligibilities=ledger.resident_cache.find(
            connection, {trade.resident for trade in trades}, (seen.generation, *context.facts)
        ),
    )
    answered: list[Remembered] = []
    outcomes = [
        _revoked(entry) if entry.api_key in revoked else _settle(entry, judge, known, answered, mac_keys)
        for entry in entries
    ]
    if not answered:
        # A replay is a promise as well. Where something is written, the commit waits for all that was there before.
        commit_durably(connection)
    allowance.save(connection, judge.touched, judge.limits)
    journal.insert(connection, [a.transaction for a in answered if a.transaction is not None])
    idempotency.insert(connection, answered)
    return outcomes


def _settle(
    entry: NewEntry,
    judge: Judge,
    known: dict[bytes, Remembered],
    answered: list[Remembered],
    mac_keys: MacKeys,
) -> Outcome:
    """The outcome of one entry. A key that comes twice in one batch is known from its first line on."""
    before = known.get(entry.digest)
    if before is not None:
        return _replay(entry, before, mac_keys)
    try:
        transaction = _accept(entry, judge)
    except Refusal as refusal:
        if refusal.remembered and _is_final(entry):
            fingerprint = _kept_fingerprint(entry, holds_number=isinstance(refusal, PersonalData))
            text = refusal_text(refusal, entry.request_id, fingerprint)
            mac = mac_keys.mac_of(answer_message(entry.digest, fingerprint, text.encode()))
            answered.append(Remembered(entry.digest, mac, refusal=text))
            known[entry.digest] = answered[-1]
        return Outcome(entry.request_id, refusal=refusal.without_frames())
    mac = mac_keys.mac_of(answer_message(entry.digest, entry.fingerprint, accepted_outcome(transaction)))
    known[entry.digest] = settled = Remembered(entry.digest, mac, transaction)
    answered.append(settled)
    return Outcome(entry.request_id, transaction)


def _revoked(entry: NewEntry) -> Outcome:
    """The key was revoked after the request had been let in: nothing is written, and nothing is remembered."""
    return Outcome(entry.request_id, refusal=Unauthenticated("This key is revoked."))


def _is_final(entry: NewEntry) -> bool:
    return isinstance(entry, Reverse) or entry.refusal_is_final


def _accept(entry: NewEntry, judge: Judge) -> Transaction:
    if isinstance(entry, Post):
        return judge.accept(entry.trade)
    return judge.reverse_entry(entry.transaction_id, entry.reason)


def _replay(entry: NewEntry, before: Remembered, mac_keys: MacKeys) -> Outcome:
    """The first answer again; the same key with another meaning is refused and changes nothing.

    So is one whose answer somebody has exchanged: nobody gets the trade of somebody else.
    """
    held_number = before.refusal is not None and before.refusal.startswith(_REFUSED_FOR_A_NUMBER)
    asked = entry.digest, _kept_fingerprint(entry, holds_number=held_number)
    if not any(mac_keys.fits(before.mac, answer_message(*asked, outcome)) for outcome in before.outcomes):
        reused = IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
        return Outcome(entry.request_id, refusal=reused)
    if before.transaction is not None:
        return Outcome(entry.request_id, transaction=before.transaction, replayed=True)
    document = orjson.loads(before.refusal or "")
    return Outcome(document["request_id"], refusal=refusal_of(document), replayed=True)


_REFUSED_FOR_A_NUMBER = f'{{"code":"{PersonalData.code}"'


def _kept_fingerprint(entry: NewEntry, *, holds_number: bool) -> bytes:
    """What is kept of the meaning of a request: of one that is refused for a citizen number, all but the number.

    A fingerprint is no secret: it would tell which of an area's 36 million possible numbers stood in the request.
    """
    if not holds_number:
        return entry.fingerprint
    if isinstance(entry, Post):
        return trade_fingerprint(without_citizen_numbers(entry.trade))
    return reversal_fingerprint(entry.transaction_id, redacted(entry.reason) or "")
