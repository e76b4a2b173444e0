"""The command that records transfers: its three forms, what it refuses, and what it answers again."""

import datetime
import uuid
from typing import Any

import pytest

from service.commands.enterprises import change_enterprise_status
from service.commands.once import Attempt
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain import errors
from service.domain.transfer_lines import StatedGoods, WantedLine
from service.domain.transfers import NewTransfer
from service.ledger import Ledger
from tests.conftest import Caller
from tests.transfers.market import DAY, TRADER, buy, gone, of, register_enterprises, to_processor


@pytest.fixture(autouse=True)
def _enterprises(ledger: Ledger, admin: Caller) -> None:
    register_enterprises(ledger)
    admin.register(3)


def test_trades_go_on_whole_with_their_amounts_and_shares_of_what_is_paid(ledger: Ledger, admin: Caller) -> None:
    ids = [*buy(admin), *buy(admin, resident_id="R00000002", quantity_kg="20", amount_cny="333.33")]
    stated = to_processor(paid_fen=150_000, contract="HT-1", invoice="FP-1")

    posted = post_transfer(ledger, stated, of(*ids))

    transfer = posted.transfer
    assert (transfer.public_id, transfer.enterprise_name, transfer.transactions, transfer.residents) == (
        "T00000001", "肉类加工厂", 2, 2,
    )  # fmt: skip
    assert (transfer.quantity_g, transfer.amount_fen, transfer.paid_fen) == (70_000, 133_333, 150_000)
    assert (transfer.trade_point, transfer.consignment, transfer.contract) == ("erenhot", None, "HT-1")
    shown = [(line.no, str(line.transaction_id), *line[2:]) for line in posted.lines]
    assert shown == [(1, ids[0], 50_000, 100_000, 112_500), (2, ids[1], 20_000, 33_333, 37_500)]
    assert gone(ledger) == [(50_000, 100_000), (20_000, 33_333)]


def test_parts_of_a_trade_add_up_to_its_whole_amount(ledger: Ledger, admin: Caller) -> None:
    ids = buy(admin, quantity_kg="0.003", amount_cny="0.01")

    worth = [post_transfer(ledger, to_processor(), of(*ids, quantity_g=1)).transfer.amount_fen for _ in range(3)]

    assert worth == [0, 1, 0]
    assert gone(ledger) == [(3, 1)]


def test_a_consignment_goes_on_with_all_that_is_left_of_its_live_imports(ledger: Ledger, admin: Caller) -> None:
    truck: dict[str, Any] = {"consignment": "EL-1"}
    whole, part, reversed_one, *_ = buy(admin, 3, **truck)
    buy(admin, direction="export", **truck)
    buy(admin, trade_point="other", **truck)
    admin.reverse(reversed_one)
    post_transfer(ledger, to_processor(), of(part, quantity_g=20_000))

    posted = post_transfer(ledger, to_processor(), StatedGoods.of_consignment("EL-1"))

    assert [(str(line.transaction_id), line.quantity_g) for line in posted.lines] == [(whole, 50_000), (part, 30_000)]
    assert posted.transfer.consignment == "EL-1"
    with pytest.raises(errors.QuantityExceeded) as refused:
        post_transfer(ledger, to_processor(), StatedGoods.of_consignment("EL-1"))
    assert refused.value.members["left_kg"] == "0.000"
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/consignment", "quantity-exceeded")]


def test_a_consignment_without_live_imports_is_refused(ledger: Ledger, admin: Caller) -> None:
    goods = StatedGoods.of_consignment("EL-1")
    with pytest.raises(errors.NotFound):
        post_transfer(ledger, to_processor(), goods)
    [bought] = buy(admin, consignment="EL-1")
    with pytest.raises(errors.NotFound):
        post_transfer(ledger, to_processor(), StatedGoods.of_consignment("EL-1", "other"))
    reversal = admin.reverse(bought).get_json()["transaction_id"]
    with pytest.raises(errors.AlreadyReversed) as refused:
        post_transfer(ledger, to_processor(), goods)
    assert refused.value.members["reversal_id"] == reversal


UNKNOWN = str(uuid.UUID(int=7))


@pytest.mark.parametrize(
    ("changes", "refusal", "pointer"),
    [
        ({"transferred_on": DAY - datetime.timedelta(days=1)}, errors.ValidationFailed, "/transferred_on"),
        ({"transferred_on": datetime.date(2200, 1, 1)}, errors.ValidationFailed, "/transferred_on"),
        ({"contract": "152501199001011238"}, errors.PersonalData, "/contract"),
        ({"invoice": "152501199001011238"}, errors.PersonalData, "/invoice"),
        ({"enterprise": 9}, errors.EnterpriseNotActive, None),
        ({"enterprise": TRADER}, errors.EnterpriseNotActive, None),
        ({"purpose": "secondary_market"}, errors.EnterpriseNotActive, None),
    ],
)
def test_an_impossible_transfer_writes_nothing(
    ledger: Ledger, admin: Caller, changes: dict[str, Any], refusal: type[errors.Refusal], pointer: str | None
) -> None:
    goods = of(*buy(admin))
    with pytest.raises(refusal) as refused:
        post_transfer(ledger, to_processor(**changes), goods)
    assert [error.pointer for error in refused.value.errors] == ([] if pointer is None else [pointer])
    assert gone(ledger) == []
    assert post_transfer(ledger, to_processor(), goods).transfer.number == 1


def test_a_trade_that_can_not_go_on_is_pointed_at(ledger: Ledger, admin: Caller) -> None:
    good, moved, taken_back = buy(admin, 3)
    [export] = buy(admin, direction="export")
    reversal = admin.reverse(taken_back).get_json()["transaction_id"]
    post_transfer(ledger, to_processor(), of(moved))
    cases = [
        ([good, UNKNOWN], errors.NotFound, "/lines/1/transaction_id"),
        ([export], errors.ValidationFailed, "/lines/0/transaction_id"),
        ([good, reversal], errors.ValidationFailed, "/lines/1/transaction_id"),
        ([good, good], errors.ValidationFailed, "/lines/1/transaction_id"),
        ([], errors.ValidationFailed, "/lines"),
        ([taken_back], errors.AlreadyReversed, "/lines/0/transaction_id"),
        ([good, moved], errors.QuantityExceeded, "/lines/1/transaction_id"),
    ]
    for ids, refusal, pointer in cases:
        with pytest.raises(refusal) as refused:
            post_transfer(ledger, to_processor(), of(*ids))
        assert [error.pointer for error in refused.value.errors] == [pointer]
    with pytest.raises(errors.QuantityExceeded) as too_much:
        post_transfer(ledger, to_processor(), of(good, quantity_g=50_001))
    assert too_much.value.members == {"transaction_id": good, "left_kg": "50.000"}
    assert [error.pointer for error in too_much.value.errors] == ["/lines/0/quantity_kg"]
    assert gone(ledger) == [(50_000, 100_000)]


def test_a_suspended_enterprise_takes_goods_up_to_the_day_before(ledger: Ledger, admin: Caller) -> None:
    ids = buy(admin, 2)
    change_enterprise_status(ledger, 1, "suspended", "x", datetime.date(2024, 7, 1), 0)
    with pytest.raises(errors.EnterpriseNotActive, match="is suspended"):
        post_transfer(ledger, to_processor(transferred_on=datetime.date(2024, 7, 1)), of(ids[0]))
    assert post_transfer(ledger, to_processor(), of(*ids)).transfer.number == 1


def _attempt(name: str, meaning: bytes = b"m") -> Attempt:
    return Attempt(name.encode().ljust(16), meaning.ljust(16), f"request-{name}")


def test_a_request_that_comes_again_gets_the_first_answer_also_after_a_reversal(ledger: Ledger, admin: Caller) -> None:
    goods = of(*buy(admin))
    first = post_transfer(ledger, to_processor(), goods, attempt=_attempt("k"))
    reverse_transfer(ledger, 1, "wrong lot")

    assert post_transfer(ledger, to_processor(), goods, attempt=_attempt("k")) == first
    assert gone(ledger) == [(0, 0)]
    with pytest.raises(errors.IdempotencyKeyReused):
        post_transfer(ledger, to_processor(), goods, attempt=_attempt("k", b"other"))


def test_a_refusal_is_the_final_answer_of_its_key(ledger: Ledger, admin: Caller) -> None:
    goods = of(*buy(admin))
    post_transfer(ledger, to_processor(), goods)
    with pytest.raises(errors.QuantityExceeded) as first:
        post_transfer(ledger, to_processor(), goods, attempt=_attempt("k"))
    reverse_transfer(ledger, 1, "wrong lot")

    with pytest.raises(errors.QuantityExceeded) as again:
        post_transfer(ledger, to_processor(), goods, attempt=_attempt("k"))

    assert (again.value.detail, again.value.members) == (first.value.detail, first.value.members)
    assert post_transfer(ledger, to_processor(), goods).transfer.number == 2


def test_trades_of_several_points_have_no_trade_point_and_are_hidden_from_a_key_of_one(
    ledger: Ledger, admin: Caller
) -> None:
    here, there = *buy(admin), *buy(admin, trade_point="other")
    assert post_transfer(ledger, to_processor(), of(here, there, quantity_g=1)).transfer.trade_point is None
    with pytest.raises(errors.NotFound):
        post_transfer(ledger, to_processor(), of(here, there), trade_point="other")
    with pytest.raises(errors.NotFound):
        post_transfer(ledger, to_processor(), StatedGoods.of_consignment("x"), trade_point="other")
    stated = NewTransfer(1, "processing", DAY, None, None, None)
    with pytest.raises(errors.NotFound):
        post_transfer(ledger, stated, StatedGoods.of_trades([WantedLine(uuid.UUID(here))], "other"))
    assert post_transfer(ledger, stated, of(there), trade_point="other").transfer.trade_point == "other"
