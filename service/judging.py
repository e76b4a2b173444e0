"""Judges a batch: it fetches and locks everything that the batch depends on at once, then judges each entry in order.

Posting and quoting use the same code, so that a quote can't differ from the write.
"""

import datetime
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.domain.allowance import NO_LIST_GROUP, Judgement, Rules, Use, UseKey, judge
from service.domain.available import NOTHING_AVAILABLE, UNUSED, AvailableAllowance
from service.domain.errors import (
    AllowanceExceeded,
    AlreadyReversed,
    HasTransfers,
    NotFound,
    NotReversible,
    ReferenceExists,
    ResidentNotActive,
    UnknownResident,
)
from service.domain.keys import ReversalRights
from service.domain.mandates import Mandate, MandatedPair, pairs_of, refuse_unmandated, residents_of
from service.domain.money import format_cny, format_kg
from service.domain.personal_data import refuse_personal_data
from service.domain.residents import Eligibility, resident_id
from service.domain.rulebook import Rulebook
from service.domain.transactions import (
    MARKET_TIME,
    DatedTrade,
    Recording,
    Trade,
    Transaction,
    no_transaction,
    record,
    refuse_citizen_numbers,
    refuse_impossible,
    reverse,
)
from service.domain.transfers import transfer_id
from service.storage import allowance, journal, transferred
from service.storage.allowance import Limit
from service.storage.engine import Connection
from service.storage.mandates import find_of_pairs
from service.storage.observing import Observer, prepare_observer
from service.storage.prices import PriceBook
from service.storage.resident_cache import find_eligibilities

TRANSFERS_NAMED_MAX = 100
"""How many live transfers of a trade its refused reversal names at most."""
_NOTHING_RELATED = journal.Related({}, {}, {})


@dataclass(slots=True)
class Judge:
    """Judges the entries of a batch, by what was fetched for it and by what its earlier entries have used."""

    rulebook: Rulebook
    now: datetime.datetime
    new_id: Callable[[], UUID]
    eligibilities: Mapping[int, Eligibility]
    uses: dict[UseKey, Use]
    limits: Mapping[UseKey, Limit]
    trades: dict[UUID, Transaction]
    reversals: dict[UUID, UUID]
    transfers: Mapping[UUID, Sequence[int]]
    """The live transfers of the trades that the batch wants to reverse, by their numbers."""
    references: dict[tuple[str, str], UUID]
    mandates: Mapping[MandatedPair, Sequence[Mandate]]
    observer: Observer

    @property
    def touched(self) -> dict[UseKey, Use]:
        """The allowance rows to be written, because the batch has used or returned something of them."""
        return {key: use for key, use in self.uses.items() if use.is_touched}

    def accept(self, trade: Trade, recorded_by: int | None = None) -> Transaction:
        """Judges a trade, takes what it uses out of the allowance, and returns its entry.

        `recorded_by` is the id of the API key; a quote has none.

        Raises PersonalData, ValidationFailed, UnknownResident, ResidentNotActive, NotMandated, CategoryHsMismatch,
        HsCodeRequired, ReferenceExists or AllowanceExceeded; then the trade uses nothing.
        """
        refuse_citizen_numbers(trade)
        day = trade.day
        rules = self.rulebook.on(day)
        eligibility = self._eligibility_of(trade.resident, day)
        if trade.declarant is not None:
            self._eligibility_of(trade.declarant, day)
            pair = MandatedPair(trade.declarant, trade.resident)
            refuse_unmandated(pair, day, self.mandates[pair])
        refuse_impossible(trade, rules, self.rulebook.countries, self.now)
        if trade.reference is not None:
            self._refuse_known_reference(trade.trade_point, trade.reference)
        available = self._available_of(trade, day, rules)
        judgement = judge(
            is_import=trade.direction == "import",
            amount_fen=trade.amount_fen,
            quantity_g=trade.quantity_g,
            group=available.group,
            rules=rules,
            used_fen=available.value.exempt_fen,
            used_g=available.weight.quantity_g,
        )
        if trade.refuse_over_allowance and judgement.exempt_fen < trade.amount_fen:
            raise self._exceeded(trade, rules, judgement, available)
        available.use(judgement.exempt_fen, judgement.exempt_quantity_g)
        whose = eligibility.group_on(day), eligibility.settlement
        verified = rules.verified or not trade.is_import  # No rule decides the verdict of an export.
        new_id = self.new_id()
        warnings = self.observer.warnings_of(trade, day, new_id, rules, available.value.exempt_fen)
        recording = Recording(new_id, day, self.now, recorded_by, *whose, verified, warnings)
        transaction = record(trade, judgement, recording)
        if trade.reference is not None:
            self.references[trade.trade_point, trade.reference] = transaction.transaction_id
        return transaction

    def reverse_entry(self, transaction_id: UUID, reason: str, recorded_by: int, rights: ReversalRights) -> Transaction:
        """Gives back what a trade has used of the allowance, and returns the entry that reverses the trade.

        `recorded_by` is the id of the API key, and `rights` says what it may reverse beside its own trades.

        Raises PersonalData for a citizen number in the reason, NotFound, NotReversible, Forbidden for a trade that
        another key has recorded, AlreadyReversed, HasTransfers.
        """
        refuse_personal_data([("/reason", reason)])
        trade = self.trades.get(transaction_id)
        if trade is None or rights.trade_point not in {None, trade.trade_point}:
            raise NotFound(no_transaction(transaction_id, rights.trade_point))
        if trade.kind == "reversal":
            raise NotReversible(f"{transaction_id} is a reversal itself; post the trade again if it was right.")
        rights.refuse_others(transaction_id, trade.recorded_by, recorded_by)
        reversal_id = self.reversals.get(transaction_id)
        if reversal_id is not None:
            raise AlreadyReversed(f"{transaction_id} was reversed by {reversal_id}.", reversal_id=str(reversal_id))
        self._refuse_transferred(transaction_id)
        reversal = reverse(trade, reason, transaction_id=self.new_id(), recorded_at=self.now, recorded_by=recorded_by)
        self._return(trade)
        self.reversals[transaction_id] = reversal.transaction_id
        self.observer.note_reversal(trade)
        return reversal

    def remaining_fen(self, trade: Trade) -> int:
        """What is left of the value limit on the trade's day, in fen."""
        return max(0, self.rulebook.on(trade.day).limit_fen - self._used_fen(trade.resident, trade.day))

    def _eligibility_of(self, resident: int, day: datetime.date) -> Eligibility:
        eligibility = self.eligibilities.get(resident)
        if eligibility is None:
            raise UnknownResident(f"No resident {resident_id(resident)} is registered; register the resident first.")
        why = eligibility.why_not_active(day)
        if why is not None:
            raise ResidentNotActive(f"{resident_id(resident)} can't trade on {day}: the resident {why}.")
        return eligibility

    def _refuse_known_reference(self, trade_point: str, reference: str) -> None:
        known = self.references.get((trade_point, reference))
        if known is not None:
            raise ReferenceExists(
                f"{trade_point} has the reference {reference!r} already, on transaction {known}.",
                transaction_id=str(known),
            )

    def _refuse_transferred(self, transaction_id: UUID) -> None:
        numbers = self.transfers.get(transaction_id)
        if numbers:
            names = [transfer_id(number) for number in numbers[:TRANSFERS_NAMED_MAX]]
            raise HasTransfers(
                f"Goods of {transaction_id} have gone on by {', '.join(names)}; reverse these transfers first.",
                transfer_ids=names,
            )

    def _available_of(self, trade: Trade, day: datetime.date, rules: Rules) -> AvailableAllowance:
        if trade.direction != "import":
            return NOTHING_AVAILABLE
        value = self.uses[trade.resident, day, NO_LIST_GROUP]
        group = rules.list_group_of(trade.hs_code)
        return AvailableAllowance(value, group, UNUSED if group is None else self.uses[trade.resident, day, group.name])

    def _return(self, trade: Transaction) -> None:
        """Gives back exactly what the trade has used, also of a list group that is no longer on the list."""
        if trade.direction == "import":
            value = self.uses[trade.resident, trade.day, NO_LIST_GROUP]
            value.exempt_fen -= trade.exempt_fen
            value.is_touched = True
            if trade.list_group is not None:
                weight = self.uses[trade.resident, trade.day, trade.list_group]
                weight.quantity_g -= trade.exempt_quantity_g
                weight.is_touched = True

    def _used_fen(self, resident: int, day: datetime.date) -> int:
        use = self.uses.get((resident, day, NO_LIST_GROUP))
        return 0 if use is None else use.exempt_fen

    def _exceeded(
        self, trade: Trade, rules: Rules, judgement: Judgement, available: AvailableAllowance
    ) -> AllowanceExceeded:
        used_fen = self._used_fen(trade.resident, trade.day)
        over_weight = ""
        if available.group is not None and judgement.exempt_quantity_g < trade.quantity_g:
            free_kg, left_kg = format_kg(available.group.free_g), format_kg(available.left_g)
            over_weight = (
                f"Of the list group {available.group.name} {left_kg} kg of {free_kg} kg are left free that day. "
            )
        return AllowanceExceeded(
            f"{format_cny(trade.amount_fen - judgement.exempt_fen)} CNY of the trade would be taxed on {trade.day}, "
            f"and it asked to be refused then. {over_weight}"
            'Send over_allowance "tax", a smaller trade, or another business day.',
            limit_cny=format_cny(rules.limit_fen),
            used_cny=format_cny(used_fen),
            remaining_cny=format_cny(max(0, rules.limit_fen - used_fen)),
        )


def prepare_judge(  # the one place that fetches and locks for a batch
    connection: Connection,
    rulebook: Rulebook,
    now: datetime.datetime,
    new_id: Callable[[], UUID],
    trades: Sequence[Trade],
    reversed_ids: Collection[UUID] = (),
    *,
    eligibilities: Mapping[int, Eligibility] | None = None,
    prices: PriceBook | None = None,
    locking: bool = True,
) -> Judge:
    """A judge with everything that these trades and reversals depend on.

    It takes at most three statements, for any number of trades, one more when a declarant is not the buyer, one more
    when a trade is to be reversed, and those of the warnings. `eligibilities` are those of the residents whom the
    trades name, if the caller knows them; there may be more. `prices` are those that the process knows.
    """
    if eligibilities is None:
        eligibilities = find_eligibilities(connection, residents_of(trades))
    pairs = pairs_of(trades)
    marks = {(t.trade_point, t.reference) for t in trades if t.reference is not None}
    related = journal.find_related(connection, reversed_ids, marks) if marks or reversed_ids else _NOTHING_RELATED
    to_reverse = [known for known_id, known in related.by_id.items() if known_id in reversed_ids]
    dated = [(trade, trade.day) for trade in trades]  # The day of a trade is computed, and a batch needs it often.
    limits = _limits(rulebook, [one for one in dated if one[0].resident in eligibilities], to_reverse)
    uses = allowance.lock(connection, limits) if locking else allowance.find(connection, limits)
    # Behind the locks, because a transfer of one of these trades locks the same rows before it looks for reversals.
    live_transfers = transferred.find_live_transfers(connection, reversed_ids) if to_reverse else {}
    now = now.astimezone(MARKET_TIME)  # Python compares instants of one time zone five times faster.
    book = PriceBook() if prices is None else prices
    book.read(connection, dated)
    return Judge(
        rulebook=rulebook,
        now=now,
        new_id=new_id,
        eligibilities=eligibilities,
        uses=uses,
        limits=limits,
        trades=dict(related.by_id),
        reversals={trade: reversal.transaction_id for trade, reversal in related.reversals.items()},
        transfers=live_transfers,
        references={mark: known.transaction_id for mark, known in related.by_reference.items()},
        mandates=find_of_pairs(connection, pairs) if pairs else {},
        observer=prepare_observer(connection, rulebook, now.date(), book, dated, uses),
    )


def _limits(
    rulebook: Rulebook, trades: Sequence[DatedTrade], reversed_trades: Collection[Transaction]
) -> dict[UseKey, Limit]:
    """Every allowance row that the batch may touch, with the limits of its day."""
    limits: dict[UseKey, Limit] = {}
    value_limits: dict[datetime.date, Limit] = {}
    for resident, day, list_group in _touched(rulebook, trades, reversed_trades):
        value_limit = value_limits.get(day)
        if value_limit is None:
            value_limit = value_limits[day] = Limit(rulebook.on(day).limit_fen, 0)
        limits[resident, day, NO_LIST_GROUP] = value_limit
        if list_group is not None:
            # The group of a reversed trade may have left the list since. Its row exists, and keeps its own limit.
            group = rulebook.on(day).list_groups.get(list_group)
            limits[resident, day, list_group] = Limit(0, 0 if group is None else group.free_g)
    return limits


def _touched(
    rulebook: Rulebook, trades: Sequence[DatedTrade], reversed_trades: Collection[Transaction]
) -> Iterator[tuple[int, datetime.date, str | None]]:
    names: dict[tuple[datetime.date, str | None], str | None] = {}
    for trade, day in trades:
        if trade.direction == "import":
            goods = day, trade.hs_code
            if goods not in names:
                group = rulebook.on(day).list_group_of(trade.hs_code)
                names[goods] = None if group is None else group.name
            yield trade.resident, day, names[goods]
    for known in reversed_trades:
        if known.direction == "import":
            yield known.resident, known.day, known.list_group
