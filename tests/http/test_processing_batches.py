"""Processing batches over HTTP: transfers of one enterprise go in, each once; goods come out; a batch is reversed."""

from typing import Any

import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from tests.after_market import DAY, AfterMarket
from tests.builders import a_key
from tests.conftest import Caller
from tests.http.trucks import problem


@pytest.fixture
def market(admin: Caller) -> AfterMarket:
    admin.register(3)
    return AfterMarket(admin)


def _delivered(market: AfterMarket, enterprise: str, number: int = 1) -> list[str]:
    """The ids of transfers of 100 kg each to an enterprise."""
    return [
        market.transfer(enterprise, market.trade(1 + n % 3, quantity_kg="100", amount_cny="1667.00"))["transfer_id"]
        for n in range(number)
    ]


def test_a_batch_is_recorded_looked_up_and_listed(market: AfterMarket) -> None:
    plant = market.enterprise(name="草原肉业")
    transfers = _delivered(market, plant, 2)
    answer = market.put_in(plant, *transfers)
    assert answer.status_code == 201, answer.get_json()
    assert answer.headers["Location"] == "/v1/processing-batches/B00000001"
    batch = answer.get_json()
    recorded = {name: batch.pop(name) for name in ("recorded_at", "recorded_by")}
    assert recorded["recorded_by"]["name"] == "test"
    assert batch == {
        "processing_batch_id": "B00000001",
        "enterprise": {"enterprise_id": plant, "name": "草原肉业"},
        "enterprise_id": plant,
        "processed_on": DAY,
        "transfer_ids": transfers,
        "input_kg": "200.000",
        "input_cny": "3334.00",
        "output_kg": "84.000",
        "yield_pct": "42.00",
        "outputs": [
            {"output": 1, "commodity": "酱牛肉", "hs_code": "160250", "quantity_kg": "84.000", "amount_cny": "5040.00"}
        ],
        "reversal": None,
    }
    found = market.caller.get("/v1/processing-batches/B00000001").get_json()
    assert found == {**batch, **recorded}
    assert market.caller.get(f"/v1/processing-batches?enterprise_id={plant}").get_json() == {
        "items": [found],
        "next_cursor": None,
    }
    for nothing in ("enterprise_id=E00000009", "from=2024-07-01", "to=2024-06-29"):
        assert market.caller.get(f"/v1/processing-batches?{nothing}").get_json()["items"] == []


def test_pages_neither_repeat_nor_skip(market: AfterMarket) -> None:
    plant = market.enterprise()
    for transfer in _delivered(market, plant, 5):
        assert market.put_in(plant, transfer).status_code == 201
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = market.caller.get(f"/v1/processing-batches?limit=2{cursor}").get_json()
        seen += [one["processing_batch_id"] for one in page["items"]]
        cursor = None if page["next_cursor"] is None else f"&cursor={page['next_cursor']}"
    assert seen == [f"B{number:08d}" for number in (5, 4, 3, 2, 1)]


def test_a_transfer_is_in_one_live_batch_only(market: AfterMarket) -> None:
    plant = market.enterprise()
    first, second = _delivered(market, plant, 2)
    assert market.put_in(plant, first).status_code == 201
    refused = market.put_in(plant, second, first)
    assert problem(refused) == (409, "transfer-in-batch")
    assert refused.get_json()["processing_batch_id"] == "B00000001"
    assert market.put_in(plant, second).status_code == 201, "nothing of the refused batch was written"


def test_a_reversed_batch_frees_its_transfers(market: AfterMarket) -> None:
    plant = market.enterprise()
    transfers = _delivered(market, plant, 2)
    market.put_in(plant, *transfers)
    reversal = market.caller.post("/v1/processing-batches/B00000001/reversal", {"reason": "重量写错了"})
    assert reversal.status_code == 201
    assert reversal.get_json()["reversal"]["reason"] == "重量写错了"
    again = market.caller.post("/v1/processing-batches/B00000001/reversal", {"reason": "再来"})
    assert problem(again) == (409, "already-reversed")
    assert market.put_in(plant, *transfers).get_json()["processing_batch_id"] == "B00000002"


def test_a_transfer_in_a_live_batch_can_not_be_reversed(market: AfterMarket) -> None:
    plant = market.enterprise()
    [transfer] = _delivered(market, plant)
    market.put_in(plant, transfer)
    path, why = f"/v1/transfers/{transfer}/reversal", {"reason": "退货"}
    assert problem(market.caller.post(path, why, key=a_key())) == (409, "transfer-in-batch")
    market.caller.post("/v1/processing-batches/B00000001/reversal", {"reason": "重量写错了"})
    assert market.caller.post(path, why, key=a_key()).status_code == 201
    refused = market.put_in(plant, transfer)
    assert (problem(refused), refused.get_json()["errors"][0]["code"]) == ((422, "validation-failed"), "reversed")


def test_the_same_key_gets_the_same_answer(market: AfterMarket) -> None:
    plant = market.enterprise()
    [transfer] = _delivered(market, plant)
    key = a_key()
    first = market.put_in(plant, transfer, key=key)
    market.caller.post("/v1/processing-batches/B00000001/reversal", {"reason": "重量写错了"})
    second = market.put_in(plant, transfer, key=key)
    assert (second.status_code, second.get_json()) == (201, first.get_json())
    assert second.headers["Idempotency-Replayed"] == "true"
    other = market.put_in(plant, transfer, key=key, processed_on="2024-07-01")
    assert problem(other) == (422, "idempotency-key-reused")


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"processed_on": "2024-06-29"}, "/processed_on", "too-early"),
    ({"processed_on": "2999-01-01"}, "/processed_on", "in-the-future"),
    ({"outputs": []}, "/outputs", "wrong-number"),
    ({"transfer_ids": []}, "/transfer_ids", "wrong-number"),
    ({"transfer_ids": ["T00000001", "T00000001"]}, "/transfer_ids", "repeated"),
    ({"enterprise_id": "E00000002"}, "/transfer_ids/0", "other-enterprise"),
]


@pytest.mark.parametrize(("changes", "pointer", "code"), WRONG)
def test_what_can_not_be_is_refused(market: AfterMarket, changes: dict[str, Any], pointer: str, code: str) -> None:
    plant = market.enterprise()
    market.enterprise()
    [transfer] = _delivered(market, plant)
    refused = market.put_in(plant, transfer, **changes)
    assert problem(refused) == (422, "validation-failed")
    [error] = refused.get_json()["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)
    assert market.caller.get("/v1/processing-batches").get_json()["items"] == []


def test_goods_of_the_second_market_are_not_processed(market: AfterMarket) -> None:
    both = market.enterprise(kinds=["processor", "trader"])
    sold = market.transfer(both, market.trade(), purpose="secondary_market")["transfer_id"]
    refused = market.put_in(both, sold)
    assert refused.get_json()["errors"][0]["code"] == "not-for-processing"


def test_an_unknown_transfer_and_a_citizen_number_are_refused(market: AfterMarket) -> None:
    plant = market.enterprise()
    [transfer] = _delivered(market, plant)
    assert problem(market.put_in(plant, transfer, "T00000009")) == (404, "not-found")
    personal = [{"commodity": "肉 152501199001011238", "quantity_kg": "1"}]
    assert problem(market.put_in(plant, transfer, outputs=personal)) == (422, "personal-data")


def test_a_key_of_one_trade_point_sees_the_batches_of_its_goods(ledger: Ledger, market: AfterMarket) -> None:
    plant = market.enterprise()
    here = market.transfer(plant, market.trade())["transfer_id"]
    there = market.transfer(plant, market.trade(trade_point="zamyn-uud"))["transfer_id"]
    market.put_in(plant, here)
    market.put_in(plant, there)
    scopes = ("transactions:read", "transactions:write")
    key = create_key(ledger, "zamyn-uud", scopes, trade_point="zamyn-uud")[1]
    clerk = AfterMarket(Caller(market.caller.client, key))
    assert [one["processing_batch_id"] for one in clerk.caller.get("/v1/processing-batches").get_json()["items"]] == [
        "B00000002"
    ]
    assert clerk.caller.get("/v1/processing-batches/B00000001").status_code == 404
    assert clerk.put_in(plant, here).status_code == 404
    reversal = clerk.caller.post("/v1/processing-batches/B00000001/reversal", {"reason": "不是我的"})
    assert reversal.status_code == 404
    other = clerk.caller.post("/v1/processing-batches/B00000002/reversal", {"reason": "不是我的"})
    assert problem(other) == (403, "forbidden")
