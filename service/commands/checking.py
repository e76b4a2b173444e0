"""Says what posting entries would answer, by the code that posts them, without writing or locking anything.

A check reads one snapshot. Entries that would be accepted count for the later entries of the same check: they use their
allowance, take their reference and answer their key.
"""

import contextlib
from collections.abc import Iterator, Sequence
from uuid import UUID

from service.commands.posting import EntryBatch, NewEntry, Outcome, Post, Reverse
from service.domain.allowance import Use, UseKey
from service.domain.errors import IdempotencyKeyReused
from service.judging import prepare_judge
from service.ledger import Ledger
from service.storage import batch_context
from service.storage.doubles import FoundTrade, SameTrade, same_trade
from service.storage.engine import Connection
from service.storage.prices import PriceBook


class EntryChecker:
    """A check of many entries, which come in several parts. It keeps 300 bytes for each entry that it has accepted."""

    def __init__(self, ledger: Ledger, connection: Connection) -> None:
        """Begins a check in the snapshot of the connection."""
        self._ledger, self._connection = ledger, connection
        self._uses: dict[UseKey, Use] = {}
        self._references: dict[tuple[str, str], UUID] = {}
        self._doubles: dict[SameTrade, FoundTrade] = {}
        """The trades that were accepted in earlier parts, by what they say."""
        self._prices = PriceBook()
        """The check has prices of its own: what it accepts is not written, and is no price for those who post."""
        self._accepted: dict[bytes, bytes] = {}
        """The fingerprints of the entries that were accepted in earlier parts, by the digests of their keys."""

    def check(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        """The outcomes of the next entries, in order, as posting them after all entries before would give them."""
        told = [self._repeated(entry) for entry in entries]
        rest = [entry for entry, outcome in zip(entries, told, strict=True) if outcome is None]
        outcomes = iter(self._judge(rest))
        return [outcome or next(outcomes) for outcome in told]

    def _repeated(self, entry: NewEntry) -> Outcome | None:
        """The outcome of an entry whose key an earlier part has used; None for any other entry."""
        fingerprint = self._accepted.get(entry.digest)
        if fingerprint is None:
            return None
        if fingerprint == entry.fingerprint:
            return Outcome(entry.request_id, replayed=True)
        why = "This key stands for another line of the same file; send a new key for a new request."
        return Outcome(entry.request_id, refusal=IdempotencyKeyReused(why))

    def _judge(self, entries: Sequence[NewEntry]) -> list[Outcome]:
        ledger = self._ledger
        context = batch_context.read(self._connection, {entry.digest for entry in entries}, ledger.now())
        trades = [entry.trade for entry in entries if isinstance(entry, Post)]
        reversed_ids = {entry.transaction_id for entry in entries if isinstance(entry, Reverse)}
        rulebook = ledger.rules.at(self._connection, context.rules)
        judge = prepare_judge(
            self._connection, rulebook, ledger.now(), ledger.new_id, trades, reversed_ids,
            prices=self._prices, locking=False,
        )  # fmt: skip
        judge.uses.update({key: use for key, use in self._uses.items() if key in judge.uses})
        judge.references.update(self._references)
        batch = EntryBatch(
            judge, dict(context.known), context.revoked_keys, context.expired_keys, ledger.vault.macs.answers,
            self._prices,
        )  # fmt: skip
        for said in (same_trade(trade, trade.day) for trade in trades):
            if said in self._doubles:
                judge.observer.doubles.setdefault(said, self._doubles[said])
        outcomes = batch.settle_all(entries)
        for outcome in outcomes:
            if outcome.transaction is not None and not outcome.replayed:
                accepted = outcome.transaction
                said = same_trade(accepted, accepted.day)
                self._doubles.setdefault(said, (accepted.transaction_id, accepted.trade_point))
        self._uses.update(judge.touched)
        self._references = judge.references
        self._accepted |= {
            entry.digest: entry.fingerprint
            for entry, outcome in zip(entries, outcomes, strict=True)
            if outcome.transaction is not None and not outcome.replayed
        }
        return outcomes


@contextlib.contextmanager
def checking(ledger: Ledger) -> Iterator[EntryChecker]:
    """Opens a snapshot, and gives a check in it."""
    with ledger.database.reading() as connection:
        yield EntryChecker(ledger, connection)


def check(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
    """The outcomes that posting these entries now would give, in order. It writes and remembers nothing."""
    with checking(ledger) as checker:
        return checker.check(entries)
