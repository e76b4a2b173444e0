"""Posts several entries all or none under one idempotency key, which remembers one text for the whole request.

Each entry also has an idempotency key of its own, because the MAC of its answer vouches for it. The digest of that key
is derived from the digest of the request's key and the entry's place in the request, so that a replay finds the entries
again: the remembered text holds their number only.
"""

import datetime
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from service.commands.posting import EntryBatch, NewEntry, Post, Reverse, refuse_ended_key
from service.commands.refused import refusal_of, refusal_text
from service.domain.errors import IdempotencyKeyReused, PersonalData, Refusal
from service.domain.idempotency import (
    answer_message,
    fingerprint_of,
    place_digest,
    reversal_fingerprint,
    trade_fingerprint,
)
from service.domain.keys import OPERATOR_KEY_ID, ReversalRights
from service.domain.macs import MacKeys
from service.domain.mandates import residents_of
from service.domain.transactions import Trade, Transaction
from service.judging import prepare_judge
from service.ledger import Ledger
from service.storage import allowance, batch_context, idempotency, journal
from service.storage.batch_context import BatchContext
from service.storage.committing import commit_durably
from service.storage.engine import Connection
from service.storage.idempotency import Remembered

_ENTRIES, _REQUEST_ID = "entries", "request_id"


class ToReverse(NamedTuple):
    """A trade that a request wants to reverse, and why."""

    transaction_id: UUID
    reason: str


def as_it_is(_place: int, refusal: Refusal) -> Refusal:
    """Returns the refusal unchanged."""
    return refusal


class Together(NamedTuple):
    """A request whose entries are posted all or none, under the digest of its idempotency key.

    `find_entries` says which entries the request means: trades, or trades to reverse. It runs inside of the database
    transaction, only for a key that is new; it may read and lock, must not write, and may raise a Refusal. `explain`
    gets the place of the first refused entry with its refusal, and returns the refusal of the whole request.
    `fingerprint_without_numbers` is kept in the place of `fingerprint` when the request is refused because it holds a
    citizen number. `rights` says which trades the key may reverse beside its own.
    """

    digest: bytes
    fingerprint: bytes
    request_id: str
    find_entries: Callable[[Connection], Sequence[Trade | ToReverse]]
    explain: Callable[[int, Refusal], Refusal] = as_it_is
    fingerprint_without_numbers: bytes | None = None
    api_key: int = OPERATOR_KEY_ID
    rights: ReversalRights = ReversalRights()
    """Which trades the key may reverse beside its own."""


class TogetherOutcome(NamedTuple):
    """The answer to a request: all its entries in order, or a refusal and no entry.

    `request_id` is the id of the request that got the answer first.
    """

    request_id: str
    transactions: Sequence[Transaction] = ()
    refusal: Refusal | None = None
    replayed: bool = False


def post_together(ledger: Ledger, request: Together) -> TogetherOutcome:
    """Posts the entries of a request all or none, or gives the first answer to its key again.

    A final refusal is remembered under the key; any other refusal leaves nothing behind. Raises NotWritten when another
    process took a key, a reference or a trade in the meantime, and may then be run again.
    """
    try:
        with ledger.prices.kept(), ledger.database.writing(is_post=True, looks_at_revision=False) as connection:
            return _answer(connection, ledger, request)
    except Refusal as refusal:
        return TogetherOutcome(request.request_id, refusal=refusal.without_frames())


def _answer(connection: Connection, ledger: Ledger, request: Together) -> TogetherOutcome:
    seen, mac_keys = ledger.lineage.seen, ledger.vault.macs.answers
    now = ledger.now()
    context = batch_context.read(connection, {request.digest}, now, seen.head.no)
    ledger.lineage.confirm(seen, context.mac_at_known, context.register)
    refuse_ended_key(request.api_key, context.revoked_keys, context.expired_keys)
    before = context.known.get(request.digest)
    if before is not None:
        commit_durably(connection)  # A replay is a promise as well, so what it names must be durable.
        return _replay(connection, request, before, mac_keys, now)
    try:
        batch = _judged(connection, ledger, request, now, context)
    except Refusal as refusal:
        # No entry is written before all are judged, so the transaction can go on and remember the refusal.
        if not refusal.remembered:
            raise
        fingerprint = _kept_fingerprint(request, holds_number=isinstance(refusal, PersonalData))
        _remember(
            connection, request.digest, fingerprint, refusal_text(refusal, request.request_id, fingerprint), mac_keys
        )
        return TogetherOutcome(request.request_id, refusal=refusal.without_frames())
    transactions = [answer.transaction for answer in batch.answered if answer.transaction is not None]
    allowance.save(connection, batch.judge.touched, batch.judge.limits)
    journal.insert(connection, transactions)
    idempotency.insert(connection, batch.answered)
    told = {_ENTRIES: len(transactions), _REQUEST_ID: request.request_id}
    text = orjson.dumps({"told": told, "fingerprint": request.fingerprint.hex()}).decode()
    _remember(connection, request.digest, request.fingerprint, text, mac_keys)
    return TogetherOutcome(request.request_id, transactions)


def _judged(
    connection: Connection, ledger: Ledger, request: Together, now: datetime.datetime, context: BatchContext
) -> EntryBatch:
    """The batch of the request's entries, all of them accepted. Raises the refusal of the first that is not."""
    wanted = request.find_entries(connection)
    entries = [_entry(request, place, one) for place, one in enumerate(wanted)]
    trades = [entry.trade for entry in entries if isinstance(entry, Post)]
    reversed_ids = {entry.transaction_id for entry in entries if isinstance(entry, Reverse)}
    facts = (ledger.lineage.seen.generation, *context.facts)
    eligibilities = ledger.resident_cache.find(connection, residents_of(trades), facts)
    rulebook = ledger.rules.at(connection, context.rules)
    judge = prepare_judge(
        connection, rulebook, now, ledger.new_id, trades, reversed_ids,
        eligibilities=eligibilities, prices=ledger.prices,
    )  # fmt: skip
    batch = EntryBatch(judge, {}, frozenset(), frozenset(), ledger.vault.macs.answers, ledger.prices)
    for place, entry in enumerate(entries):
        refusal = batch.settle(entry).refusal
        if refusal is not None:
            raise request.explain(place, refusal)
    return batch


def _entry(request: Together, place: int, wanted: Trade | ToReverse) -> NewEntry:
    """The entry to post, under the digest of its own key."""
    digest = place_digest(request.digest, place)
    if isinstance(wanted, Trade):
        return Post(digest, trade_fingerprint(wanted), request.request_id, wanted, api_key=request.api_key)
    fingerprint = reversal_fingerprint(*wanted)
    return Reverse(digest, fingerprint, request.request_id, *wanted, request.api_key, request.rights)


def _remember(connection: Connection, digest: bytes, fingerprint: bytes, text: str, mac_keys: MacKeys) -> None:
    mac = mac_keys.mac_of(answer_message(digest, fingerprint, text.encode()))
    idempotency.insert(connection, [Remembered(digest, mac, refusal=text)])


def _kept_fingerprint(request: Together, *, holds_number: bool) -> bytes:
    """The fingerprint that is kept of a request: one without the number when it was refused for a citizen number."""
    return (holds_number and request.fingerprint_without_numbers) or request.fingerprint


def _replay(
    connection: Connection, request: Together, before: Remembered, mac_keys: MacKeys, now: datetime.datetime
) -> TogetherOutcome:
    """The first answer again, with entries that the ledger has under the keys of the request's places.

    Raises IdempotencyKeyReused when the key was used for another request, or a stored answer was exchanged.
    """
    reused = IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
    document: dict[str, Any] = {} if before.refusal is None else orjson.loads(before.refusal)
    asked = request.digest, _kept_fingerprint(request, holds_number=document.get("code") == PersonalData.code)
    if not any(mac_keys.fits(before.mac, answer_message(*asked, outcome)) for outcome in before.outcomes):
        raise reused
    if "told" not in document:
        return TogetherOutcome(document["request_id"], refusal=refusal_of(document), replayed=True)
    digests = [place_digest(request.digest, place) for place in range(document["told"][_ENTRIES])]
    known = batch_context.read(connection, digests, now).known
    transactions = [_entry_under(known.get(digest), mac_keys) for digest in digests]
    found = [transaction for transaction in transactions if transaction is not None]
    if len(found) != len(digests):
        raise reused
    return TogetherOutcome(document["told"][_REQUEST_ID], found, replayed=True)


def _entry_under(before: Remembered | None, mac_keys: MacKeys) -> Transaction | None:
    """The entry that was accepted under a key; None when the ledger has none, or another one than it answered."""
    entry = None if before is None else before.transaction
    if before is None or entry is None:
        return None
    asked = before.digest, fingerprint_of(entry)
    is_sound = any(mac_keys.fits(before.mac, answer_message(*asked, outcome)) for outcome in before.outcomes)
    return entry if is_sound else None
