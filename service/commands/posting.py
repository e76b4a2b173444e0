"""Posting: trades and reversals, batch-first. Posting one is a batch of one, in the same eight statements.

1 known idempotency keys, revoked API keys and the newest facts of residents  2 residents not known since then
3 related entries (references, reversed trades)  4 lock the allowance rows, in sorted order  5 change and 6 open
allowance rows  7 journal, whose end is the tail  8 outcomes by key. What there is no need for is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.macs import MacKeys
from service.domain.personal_data import redacted
from service.domain.transactions import Trade, Transaction, without_citizen_numbers
from service.judging import Judge, prepare_judge
from service.ledger import Ledger
from service.storage import allowance, batch_context, idempotency, journal
from service.storage.committing import commit_durably
from service.storage.idempotency import Remembered


class Post(NamedTuple):
    """A trade to be posted, under the digest of its idempotency key.

    A refusal over HTTP is a final answer; the line of a file is judged again when the file is imported again. The
    entry is recorded by `api_key`, and nothing is written once that key is revoked.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    trade: Trade
    refusal_is_final: bool = True
    api_key: int = OPERATOR_KEY_ID


class Reverse(NamedTuple):
    """A trade to be reversed, under the digest of its idempotency key."""

    digest: bytes
    fingerprint: bytes
    request_id: str
    transaction_id: UUID
    reason: str
    api_key: int = OPERATOR_KEY_ID


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


def post(ledger: Ledger, entries: Sequence[NewEntry], *, all_or_none: bool = False) -> list[Outcome]:
    """An outcome for each entry, in order: accepted, refused, or replayed. One bad entry harms no other.

    Raises NotWritten when another process took a key, a reference or a trade in the meantime: the
    caller runs the batch again and then sees what the other wrote.
    """
    # The statement of the batch's context looks at the revision.
    with ledger.database.writing(is_post=True, looks_at_revision=False) as connection:
        seen, mac_keys = ledger.lineage.seen, ledger.vault.macs.answers
        context = batch_context.read(connection, {entry.digest for entry in entries}, seen.head.no)
        ledger.lineage.confirm(seen, context.mac_at_known, context.register)
        known, revoked = dict(context.known), context.revoked_keys
        fresh = [entry for entry in entries if entry.digest not in known and entry.api_key not in revoked]
        if not fresh and not revoked:
            commit_durably(connection)
            return [_replay(entry, known[entry.digest], mac_keys) for entry in entries]
        trades = [entry.trade for entry in fresh if isinstance(entry, Post)]
        reversed_ids = {entry.transaction_id for entry in fresh if isinstance(entry, Reverse)}
        facts = (seen.generation, *context.facts)
        eligibilities = ledger.resident_cache.find(connection, {trade.resident for trade in trades}, facts)
        judge = prepare_judge(
            connection, ledger.rulebook, ledger.now(), ledger.new_id, trades, reversed_ids, eligibilities=eligibilities
        )
        batch = _Batch(judge, known, revoked, mac_keys)
        outcomes = [batch.settle(entry) for entry in entries]
        if all_or_none and any(outcome.refusal for outcome in outcomes):
            raise _AllRefused(outcomes)
        if not batch.answered:
            # A replay is a promise as well. Where something is written, the commit waits for all that was there before.
            commit_durably(connection)
        allowance.save(connection, judge.touched, judge.limits)
        journal.insert(connection, [a.transaction for a in batch.answered if a.transaction is not None])
        idempotency.insert(connection, batch.answered)
        return outcomes


def post_all_or_none(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    """Like `post`, but with any refusal nothing is written and nothing is remembered."""
    try:
        return post(ledger, entries, all_or_none=True)
    except _AllRefused as all_refused:
        return all_refused.outcomes


@dataclass(slots=True)
class _Batch:
    """A batch while its entries are settled in their order.

    `known` are the answers by the digest of their key, `answered` those that this batch has to remember.
    """

    judge: Judge
    known: dict[bytes, Remembered]
    revoked_keys: frozenset[int]
    mac_keys: MacKeys
    answered: list[Remembered] = field(default_factory=list)

    def settle(self, entry: NewEntry) -> Outcome:
        """The outcome of one entry. A key that comes twice in one batch is known from its first line on."""
        if entry.api_key in self.revoked_keys:
            # It was revoked after the request had been let in: nothing is written, and nothing is remembered.
            return Outcome(entry.request_id, refusal=Unauthenticated("This key is revoked."))
        before = self.known.get(entry.digest)
        if before is not None:
            return _replay(entry, before, self.mac_keys)
        try:
            if isinstance(entry, Post):
                transaction = self.judge.accept(entry.trade, entry.api_key)
            else:
                transaction = self.judge.reverse_entry(entry.transaction_id, entry.reason, entry.api_key)
        except Refusal as refusal:
            if refusal.remembered and (isinstance(entry, Reverse) or entry.refusal_is_final):
                fingerprint = _kept_fingerprint(entry, holds_number=isinstance(refusal, PersonalData))
                text = refusal_text(refusal, entry.request_id, fingerprint)
                self._remember(entry.digest, fingerprint, text.encode(), refusal=text)
            return Outcome(entry.request_id, refusal=refusal.without_frames())
        self._remember(entry.digest, entry.fingerprint, accepted_outcome(transaction), transaction)
        return Outcome(entry.request_id, transaction)

    def _remember(
        self,
        digest: bytes,
        fingerprint: bytes,
        outcome: bytes,
        transaction: Transaction | None = None,
        refusal: str | None = None,
    ) -> None:
        """Keeps what is answered to the request of this name and meaning, under a mac."""
        mac = self.mac_keys.mac_of(answer_message(digest, fingerprint, outcome))
        self.known[digest] = remembered = Remembered(digest, mac, transaction, refusal)
        self.answered.append(remembered)


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
