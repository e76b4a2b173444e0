"""Reversals of transfers, and of trades that have gone on."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain import errors
from service.domain.keys import ReversalRights
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.domain.transfer_lines import StatedGoods
from service.ledger import Ledger
from service.storage.tables import journal
from tests.builders import a_key
from tests.conftest import Caller
from tests.transfers.market import DAY, buy, gone, of, register_enterprises, to_processor


@pytest.fixture(autouse=True)
def _enterprises(ledger: Ledger, admin: Caller) -> None:
    register_enterprises(ledger)
    admin.register(3)


def test_a_transfer_is_reversed_whole_and_once(ledger: Ledger, admin: Caller) -> None:
    ids = buy(admin, 2)
    post_transfer(ledger, to_processor(), of(*ids, quantity_g=20_000))
    post_transfer(ledger, to_processor(), of(*ids))

    reversal = reverse_transfer(ledger, 1, "wrong lot", api_key=0).transfer.reversal

    assert reversal is not None
    assert (reversal.reason, reversal.recorded_by) == ("wrong lot", 0)
    assert gone(ledger) == [(30_000, 60_000), (30_000, 60_000)]
    with pytest.raises(errors.AlreadyReversed):
        reverse_transfer(ledger, 1, "wrong lot")
    with pytest.raises(errors.NotFound):
        reverse_transfer(ledger, 3, "wrong lot")
    with pytest.raises(errors.PersonalData):
        reverse_transfer(ledger, 2, "152501199001011238")


def test_a_trade_that_goes_on_whole_goes_on_with_its_whole_amount_after_reversals(
    ledger: Ledger, admin: Caller
) -> None:
    ids = buy(admin, quantity_kg="0.007", amount_cny="0.10")
    worth = [post_transfer(ledger, to_processor(), of(*ids, quantity_g=2)).transfer.amount_fen for _ in range(3)]
    reverse_transfer(ledger, 2, "wrong lot")

    last = post_transfer(ledger, to_processor(), of(*ids)).transfer

    assert worth == [3, 3, 3]
    assert (last.quantity_g, last.amount_fen) == (3, 4)
    assert gone(ledger) == [(7, 10)]


def test_a_key_reverses_its_own_transfers_and_with_the_scope_those_of_others(ledger: Ledger, admin: Caller) -> None:
    post_transfer(ledger, to_processor(), of(*buy(admin)), api_key=7)
    with pytest.raises(errors.Forbidden, match="transactions:reverse_any"):
        reverse_transfer(ledger, 1, "x", api_key=8, rights=ReversalRights())
    with pytest.raises(errors.NotFound):
        reverse_transfer(ledger, 1, "x", api_key=7, rights=ReversalRights(trade_point="other"))
    assert reverse_transfer(ledger, 1, "x", api_key=7, rights=ReversalRights()).transfer.reversal is not None


def test_a_transfer_in_a_live_batch_is_not_reversed(ledger: Ledger, admin: Caller) -> None:
    post_transfer(ledger, to_processor(), of(*buy(admin)))
    output = ProcessingOutput("熟牛肉", None, 40_000, None)
    post_processing_batch(ledger, NewProcessingBatch(1, (1,), DAY, (output,)))
    with pytest.raises(errors.TransferInBatch) as refused:
        reverse_transfer(ledger, 1, "x")
    assert refused.value.members == {"processing_batch_id": "B00000001"}
    reverse_processing_batch(ledger, 1, "x")
    assert reverse_transfer(ledger, 1, "x").transfer.reversal is not None


def _reversals(admin: Caller, ids: list[str]) -> dict[str, Callable[[], Any]]:
    """The ways to reverse trades of which the first has gone on."""
    together = "/v1/transactions/reversals"
    return {
        "one": lambda: admin.reverse(ids[0]),
        "several": lambda: admin.post(together, {"reason": "x", "transaction_ids": ids[::-1]}, key=a_key()),
        "consignment": lambda: admin.post(together, {"reason": "x", "consignment": "EL-1"}, key=a_key()),
    }


@pytest.mark.parametrize("way", ["one", "several", "consignment"])
def test_a_trade_with_a_live_transfer_is_not_reversed(ledger: Ledger, admin: Caller, way: str) -> None:
    ids = buy(admin, 2, consignment="EL-1")
    for _ in range(2):
        post_transfer(ledger, to_processor(), of(ids[0], quantity_g=1_000))
    reverse = _reversals(admin, ids)[way]

    refused = reverse()

    assert (refused.status_code, refused.get_json()["code"]) == (409, "has-transfers")
    assert refused.get_json()["transfer_ids"] == ["T00000001", "T00000002"]
    pointers = {"one": None, "several": "/transaction_ids/1", "consignment": "/consignment"}
    assert [error["pointer"] for error in refused.get_json().get("errors", [])] == [
        pointer for pointer in [pointers[way]] if pointer
    ]
    with ledger.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(journal)).scalar_one() == 2
    for number in (1, 2):
        reverse_transfer(ledger, number, "x")
    assert reverse().status_code == 201
    with pytest.raises(errors.AlreadyReversed):
        post_transfer(ledger, to_processor(), of(ids[0]))


def test_a_consignment_with_a_reversed_trade_goes_on_without_it(ledger: Ledger, admin: Caller) -> None:
    ids = buy(admin, 2, consignment="EL-1", traded_at="2024-06-29T09:30:00+08:00")
    admin.reverse(ids[0])
    stated = to_processor(transferred_on=datetime.date(2024, 6, 29))
    lines = post_transfer(ledger, stated, StatedGoods.of_consignment("EL-1")).lines
    assert [str(line.transaction_id) for line in lines] == [ids[1]]
