"""Records transfers and their reversals; a request that comes twice under one key does it once.

A transfer takes the lock of registrations, and then locks the allowance rows of its trades in sorted order. Only behind
these locks it reads which of the trades are reversed, and what of them has gone on (decisions/0028).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from service.commands.once import Attempt, remember, writing_once
from service.domain.enterprises import enterprise_id
from service.domain.errors import (
    AlreadyReversed,
    EnterpriseNotActive,
    FieldError,
    NotFound,
    QuantityExceeded,
    ValidationFailed,
)
from service.domain.keys import OPERATOR_KEY_ID, OPERATOR_RIGHTS, ReversalRights
from service.domain.money import format_kg
from service.domain.personal_data import refuse_personal_data
from service.domain.recorded_transfers import TransferWithLines, refuse_irreversible
from service.domain.transfer_lines import (
    MarketTrade,
    StatedGoods,
    TradeState,
    lines_of,
    named_trades,
    refuse_impossible_transfer,
    refuse_too_early,
)
from service.domain.transfers import KIND_FOR, TRANSFER_LINES_MAX, GoneOn, NewTransfer, TransferLine
from service.ledger import Ledger
from service.storage import enterprises, facts, transferred, transfers
from service.storage.engine import Connection
from service.storage.transfers import Parties


class PlannedTransfer(NamedTuple):
    """The lines that a transfer would have now, with their trades, and the states that they were judged by."""

    trades: Sequence[MarketTrade]
    states: Mapping[int, TradeState]
    lines: Sequence[TransferLine]

    @property
    def gone(self) -> dict[int, GoneOn]:
        """What of each trade would have gone on with this transfer, by the places of the trades."""
        before = {trade.place: self.states[trade.place].gone for trade in self.trades if trade.place in self.states}
        return {
            line.place: GoneOn(
                before.get(line.place, GoneOn()).quantity_g + line.quantity_g,
                before.get(line.place, GoneOn()).amount_fen + line.amount_fen,
            )
            for line in self.lines
        }

    def parties(self, consignment: str | None) -> Parties:
        """What the row of the transfer says of its trades."""
        points = {trade.trade_point for trade in self.trades}
        residents = {trade.resident for trade in self.trades}
        return Parties(points.pop() if len(points) == 1 else None, consignment, len(residents))


def post_transfer(
    ledger: Ledger,
    stated: NewTransfer,
    goods: StatedGoods,
    api_key: int = OPERATOR_KEY_ID,
    attempt: Attempt | None = None,
    trade_point: str | None = None,
) -> TransferWithLines:
    """Records that goods of trades go on to an enterprise, all lines or none.

    `trade_point` is the only one whose trades the caller may see, None for all. A request that comes again under its
    key gets the first answer again. Raises what `plan_transfer` raises, IdempotencyKeyReused; NotWritten when the
    database was lost before the commit, OutcomeUnknown when it was lost during the commit.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            first = _with_lines(connection, before["transfer"])
            return first._replace(transfer=first.transfer.as_first_answered())
        planned = plan_transfer(connection, ledger, stated, goods, trade_point)
        parties = planned.parties(goods.consignment)
        number = transfers.insert(connection, stated, parties, planned.lines, ledger.now(), api_key)
        transferred.add(connection, planned.trades, planned.states, planned.lines)
        facts.add(connection, ledger.vault.macs.facts, "transfer", [number])
        remember(connection, ledger, attempt, transfer=number)
        return _with_lines(connection, number)


def reverse_transfer(
    ledger: Ledger,
    number: int,
    reason: str,
    api_key: int = OPERATOR_KEY_ID,
    rights: ReversalRights = OPERATOR_RIGHTS,
    attempt: Attempt | None = None,
) -> TransferWithLines:
    """Reverses a transfer whole, once: its goods may go on again, and its trades may be reversed.

    Raises PersonalData for a citizen number in the reason, NotFound, Forbidden for a transfer that another key has
    recorded, AlreadyReversed, TransferInBatch, IdempotencyKeyReused.
    """
    with writing_once(ledger, attempt) as (connection, before):
        if before is not None:
            return _with_lines(connection, number)
        refuse_personal_data([("/reason", reason)])
        refuse_irreversible(transfers.find(connection, number), number, api_key, rights)
        added = transfers.insert_reversal(connection, number, reason, ledger.now(), api_key)
        transferred.give_back(connection, transfers.find_lines(connection, number))
        facts.add(connection, ledger.vault.macs.facts, "transfer_reversal", [added])
        remember(connection, ledger, attempt, transfer=number)
        return _with_lines(connection, number)


def plan_transfer(
    connection: Connection,
    ledger: Ledger,
    stated: NewTransfer,
    goods: StatedGoods,
    trade_point: str | None = None,
    *,
    locking: bool = True,
    gone: Mapping[int, GoneOn] | None = None,
) -> PlannedTransfer:
    """The lines that a transfer would have now; it writes nothing.

    A check in a snapshot is not `locking`. `gone` is what has gone on of trades by transfers that the ledger does not
    have yet, by the trades' places. Raises PersonalData; ValidationFailed for a day to come or before a trade's, for
    exports, reversals, repeated ids, and no trade or too many; EnterpriseNotActive; NotFound for trades and
    consignments that are not there; AlreadyReversed and QuantityExceeded.
    """
    refuse_impossible_transfer(stated, goods, ledger.today())
    _refuse_inactive(connection, stated)
    trades = _find_trades(connection, stated, goods, trade_point)
    if locking:
        transferred.lock(connection, trades)
    states = transferred.read_states(connection, trades)
    for place, one in (gone or {}).items():
        states[place] = states.get(place, TradeState())._replace(gone=one)
    if goods.consignment is not None:
        trades = [trade for trade in trades if _is_left(trade, states.get(trade.place))]
        if not trades:
            _refuse_nothing_left(connection, goods)
    return PlannedTransfer(trades, states, lines_of(stated, goods, trades, states))


def _refuse_inactive(connection: Connection, stated: NewTransfer) -> None:
    """Raises EnterpriseNotActive for an enterprise that can't take goods for the purpose on the day."""
    name, kind = enterprise_id(stated.enterprise), KIND_FOR[stated.purpose]
    found = enterprises.find(connection, [stated.enterprise]).get(stated.enterprise)
    why = "is not registered" if found is None else found.why_not_active(stated.transferred_on, kind)
    if why is not None:
        raise EnterpriseNotActive(
            f"{name} can't take goods for {stated.purpose} on {stated.transferred_on}: the enterprise {why}."
        )


def _find_trades(
    connection: Connection, stated: NewTransfer, goods: StatedGoods, trade_point: str | None
) -> list[MarketTrade]:
    """The trades that a transfer names, in order; for a consignment, those that have not gone on whole."""
    if goods.consignment is None:
        found = transferred.find_trades(connection, [line.transaction_id for line in goods.lines])
        return named_trades(stated, goods, found, trade_point)
    if trade_point not in {None, goods.trade_point}:
        raise NotFound(f"This key sees the consignments of {trade_point} only.")
    assert goods.trade_point is not None
    left = transferred.find_left(connection, goods.trade_point, goods.consignment, TRANSFER_LINES_MAX + 1)
    if len(left) > TRANSFER_LINES_MAX:
        detail = f"More than {TRANSFER_LINES_MAX:,} of its trades are left; send their ids, in several requests."
        raise ValidationFailed.of("/consignment", "too-many", detail)
    if not left:
        _refuse_nothing_left(connection, goods)
    refuse_too_early(stated, left)
    return left


def _is_left(trade: MarketTrade, state: TradeState | None) -> bool:
    return state is None or (state.reversal_id is None and state.gone.quantity_g < trade.quantity_g)


def _refuse_nothing_left(connection: Connection, goods: StatedGoods) -> None:
    """Says why nothing of a consignment can go on. Raises NotFound, AlreadyReversed or QuantityExceeded."""
    assert goods.trade_point is not None
    assert goods.consignment is not None
    newest = transferred.find_newest_import(connection, goods.trade_point, goods.consignment)
    if newest is None:
        raise NotFound(f"No import of this consignment is in the ledger at {goods.trade_point}.")
    transaction_id, reversal_id = newest
    if reversal_id is not None:
        why = "Every trade of the consignment was reversed before."
        pointed = (FieldError("/consignment", AlreadyReversed.code, why),)
        raise AlreadyReversed(why, errors=pointed, reversal_id=str(reversal_id))
    why = "All goods of the consignment have gone on already."
    pointed = (FieldError("/consignment", QuantityExceeded.code, why),)
    raise QuantityExceeded(why, errors=pointed, transaction_id=str(transaction_id), left_kg=format_kg(0))


def _with_lines(connection: Connection, number: int) -> TransferWithLines:
    found = transfers.find_with_lines(connection, number)
    assert found is not None
    return found
