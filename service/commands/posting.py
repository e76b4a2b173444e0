"""Posts trades and reversals in batches. A single trade is a batch of one, with the same eight statements.

1 reads known idempotency keys, ended API keys, the newest facts of residents and the newest rule file  2 reads
residents that are not known since then  3 reads related entries (references, reversed trades)  4 locks the allowance
rows, in sorted order  5 changes allowance rows and 6 opens new ones  7 inserts into the journal, whose end is the tail
8 inserts the outcomes by key. A statement that a batch does not need is left out. A batch with a declarant who is not
the buyer takes one more, which reads the mandates, and so does a batch with a reversal, which reads the live transfers
of its trade. For warnings there may be more between 4 and 5: one for the prices of each commodity that the process does
not know well enough, and one for trades that look like one of the batch.
"""

from collections.abc import Collection, Sequence
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
from service.domain.keys import OPERATOR_KEY_ID, ReversalRights
from service.domain.macs import MacKeys
from service.domain.mandates import residents_of
from service.domain.personal_data import redacted
from service.domain.plain_judging import PLAIN_FROM_ENTRIES, PlainJudge
from service.domain.transactions import Trade, Transaction, without_citizen_numbers
from service.judging import Judge, prepare_judge
from service.ledger import Ledger
from service.storage import allowance, batch_context, idempotency, journal
from service.storage.committing import commit_durably
from service.storage.idempotency import Remembered
from service.storage.prices import PriceBook


class Post(NamedTuple):
    """A trade to be posted, under the digest of its idempotency key.

    A refusal over HTTP is a final answer. A line of a file that was refused is judged again when the file is imported
    again (`refusal_is_final` is False). The entry is recorded by `api_key`, and nothing is written after that key is
    revoked or has expired.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    trade: Trade
    refusal_is_final: bool = True
    api_key: int = OPERATOR_KEY_ID


class Reverse(NamedTuple):
    """A trade to be reversed, under the digest of its idempotency key.

    `rights` says which trades the key may reverse beside its own.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    transaction_id: UUID
    reason: str
    api_key: int = OPERATOR_KEY_ID
    rights: ReversalRights = ReversalRights()


NewEntry = Post | Reverse


class Outcome(NamedTuple):
    """The answer to one entry: a transaction or a refusal. `request_id` is the id of the request that got it first."""

    request_id: str
    transaction: Transaction | None = None
    refusal: Refusal | None = None
    replayed: bool = False


class _AllRefused(Exception):
    """Rolls an atomic batch back, and holds the outcomes, which say why."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def post(ledger: Ledger, entries: Sequence[NewEntry], *, all_or_none: bool = False) -> list[Outcome]:
    """Posts entries, and returns an outcome for each in order: accepted, refused, or replayed.

    A refused entry does not change the outcome of another one. Raises NotWritten when another process took a key, a
    reference or a trade in the meantime. The caller then runs the batch again and sees what the other process wrote.
    """
    # The transaction need not look at the revision, because the statement of the batch's context does.
    with ledger.prices.kept(), ledger.database.writing(is_post=True, looks_at_revision=False) as connection:
        seen, mac_keys = ledger.lineage.seen, ledger.vault.macs.answers
        now = ledger.now()
        context = batch_context.read(connection, {entry.digest for entry in entries}, now, seen.head.no)
        ledger.lineage.confirm(seen, context.mac_at_known, context.register)
        known, ended = dict(context.known), context.revoked_keys | context.expired_keys
        fresh = [entry for entry in entries if entry.digest not in known and entry.api_key not in ended]
        if not fresh and not ended:
            commit_durably(connection)
            return [_replay(entry, known[entry.digest], mac_keys) for entry in entries]
        trades = [entry.trade for entry in fresh if isinstance(entry, Post)]
        reversed_ids = {entry.transaction_id for entry in fresh if isinstance(entry, Reverse)}
        facts = (seen.generation, *context.facts)
        eligibilities = ledger.resident_cache.find(connection, residents_of(trades), facts)
        rulebook = ledger.rules.at(connection, context.rules)
        judge = prepare_judge(
            connection, rulebook, now, ledger.new_id, trades, reversed_ids,
            eligibilities=eligibilities, prices=ledger.prices,
        )  # fmt: skip
        batch = EntryBatch(judge, known, context.revoked_keys, context.expired_keys, mac_keys, ledger.prices)
        is_long = len(entries) >= PLAIN_FROM_ENTRIES
        outcomes = batch.settle_all(entries) if is_long else [batch.settle(entry) for entry in entries]
        if all_or_none and any(outcome.refusal for outcome in outcomes):
            raise _AllRefused(outcomes)
        if not batch.answered:
            # A replay is a promise as well, so what it names must be durable. A transaction that writes needs no more
            # for that: its commit waits for all that was there before.
            commit_durably(connection)
        allowance.save(connection, judge.touched, judge.limits)
        journal.insert(connection, [a.transaction for a in batch.answered if a.transaction is not None])
        idempotency.insert(connection, batch.answered)
        return outcomes


def post_all_or_none(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    """Does what `post` does, but when an entry is refused it writes nothing and remembers nothing."""
    try:
        return post(ledger, entries, all_or_none=True)
    except _AllRefused as all_refused:
        return all_refused.outcomes


@dataclass(slots=True)
class EntryBatch:
    """A batch while the outcomes of its entries are found, in their order.

    `known` has the answers by the digest of their key. `answered` has the answers that this batch has to remember.
    """

    judge: Judge
    known: dict[bytes, Remembered]
    revoked_keys: frozenset[int]
    expired_keys: frozenset[int]
    mac_keys: MacKeys
    prices: PriceBook
    answered: list[Remembered] = field(default_factory=list)

    def settle_all(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        """Finds the outcomes of entries in their order; those of plain posts in less time than `settle` takes."""
        judge, known, mac_of, answered = self.judge, self.known, self.mac_keys.mac_of, self.answered
        plain = PlainJudge(
            judge.rulebook, judge.now, judge.new_id, judge.eligibilities, judge.uses, judge.references, judge.observer
        )
        ended = self.revoked_keys | self.expired_keys
        outcomes: list[Outcome] = []
        accept, add_price, make = plain.accept, self.prices.add, tuple.__new__
        for entry in entries:
            transaction = None
            if type(entry) is Post:
                digest, fingerprint, request_id, trade, _, api_key = entry
                if digest not in known and api_key not in ended:
                    transaction = accept(trade, api_key)
            if transaction is None:
                outcomes.append(self.settle(entry))
                continue
            add_price(transaction)
            mac = mac_of(answer_message(digest, fingerprint, accepted_outcome(transaction)))
            # A named tuple is made in half the time without its names.
            known[digest] = remembered = make(Remembered, (digest, mac, transaction, None))
            answered.append(remembered)
            outcomes.append(make(Outcome, (request_id, transaction, None, False)))
        return outcomes

    def settle(self, entry: NewEntry) -> Outcome:
        """Finds the outcome of one entry. A key that comes twice in a batch is known after its first line."""
        try:
            refuse_ended_key(entry.api_key, self.revoked_keys, self.expired_keys)
        except Unauthenticated as refusal:
            return Outcome(entry.request_id, refusal=refusal.without_frames())
        before = self.known.get(entry.digest)
        if before is not None:
            return _replay(entry, before, self.mac_keys)
        try:
            if isinstance(entry, Post):
                transaction = self.judge.accept(entry.trade, entry.api_key)
            else:
                transaction = self.judge.reverse_entry(entry.transaction_id, entry.reason, entry.api_key, entry.rights)
        except Refusal as refusal:
            if refusal.remembered and (isinstance(entry, Reverse) or entry.refusal_is_final):
                fingerprint = _kept_fingerprint(entry, holds_number=isinstance(refusal, PersonalData))
                text = refusal_text(refusal, entry.request_id, fingerprint)
                self._remember(entry.digest, fingerprint, text.encode(), refusal=text)
            return Outcome(entry.request_id, refusal=refusal.without_frames())
        self.prices.add(transaction)
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
        """Notes the answer to the request with this digest and fingerprint, to be written with its MAC."""
        mac = self.mac_keys.mac_of(answer_message(digest, fingerprint, outcome))
        self.known[digest] = remembered = Remembered(digest, mac, transaction, refusal)
        self.answered.append(remembered)


def refuse_ended_key(api_key: int, revoked_keys: Collection[int], expired_keys: Collection[int]) -> None:
    """Raises Unauthenticated for a key that was revoked or has expired after the request had been let in.

    Then nothing is written, and nothing is remembered.
    """
    if api_key in revoked_keys:
        raise Unauthenticated("This key is revoked.")
    if api_key in expired_keys:
        raise Unauthenticated("This key has expired.")


def _replay(entry: NewEntry, before: Remembered, mac_keys: MacKeys) -> Outcome:
    """Gives the first answer again. The same key with another meaning is refused and changes nothing.

    A key whose stored answer was exchanged is refused too, because its MAC does not fit: no caller gets the trade of
    another one.
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
    """The fingerprint that is kept of a request. For a refusal because of a citizen number, it leaves the number out.

    A fingerprint is no secret: with it a person could find which of an area's 36 million possible numbers was in the
    request.
    """
    if not holds_number:
        return entry.fingerprint
    if isinstance(entry, Post):
        return trade_fingerprint(without_citizen_numbers(entry.trade))
    return reversal_fingerprint(entry.transaction_id, redacted(entry.reason) or "")
