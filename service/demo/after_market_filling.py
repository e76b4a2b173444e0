"""Records what the demo plans after its market: enterprises, transfers and processing batches, each of them once."""

import bisect
from collections.abc import Callable, Mapping, Sequence
from uuid import UUID

from service.commands.enterprises import change_enterprise_status, register_enterprise
from service.commands.once import Attempt
from service.commands.processing_batches import post_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.demo.after_market import PlannedBatch
from service.demo.deliveries import PlannedDelivery
from service.demo.invented import INVENTED
from service.demo.mark import ROUTE, NotFilled
from service.demo.plan import DemoPlan
from service.domain.idempotency import key_digest, request_fingerprint
from service.domain.keys import OPERATOR_KEY_ID
from service.domain.money import GRAMS_PER_KG
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger
from service.queries.deliveries import enterprises_of_market, find_trades
from service.queries.transactions import is_answered


def is_planned(ledger: Ledger, plan: DemoPlan) -> bool:
    """Whether the ledger's enterprises are those of the plan, or the first of them."""
    found = [one.credit_code for one in enterprises_of_market(ledger)]
    return found == [one.credit_code for one in plan.after_market.enterprises[: len(found)]]


def record_after_market(
    ledger: Ledger, plan: DemoPlan, ids: Mapping[int, UUID], advance: Callable[[int], None]
) -> None:
    """Records enterprises, transfers and batches, or what is left of them when an earlier filling was cut.

    `ids` are those of trades that were posted now, by their numbers in the plan. The ids of the others are looked up.
    """
    planned = plan.after_market
    for place, stated in enumerate(planned.enterprises):
        register_enterprise(ledger, stated, OPERATOR_KEY_ID, _attempt("enterprise", place))
    for place, (enterprise, status, day) in enumerate(planned.statuses):
        reason = INVENTED["enterprise_reasons"][status]
        attempt = _attempt("enterprise-status", place)
        change_enterprise_status(ledger, _number(enterprise), status, reason, day, OPERATOR_KEY_ID, attempt)
    done = _count_done(ledger, "transfer", planned.deliveries)
    advance(sum(len(delivery.trades) for delivery in planned.deliveries[:done]))
    # The last delivery that is done may still have to be reversed.
    for place in range(max(0, done - 1), len(planned.deliveries)):
        _record_delivery(ledger, plan, place, ids)
        advance(len(planned.deliveries[place].trades) if place >= done else 0)
    for place in range(_count_done(ledger, "batch", planned.batches), len(planned.batches)):
        _record_batch(ledger, planned.batches[place], place)


def _record_delivery(ledger: Ledger, plan: DemoPlan, place: int, ids: Mapping[int, UUID]) -> None:
    delivery = plan.after_market.deliveries[place]
    known = ids if all(number in ids for number in delivery.trades) else _looked_up(ledger, plan, delivery)
    *others, last = (WantedLine(known[number]) for number in delivery.trades)
    goods = StatedGoods.of_trades([*others, last._replace(quantity_g=delivery.last_g)])
    stated = NewTransfer(
        _number(delivery.enterprise),
        delivery.purpose,
        delivery.transferred_on,
        delivery.paid_fen,
        delivery.contract,
        None,
    )
    transfer = post_transfer(ledger, stated, goods, attempt=_attempt("transfer", place)).transfer
    if transfer.number != _number(place):
        raise NotFilled("Another process records transfers in this ledger; the demo needs it alone.")
    if delivery.reversed_because is not None:
        attempt = _attempt("transfer-reversal", place)
        reverse_transfer(ledger, transfer.number, delivery.reversed_because, attempt=attempt)


def _looked_up(ledger: Ledger, plan: DemoPlan, delivery: PlannedDelivery) -> dict[int, UUID]:
    """The ids of trades that an earlier filling has posted, by their document numbers."""
    names = {number: _document(plan, number) for number in delivery.trades}
    found = find_trades(ledger, [], names.values()).by_reference
    return {number: found[name].transaction_id for number, name in names.items()}


def _document(plan: DemoPlan, number: int) -> tuple[str, str]:
    trade = plan.trades[number].trade
    assert trade.reference is not None, "every trade of the demo has a document"
    return trade.trade_point, trade.reference


def _record_batch(ledger: Ledger, batch: PlannedBatch, place: int) -> None:
    outputs = tuple(
        ProcessingOutput(product.name, product.hs_code, quantity_g, quantity_g * product.price_fen // GRAMS_PER_KG)
        for product, quantity_g in batch.outputs
    )
    transfers = tuple(map(_number, batch.deliveries))
    stated = NewProcessingBatch(_number(batch.enterprise), transfers, batch.processed_on, outputs)
    post_processing_batch(ledger, stated, attempt=_attempt("batch", place))


def _count_done(ledger: Ledger, kind: str, planned: Sequence[object]) -> int:
    """How many of the deliveries or batches are in the ledger; they are recorded in order."""

    def is_left(place: int) -> bool:
        """Whether it is not in the ledger."""
        return not is_answered(ledger, _digest(kind, place))

    return bisect.bisect_left(range(len(planned)), True, key=is_left)


def _number(place: int) -> int:
    """The number of the enterprise, transfer or batch at a place in the plan: a new ledger counts from one."""
    return place + 1


def _attempt(kind: str, place: int) -> Attempt:
    return Attempt(_digest(kind, place), request_fingerprint(kind, place), f"{ROUTE}-{kind}-{place}")


def _digest(kind: str, place: int) -> bytes:
    return key_digest(OPERATOR_KEY_ID, ROUTE, f"{kind}-{place}")
