"""Transfers over HTTP: recorded in three forms, looked up, listed, reversed, and told by trades and consignments."""

from typing import Any

import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from tests.after_market import DAY, AfterMarket
from tests.builders import a_key
from tests.conftest import Caller
from tests.http.trucks import TRUCK, Trucks, problem


@pytest.fixture
def market(admin: Caller) -> AfterMarket:
    admin.register(3)
    return AfterMarket(admin)


@pytest.fixture
def plant(market: AfterMarket) -> str:
    return market.enterprise(name="草原肉业")


def test_a_transfer_is_recorded_looked_up_and_listed(market: AfterMarket, plant: str) -> None:
    trades = [market.trade(1), market.trade(2, quantity_kg="20", amount_cny="333.33", vehicle_plate="蒙H 1")]
    papers = {"paid_cny": "1500.00", "contract": "HT-1", "invoice": "FP-1"}
    answer = market.send(plant, *trades, **papers)

    assert (answer.status_code, answer.headers["Location"]) == (201, "/v1/transfers/T00000001")
    document = answer.get_json()
    recorded = {name: document.pop(name) for name in ("recorded_at", "recorded_by")}
    assert recorded["recorded_by"]["name"] == "test"
    kind = {"category": "meat", "commodity": "冻马肉", "hs_code": None, "origin": "MN"}
    assert document == {
        "transfer_id": "T00000001",
        "enterprise": {"enterprise_id": plant, "name": "草原肉业"},
        "enterprise_id": plant,
        "purpose": "processing",
        "transferred_on": DAY,
        "trade_point": "erenhot",
        "consignment": None,
        **papers,
        "transactions": 2,
        "residents": 2,
        "quantity_kg": "70.000",
        "amount_cny": "1333.33",
        "lines": [
            {"line": 1, "transaction_id": trades[0], "quantity_kg": "50.000", "amount_cny": "1000.00",
             "paid_cny": "1125.00"},
            {"line": 2, "transaction_id": trades[1], "quantity_kg": "20.000", "amount_cny": "333.33",
             "paid_cny": "375.00"},
        ],
        "goods": [{**kind, "transactions": 2, "quantity_kg": "70.000", "amount_cny": "1333.33"}],
        "trucks": [{"consignment": None, "vehicle_plate": "蒙H 1"}],
        "reversal": None,
        "processing_batch_id": None,
    }  # fmt: skip
    assert market.caller.get("/v1/transfers/T00000001").get_json() == {**document, **recorded}
    listed = {**document, **recorded}
    for name in ("lines", "goods", "trucks"):
        del listed[name]
    assert market.caller.get("/v1/transfers").get_json() == {"items": [listed], "next_cursor": None}


def test_a_list_is_filtered_and_paged(market: AfterMarket, plant: str) -> None:
    shop = market.enterprise(kinds=["trader"])
    trades = [market.trade(1 + n % 3, consignment=f"EL-{n}") for n in range(3)]
    market.transfer(plant, trades[0])
    market.transfer(shop, consignment="EL-1", purpose="secondary_market", transferred_on="2024-07-01")
    market.transfer(plant, lines=[{"transaction_id": trades[2], "quantity_kg": "1"}])
    market.transfer(plant, lines=[{"transaction_id": trades[2], "quantity_kg": "2.5"}])
    market.caller.post("/v1/transfers/T00000003/reversal", {"reason": "x"}, key=a_key())

    def numbers(query: str) -> list[int]:
        items = market.caller.get(f"/v1/transfers?{query}").get_json()["items"]
        return [int(item["transfer_id"][1:]) for item in items]

    assert numbers("") == [4, 3, 2, 1]
    assert numbers(f"enterprise_id={shop}") == [2]
    assert numbers("purpose=secondary_market") == [2]
    assert numbers(f"transaction_id={trades[2]}") == [4, 3]
    assert (numbers("consignment=EL-0"), numbers("consignment=EL-1")) == ([1], [2])
    assert (numbers("reversed=true"), numbers("reversed=false")) == ([3], [4, 2, 1])
    assert (numbers("from=2024-07-01"), numbers("to=2024-06-30")) == ([2], [4, 3, 1])
    assert (numbers("trade_point=erenhot"), numbers("trade_point=other")) == ([4, 3, 2, 1], [])
    first = market.caller.get("/v1/transfers?limit=3").get_json()
    assert [item["transfer_id"] for item in first["items"]] == ["T00000004", "T00000003", "T00000002"]
    assert numbers(f"limit=3&cursor={first['next_cursor']}") == [1]
    assert problem(market.caller.get("/v1/transfers?from=2024-07-02&to=2024-07-01")) == (422, "validation-failed")


def test_a_reversal_is_told_and_answered_again(market: AfterMarket, plant: str) -> None:
    market.transfer(plant, market.trade())
    address = "/v1/transfers/T00000001/reversal"
    first, again = (market.caller.post(address, {"reason": "wrong lot"}, key="k") for _ in range(2))
    assert (first.status_code, first.get_json()["reversal"]["reason"]) == (201, "wrong lot")
    assert first.get_json()["reversal"]["recorded_by"]["name"] == "test"
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert problem(market.caller.post(address, {"reason": "x"}, key=a_key())) == (409, "already-reversed")
    assert problem(market.caller.post(address, {"reason": "x"})) == (400, "idempotency-key-missing")
    assert problem(market.caller.post(address.replace("1/", "2/"), {"reason": "x"}, key=a_key())) == (404, "not-found")
    assert market.caller.get("/v1/transfers/T00000001").data == first.data


def test_a_request_that_comes_again_gets_the_first_body_also_after_a_reversal(market: AfterMarket, plant: str) -> None:
    trade = market.trade()
    first = market.send(plant, trade, key="k")
    market.caller.post("/v1/transfers/T00000001/reversal", {"reason": "x"}, key=a_key())
    again = market.send(plant, trade, key="k")
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    assert problem(market.send(plant, trade, key="k", contract="other")) == (422, "idempotency-key-reused")


def _errors(answer: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in answer.get_json()["errors"]]


def test_what_can_not_be_read_is_pointed_at(market: AfterMarket, plant: str) -> None:
    trade = market.trade()
    number = "152501199001011238"
    long = "x" * 65
    cases: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
        ({}, [("/transaction_ids", "one-way")]),
        ({"transaction_ids": [trade], "consignment": "EL-1"}, [("/transaction_ids", "one-way")]),
        ({"transaction_ids": []}, [("/transaction_ids", "wrong-number")]),
        ({"transaction_ids": [trade, trade]}, [("/transaction_ids/1", "repeated")]),
        ({"transaction_ids": ["x"]}, [("/transaction_ids/0", "not-a-transaction-id")]),
        ({"lines": [{"transaction_id": trade, "quantity_kg": "0"}]}, [("/lines/0/quantity_kg", "not-a-weight")]),
        ({"lines": [{"transaction_id": trade, "kg": "1"}]}, [("/lines/0/kg", "unknown-field")]),
        ({"transaction_ids": [trade], "paid_cny": "-1"}, [("/paid_cny", "not-an-amount")]),
        ({"transaction_ids": [trade], "contract": long}, [("/contract", "not-usable-text")]),
        ({"transaction_ids": [trade], "invoice": " "}, [("/invoice", "not-usable-text")]),
        ({"transaction_ids": [trade], "enterprise_id": "X"}, [("/enterprise_id", "not-an-enterprise-id")]),
        ({"transaction_ids": [trade], "purpose": "eating"}, [("/purpose", "not-a-choice")]),
        ({"transaction_ids": [trade], "transferred_on": "2024-06-29"}, [("/transferred_on", "before-the-trade")]),
        ({"transaction_ids": [trade], "transferred_on": "2200-01-01"}, [("/transferred_on", "in-the-future")]),
        ({"transaction_ids": [trade], "contract": number}, [("/contract", "personal-data")]),
        ({"transaction_ids": [trade], "invoice": number}, [("/invoice", "personal-data")]),
    ]
    for changes, errors in cases:
        answer = market.send(plant, **changes)
        assert (answer.status_code, _errors(answer)) == (422, errors), changes
        assert number.encode() not in answer.data
    assert market.caller.get("/v1/transfers").get_json()["items"] == []


def test_what_the_ledger_refuses_is_told_in_full(market: AfterMarket, plant: str) -> None:
    trade, moved = market.trade(), market.trade()
    market.transfer(plant, lines=[{"transaction_id": moved, "quantity_kg": "49.5"}])
    too_much = market.send(plant, lines=[{"transaction_id": moved, "quantity_kg": "0.501"}])
    assert problem(too_much) == (422, "quantity-exceeded")
    assert (too_much.get_json()["transaction_id"], too_much.get_json()["left_kg"]) == (moved, "0.500")
    assert _errors(too_much) == [("/lines/0/quantity_kg", "quantity-exceeded")]
    assert problem(market.send("E00000009", trade)) == (422, "enterprise-not-active")
    assert problem(market.send(plant, trade, purpose="secondary_market")) == (422, "enterprise-not-active")
    assert problem(market.send(plant, "01900000-0000-7000-8000-000000000000")) == (404, "not-found")
    assert problem(market.send(plant, consignment="EL-9")) == (404, "not-found")
    reversal = market.caller.reverse(trade).get_json()["transaction_id"]
    refused = market.send(plant, trade)
    assert (problem(refused), refused.get_json()["reversal_id"]) == ((409, "already-reversed"), reversal)
    for wrong in (reversal, market.trade(direction="export")):
        assert _errors(market.send(plant, wrong))[0][0] == "/transaction_ids/0"


def test_a_trade_tells_what_has_gone_on(market: AfterMarket, plant: str) -> None:
    trade = market.trade()
    market.transfer(plant, lines=[{"transaction_id": trade, "quantity_kg": "12.5"}])

    def told() -> list[tuple[str, str]]:
        one = market.caller.get(f"/v1/transactions/{trade}").get_json()
        [listed] = market.caller.get("/v1/transactions").get_json()["items"]
        return [(document["transferred_kg"], document["transferred_cny"]) for document in (one, listed)]

    assert told() == [("12.500", "250.00")] * 2
    market.caller.post("/v1/transfers/T00000001/reversal", {"reason": "x"}, key=a_key())
    assert told() == [("0.000", "0.00")] * 2


def test_a_consignment_tells_its_transfers(admin: Caller, market: AfterMarket, plant: str) -> None:
    trucks = Trucks(admin)
    trucks.register()
    address = f"/v1/consignments/{TRUCK}"
    assert admin.get(address).get_json()["transfers"] == []
    [part, *_] = trucks.propose_and_split(resident_ids=["R00000001", "R00000002"], remainder="leave")
    other = market.trade(3)
    market.transfer(plant, part["transaction_id"], other)
    market.transfer(plant, consignment=TRUCK)
    admin.post("/v1/transfers/T00000002/reversal", {"reason": "x"}, key=a_key())

    told = admin.get(address).get_json()["transfers"]

    assert [(one["transfer_id"], one["transactions"], one["reversed"]) for one in told] == [
        ("T00000002", 1, True), ("T00000001", 1, False),
    ]  # fmt: skip
    assert told[1] == {
        "transfer_id": "T00000001",
        "enterprise_id": plant,
        "enterprise": {"enterprise_id": plant, "name": "草原肉业"},
        "purpose": "processing",
        "transferred_on": DAY,
        "transactions": 1,
        "quantity_kg": part["quantity_kg"],
        "amount_cny": part["amount_cny"],
        "reversed": False,
    }


def test_a_key_of_one_point_sees_and_sends_what_is_of_its_point(
    ledger: Ledger, admin: Caller, market: AfterMarket, plant: str
) -> None:
    here, there = market.trade(consignment="EL-1"), market.trade(trade_point="other", consignment="EL-1")
    desk = AfterMarket(Caller(admin.client, create_key(ledger, "desk", ["admin"], trade_point="other")[1]))
    market.transfer(plant, lines=[{"transaction_id": one, "quantity_kg": "1"} for one in (here, there)])
    market.transfer(plant, lines=[{"transaction_id": here, "quantity_kg": "1"}])
    assert desk.caller.get("/v1/transfers").get_json()["items"] == []
    for number in (1, 2):
        address = f"/v1/transfers/T0000000{number}"
        assert problem(desk.caller.get(address)) == (404, "not-found")
        assert problem(desk.caller.post(f"{address}/reversal", {"reason": "x"}, key=a_key())) == (404, "not-found")
    line = {"transaction_id": here, "quantity_kg": "1"}
    for body in ({"transaction_ids": [here]}, {"lines": [line]}, {"consignment": "EL-1", "trade_point": "erenhot"}):
        assert problem(desk.send(plant, **body)) == (404, "not-found")
    assert problem(market.send(plant, there, trade_point="erenhot")) == (404, "not-found")
    own = [
        desk.transfer(plant, lines=[{**line, "transaction_id": there}]),
        desk.transfer(plant, consignment="EL-1"),
    ]
    assert [one["trade_point"] for one in own] == ["other", "other"]
    assert len(desk.caller.get("/v1/transfers").get_json()["items"]) == 2


def test_others_transfers_need_a_scope(ledger: Ledger, admin: Caller, market: AfterMarket, plant: str) -> None:
    market.transfer(plant, market.trade())
    scopes = ["transactions:write", "transactions:reverse_any"]
    clerk, chief = (Caller(admin.client, create_key(ledger, "k", scopes[:count])[1]) for count in (1, 2))
    address = "/v1/transfers/T00000001/reversal"
    assert problem(clerk.post(address, {"reason": "x"}, key=a_key())) == (403, "forbidden")
    assert problem(clerk.get("/v1/transfers")) == (403, "forbidden")
    assert chief.post(address, {"reason": "x"}, key=a_key()).status_code == 201


@pytest.mark.parametrize("form", ["transaction_ids", "lines"])
def test_ten_thousand_lines_go_on_together(admin: Caller, market: AfterMarket, plant: str, form: str) -> None:
    ids: list[str] = []
    for first in range(0, 10_000, 5_000):
        items = [
            {"key": a_key(), "resident_id": f"R{1 + n % 3:08d}", "category": "meat", "commodity": "冻马肉",
             "origin": "MN", "quantity_kg": "50", "amount_cny": "1000.00", "traded_at": "2024-06-30T09:30:00+08:00"}
            for n in range(first, first + 5_000)
        ]  # fmt: skip
        answer = admin.post("/v1/transactions/batch", {"items": items}).get_json()
        ids += [item["transaction_id"] for item in answer["items"]]
    named = ids if form == "transaction_ids" else [{"transaction_id": one, "quantity_kg": "12.345"} for one in ids]

    document = market.transfer(plant, **{form: named})

    assert (document["transactions"], document["residents"], len(document["lines"])) == (10_000, 3, 10_000)
    assert document["quantity_kg"] == ("500000.000" if form == "transaction_ids" else "123450.000")
    too_many = market.send(plant, transaction_ids=[*ids, ids[0]])
    assert _errors(too_many) == [("/transaction_ids", "wrong-number")]
