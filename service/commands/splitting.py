"""Posts the split of a consignment: all of its parts in one database transaction, or none of them.

The request has one remembered answer, and each part has an answer of its own under a digest that is derived from the
request's key and the part's place. So a retry gets the same entries, and `hushi verify` finds each entry under one key.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import orjson

from service.commands.posting import refuse_ended_key
from service.commands.refused import refusal_of, refusal_text
from service.domain.consignments import RegisteredConsignment
from service.domain.errors import (
    ConsignmentNotCovered,
    IdempotencyKeyReused,
    NotFound,
    Refusal,
    SplitOutdated,
    ValidationFailed,
)
from service.domain.idempotency import (
    accepted_outcome,
    answer_message,
    fingerprint_of,
    key_digest,
    request_fingerprint,
)
from service.domain.macs import MacKeys
from service.domain.money import format_cny, format_kg
from service.domain.proposals import PROPOSAL_PURPOSE, Proposal, read_token
from service.domain.transactions import Transaction
from service.ledger import Ledger
from service.planning import SplitPlan, plan_split
from service.storage import allowance, batch_context, consignments, idempotency, journal
from service.storage.batch_context import BatchContext
from service.storage.consignments import ConsignmentKey
from service.storage.engine import Connection
from service.storage.faults import NotWritten
from service.storage.idempotency import Remembered

SPLIT_ROUTE = "consignments/split"
ATTEMPTS_MAX = 8
"""How often a split is begun again when other transactions have taken its rows first."""


class SplitRequest(NamedTuple):
    """A split to be posted: its proposal's token, and the idempotency key of its caller.

    The proposal must be one of this consignment, and of this trade point, unless that is None.
    """

    consignment: str
    token: str
    api_key: int
    key: str
    request_id: str
    trade_point: str | None = None

    @property
    def digest(self) -> bytes:
        """The name of the request."""
        return key_digest(self.api_key, SPLIT_ROUTE, self.key)

    @property
    def fingerprint(self) -> bytes:
        """The digest of what the request means."""
        return request_fingerprint(self.consignment, self.token)

    def part_digest(self, place: int) -> bytes:
        """The name of one part of the split, by its place from 0."""
        return key_digest(self.api_key, f"{SPLIT_ROUTE}/{place}", self.key)


class PostedSplit(NamedTuple):
    """The entries of a split in their order, and whether an earlier request with the same key has posted it."""

    entries: Sequence[Transaction]
    replayed: bool


def _refuse_unknown_consignment(ledger: Ledger, request: SplitRequest) -> None:
    """Raises NotFound for a consignment that the trade point does not have, as asking for it does.

    So a key of one trade point does not learn from the refusal what stands in a proposal of another one.
    """
    if request.trade_point is not None:
        key = ConsignmentKey(request.trade_point, request.consignment)
        with ledger.database.reading() as connection:
            if consignments.find(connection, key) is None:
                raise NotFound(f"{key.trade_point} has no consignment {key.consignment!r}.")


def post_split(ledger: Ledger, request: SplitRequest) -> PostedSplit:
    """Splits a consignment as it was proposed, and posts all parts or none.

    Raises NotFound; ValidationFailed for a token that the ledger has not given out, for one of another consignment,
    and for a split without any part; SplitOutdated, ConsignmentNotCovered; IdempotencyKeyReused, Unauthenticated; and
    what judging a trade raises. Final refusals are remembered under the key.
    """
    proposal = read_token(request.token, MacKeys([ledger.vault.derive(PROPOSAL_PURPOSE)]))
    _refuse_unknown_consignment(ledger, request)
    if proposal.consignment != request.consignment or request.trade_point not in {None, proposal.trade_point}:
        raise ValidationFailed.of(
            "/proposal", "other-consignment", "The proposal is one of another consignment; send it to its address."
        )
    for _ in range(ATTEMPTS_MAX - 1):
        try:
            return _post(ledger, request, proposal)
        except NotWritten as race:
            if not race.is_race:
                raise
    return _post(ledger, request, proposal)


def _post(ledger: Ledger, request: SplitRequest, proposal: Proposal) -> PostedSplit:
    refusal: Refusal | None = None
    with ledger.prices.kept(), ledger.database.writing() as connection:
        # The consignment is locked before the key is looked up: when two requests with one key come together, the
        # second one waits here, and sees then what the first one has answered.
        registered = consignments.lock(connection, ConsignmentKey(proposal.trade_point, proposal.consignment))
        if registered is None:
            raise NotFound(f"{proposal.trade_point} has no consignment {proposal.consignment!r}.")
        context = _context(connection, ledger, [request.digest])
        refuse_ended_key(request.api_key, context.revoked_keys, context.expired_keys)
        before = context.known.get(request.digest)
        if before is not None:
            return _replay(connection, ledger, request, before)
        try:
            plan = _plan(connection, ledger, registered, request, proposal, context)
            entries = [one.entry for one in plan.entries]
            allowance.save(connection, plan.judge.touched, plan.judge.limits)
            journal.insert(connection, entries)
            for entry in entries:
                ledger.prices.add(entry)
            idempotency.insert(connection, _answers(ledger.vault.macs.answers, request, entries))
        except Refusal as raised:
            if not raised.remembered:
                raise
            text = refusal_text(raised, request.request_id, request.fingerprint)
            idempotency.insert(connection, [_remembered(ledger.vault.macs.answers, request, text)])
            refusal = raised
    if refusal is not None:
        raise refusal
    return PostedSplit(entries, replayed=False)


def _context(connection: Connection, ledger: Ledger, digests: Sequence[bytes]) -> BatchContext:
    seen = ledger.lineage.seen
    context = batch_context.read(connection, digests, ledger.now(), seen.head.no)
    ledger.lineage.confirm(seen, context.mac_at_known, context.register)
    return context


def _plan(
    connection: Connection,
    ledger: Ledger,
    registered: RegisteredConsignment,
    request: SplitRequest,
    proposal: Proposal,
    context: BatchContext,
) -> SplitPlan:
    """The split as it is judged now; nothing is written yet when this raises."""
    find_eligibilities = functools.partial(
        ledger.resident_cache.find, connection, facts=(ledger.lineage.seen.generation, *context.facts)
    )
    plan = plan_split(
        connection,
        ledger,
        ledger.rules.at(connection, context.rules),
        registered,
        proposal.terms,
        find_eligibilities,
        recorded_by=request.api_key,
        locking=True,
    )
    if plan.digest != proposal.digest:
        raise SplitOutdated(
            "The allowances, the residents or the consignment have changed since the split was proposed. "
            "Nothing was posted: ask for a new proposal, look at it, and post that one."
        )
    _refuse_uncovered(plan)
    if not plan.entries:
        raise ValidationFailed.of(
            "/proposal",
            "nothing-to-post",
            "No resident gets a part, so there is nothing to post; propose another split.",
        )
    return plan


def _refuse_uncovered(plan: SplitPlan) -> None:
    terms = plan.terms
    if plan.is_covered or terms.leaves or terms.remainder_to is not None:
        return
    left = ", ".join(
        f"line {no}: {format_kg(one.quantity_g)} kg of {format_cny(one.amount_fen)} CNY"
        for no, one in enumerate(plan.left, 1)
        if one.quantity_g
    )
    raise ConsignmentNotCovered(
        f"The residents have no room for {left}. Propose the split with more residents, or with a remainder: "
        '"leave" leaves it on the consignment, and a resident id has it taxed to that resident.'
    )


def _answers(mac_keys: MacKeys, request: SplitRequest, entries: Sequence[Transaction]) -> list[Remembered]:
    """The answers to be remembered: one for each part, and one for the request."""
    told = {"told": {"parts": len(entries)}, "fingerprint": request.fingerprint.hex()}
    answers = [_remembered(mac_keys, request, orjson.dumps(told).decode())]
    for place, entry in enumerate(entries):
        digest = request.part_digest(place)
        message = answer_message(digest, fingerprint_of(entry), accepted_outcome(entry))
        answers.append(Remembered(digest, mac_keys.mac_of(message), entry))
    return answers


def _remembered(mac_keys: MacKeys, request: SplitRequest, text: str) -> Remembered:
    message = answer_message(request.digest, request.fingerprint, text.encode())
    return Remembered(request.digest, mac_keys.mac_of(message), refusal=text)


def _replay(connection: Connection, ledger: Ledger, request: SplitRequest, before: Remembered) -> PostedSplit:
    """The first answer again. Raises the refusal that it was, and IdempotencyKeyReused."""
    text = before.refusal or ""
    message = answer_message(request.digest, request.fingerprint, text.encode())
    if not ledger.vault.macs.answers.fits(before.mac, message):
        raise IdempotencyKeyReused("This key was used for another request; send a new key for a new request.")
    document = orjson.loads(text)
    if "told" not in document:
        raise refusal_of(document)
    digests = [request.part_digest(place) for place in range(document["told"]["parts"])]
    known = _context(connection, ledger, digests).known
    entries = [entry for digest in digests if (entry := known[digest].transaction) is not None]
    return PostedSplit(entries, replayed=True)
