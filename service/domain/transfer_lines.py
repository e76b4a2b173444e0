"""Judges what a transfer takes of the market's trades, and makes its lines, or refuses it whole.

See docs/RULES.md, After the market.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from service.domain.errors import AlreadyReversed, FieldError, NotFound, QuantityExceeded, Refusal, ValidationFailed
from service.domain.money import format_kg
from service.domain.personal_data import refuse_personal_data
from service.domain.transactions import DEFAULT_TRADE_POINT, no_transaction
from service.domain.transfers import (
    TRANSFER_LINES_MAX,
    GoneOn,
    NewTransfer,
    TransferLine,
    parts_paid,
    worth_of,
)

NamedBy = Literal["transaction_ids", "lines", "consignment"]


class WantedLine(NamedTuple):
    """A trade that a transfer names, and the grams of it that go on: None for all that has not gone on yet."""

    transaction_id: UUID
    quantity_g: int | None = None


class StatedGoods(NamedTuple):
    """The trades that a transfer names: one by one, or as all that is left of a consignment at a trade point.

    `lines` is empty for a consignment. Beside trades, `trade_point` is the one that all of them must be of. `named_by`
    is the field of the request that names the trades; refusals point to it.
    """

    lines: tuple[WantedLine, ...]
    consignment: str | None
    trade_point: str | None
    named_by: NamedBy

    @classmethod
    def of_trades(
        cls, lines: Sequence[WantedLine], trade_point: str | None = None, named_by: NamedBy = "lines"
    ) -> "StatedGoods":
        """Trades that are named one by one."""
        return cls(tuple(lines), None, trade_point, named_by)

    @classmethod
    def of_consignment(cls, consignment: str, trade_point: str = DEFAULT_TRADE_POINT) -> "StatedGoods":
        """All that has not gone on yet of the live import trades of a consignment."""
        return cls((), consignment, trade_point, "consignment")

    def pointer(self, place: int, part: str = "transaction_id") -> str:
        """The JSON pointer of the trade at a place, counted from 0; `part` is the field of a line."""
        if self.named_by == "consignment":
            return "/consignment"
        return f"/{self.named_by}/{place}" + (f"/{part}" if self.named_by == "lines" else "")


class MarketTrade(NamedTuple):
    """What a transfer needs to know of an entry of the journal; nothing of it ever changes."""

    place: int
    transaction_id: UUID
    resident: int
    day: datetime.date
    trade_point: str
    is_import: bool
    is_reversal: bool
    quantity_g: int
    amount_fen: int


class TradeState(NamedTuple):
    """What may change of a trade: its reversal, and what of it has gone on.

    `is_recorded` says whether the ledger counts already what of the trade has gone on.
    """

    reversal_id: UUID | None = None
    gone: GoneOn = GoneOn()
    is_recorded: bool = False


NOT_MOVED = TradeState()
"""The state of a live trade that was never in a transfer."""


def refuse_impossible_transfer(stated: NewTransfer, goods: StatedGoods, today: datetime.date) -> None:
    """Refuses a transfer that can't be, as far as it can be told without the ledger.

    Raises PersonalData for a citizen number in a text, and ValidationFailed for a day to come, for no trade or too
    many, and for a trade that is named twice.
    """
    texts = [("/contract", stated.contract), ("/invoice", stated.invoice), ("/consignment", goods.consignment)]
    refuse_personal_data(texts)
    if stated.transferred_on > today:
        raise ValidationFailed.of("/transferred_on", "in-the-future", f"Send a day not after today, {today}.")
    if goods.consignment is not None:
        return
    if not 1 <= len(goods.lines) <= TRANSFER_LINES_MAX:
        raise ValidationFailed.of(f"/{goods.named_by}", "wrong-number", f"Send 1 to {TRANSFER_LINES_MAX:,} trades.")
    first: dict[UUID, int] = {}
    for place, line in enumerate(goods.lines):
        if first.setdefault(line.transaction_id, place) != place:
            raise ValidationFailed.of(goods.pointer(place), "repeated", "Name each trade once.")


def named_trades(
    stated: NewTransfer, goods: StatedGoods, found: Mapping[UUID, MarketTrade], own_point: str | None
) -> list[MarketTrade]:
    """The trades of the lines, in their order. `own_point` is the only trade point that the caller may see.

    Raises NotFound, and ValidationFailed for a reversal, an export, and a trade of a later day.
    """
    return [
        _named(stated, goods, place, found.get(line.transaction_id), own_point)
        for place, line in enumerate(goods.lines)
    ]


def _named(
    stated: NewTransfer, goods: StatedGoods, place: int, trade: MarketTrade | None, own_point: str | None
) -> MarketTrade:
    if trade is None or own_point not in {None, trade.trade_point}:
        missing = no_transaction(goods.lines[place].transaction_id, own_point)
        raise _pointed(NotFound(missing), goods.pointer(place))
    if goods.trade_point not in {None, trade.trade_point}:
        missing = f"{trade.transaction_id} is no trade of {goods.trade_point}."
        raise _pointed(NotFound(missing), goods.pointer(place))
    if trade.is_reversal:
        raise ValidationFailed.of(
            goods.pointer(place), "is-reversal", f"{trade.transaction_id} is a reversal; name trades only."
        )
    if not trade.is_import:
        raise ValidationFailed.of(
            goods.pointer(place), "is-export", f"{trade.transaction_id} is an export; only imports go on."
        )
    refuse_too_early(stated, [trade])
    return trade


def refuse_too_early(stated: NewTransfer, trades: Sequence[MarketTrade]) -> None:
    """Raises ValidationFailed when the transfer's day is before the business day of one of the trades."""
    for trade in trades:
        if trade.day > stated.transferred_on:
            detail = f"{trade.transaction_id} was traded on {trade.day}; send that day or a later one."
            raise ValidationFailed.of("/transferred_on", "before-the-trade", detail)


def lines_of(
    stated: NewTransfer, goods: StatedGoods, trades: Sequence[MarketTrade], states: Mapping[int, TradeState]
) -> list[TransferLine]:
    """The lines of a transfer: what goes on of each of these trades, and what it is worth.

    `states` has the trades whose state has changed, by their places, read behind the locks. Raises AlreadyReversed and
    QuantityExceeded of the first trade that is refused.
    """
    taken: list[GoneOn] = []
    for place, trade in enumerate(trades):
        state = states.get(trade.place, NOT_MOVED)
        wanted_g = goods.lines[place].quantity_g if goods.lines else None
        quantity_g = _taken_g(goods, place, trade, state, wanted_g)
        taken.append(GoneOn(quantity_g, worth_of(trade.amount_fen, trade.quantity_g, state.gone, quantity_g)))
    paid = parts_paid(stated.paid_fen, taken)
    return [
        TransferLine(no, trade.place, *one, part, one.quantity_g == trade.quantity_g)
        for no, (trade, one, part) in enumerate(zip(trades, taken, paid, strict=True), 1)
    ]


def _taken_g(goods: StatedGoods, place: int, trade: MarketTrade, state: TradeState, wanted_g: int | None) -> int:
    """The grams that a line takes of a trade. Raises AlreadyReversed, QuantityExceeded."""
    if state.reversal_id is not None:
        raise _pointed(
            AlreadyReversed(
                f"{trade.transaction_id} was reversed by {state.reversal_id}; leave it out.",
                reversal_id=str(state.reversal_id),
                transaction_id=str(trade.transaction_id),
            ),
            goods.pointer(place),
        )
    left_g = trade.quantity_g - state.gone.quantity_g
    if left_g == 0 or (wanted_g is not None and wanted_g > left_g):
        left_kg = format_kg(left_g)
        raise _pointed(
            QuantityExceeded(
                f"{left_kg} kg of {trade.transaction_id} have not gone on yet; "
                + ("leave the trade out." if left_g == 0 else "send so much or less."),
                transaction_id=str(trade.transaction_id),
                left_kg=left_kg,
            ),
            goods.pointer(place, "transaction_id" if wanted_g is None else "quantity_kg"),
        )
    return left_g if wanted_g is None else wanted_g


def _pointed(refusal: Refusal, pointer: str) -> Refusal:
    refusal.errors = (FieldError(pointer, refusal.code, refusal.detail),)
    return refusal
