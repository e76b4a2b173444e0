"""What the API answers of traces, to whom, and what it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from service.commands.keys import create_key
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.processing_batches import NewProcessingBatch, ProcessingOutput
from service.ledger import Ledger
from tests.conftest import Caller
from tests.transfers.market import DAY, PROCESSOR, buy, of, register_enterprises, to_processor

BATCH = "/v1/trace/processing-batches/B00000001"
OUTPUTS = (ProcessingOutput("酱牛肉", "160250", 84_000, 504_000), ProcessingOutput("骨", None, 3_000, None))
UNKNOWN = "01a20a10-feae-77e7-9b8f-f3bdba051bec"


@pytest.fixture
def trades(ledger: Ledger, admin: Caller) -> list[str]:
    """Two trades of a truck and one of another; the first two are in a batch, the third waits at the enterprise."""
    admin.register(3)
    register_enterprises(ledger)
    bought = [
        *buy(admin, consignment="EL-1", vehicle_plate="蒙H1"),
        *buy(admin, resident_id="R00000002", consignment="EL-1", vehicle_plate="蒙H1"),
        *buy(admin, resident_id="R00000003", consignment="EL-2", origin="RU"),
    ]
    post_transfer(ledger, to_processor(), of(*bought[:2], quantity_g=40_000))
    post_transfer(ledger, to_processor(), of(bought[2]))
    process(ledger, 1)
    return bought


def process(ledger: Ledger, *transfers: int) -> None:
    """Puts transfers into a batch with two outputs."""
    post_processing_batch(ledger, NewProcessingBatch(PROCESSOR, transfers, DAY, OUTPUTS))


def traced(caller: Caller, path: str) -> dict[str, Any]:
    """The document of a trace."""
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def test_a_batch_is_traced_back_to_masked_residents(admin: Caller, trades: list[str]) -> None:
    document = traced(admin, BATCH)
    assert document["subject"] == {
        "kind": "processing_batch", "id": "B00000001", "trade_point": None, "output": None, "reversed": False,
    }  # fmt: skip
    assert [node["id"] for node in document["nodes"]] == [
        "origin:MN", "consignment:erenhot:EL-1", "transfer:T00000001", "enterprise:E00000001",
        "processing_batch:B00000001", "output:B00000001:1", "output:B00000001:2",
    ]  # fmt: skip
    assert document["links"][0] == {
        "source": "origin:MN", "target": "consignment:erenhot:EL-1", "kind": "goods", "quantity_kg": "80.000",
        "amount_cny": "1600.00",
    }  # fmt: skip
    assert [(link["kind"], link["quantity_kg"], link["amount_cny"]) for link in document["links"][-2:]] == [
        ("made", "84.000", "5040.00"), ("made", "3.000", None),
    ]  # fmt: skip
    first = document["transactions"]["items"][0]
    assert (first["transaction_id"], first["resident_id"], first["name"]) == (trades[0], "R00000001", "阿****格")
    assert (first["quantity_kg"], first["transferred_kg"], first["traced_kg"]) == ("50.000", "40.000", "40.000")
    assert document["totals"]["transactions"] == document["totals"]["residents"] == 2
    assert document["nodes"][1]["vehicle_plate"] == "蒙H1"


def test_one_output_is_asked_for_by_its_number(admin: Caller, trades: list[str]) -> None:
    document = traced(admin, f"{BATCH}?output=2")
    assert document["subject"]["output"] == 2
    assert [node["id"] for node in document["nodes"] if node["kind"] == "output"] == ["output:B00000001:2"]
    assert document["totals"] == traced(admin, BATCH)["totals"], "all inputs make each output"
    assert admin.get(f"{BATCH}?output=3").status_code == 404
    assert admin.get(f"{BATCH}?output=0").status_code == 422


def test_a_truck_is_traced_forward_with_what_has_not_gone_on(admin: Caller, trades: list[str]) -> None:
    document = traced(admin, "/v1/trace/consignments/EL-1")
    truck = document["nodes"][1]
    assert (truck["quantity_kg"], truck["stays_kg"], truck["stays_cny"]) == ("100.000", "20.000", "400.00")
    assert (document["totals"]["transferred_kg"], document["totals"]["processed_kg"]) == ("80.000", "80.000")
    other = traced(admin, "/v1/trace/consignments/EL-2?trade_point=erenhot")
    assert {node["kind"] for node in other["nodes"]} == {"origin", "consignment", "transfer", "enterprise"}
    assert other["nodes"][-1]["stays_kg"] == "50.000"


def test_a_trade_is_traced_both_ways(admin: Caller, trades: list[str]) -> None:
    document = traced(admin, f"/v1/trace/transactions/{trades[0]}")
    ids = [node["id"] for node in document["nodes"]]
    assert ids[:2] == ["origin:MN", "consignment:erenhot:EL-1"]
    assert {f"transactions:{trades[0]}", "transactions:other-goods", "output:B00000001:1"} <= set(ids)
    assert [item["transaction_id"] for item in document["transactions"]["items"]] == [trades[0]]


def test_trades_are_paged_and_flows_are_always_of_all(admin: Caller, trades: list[str]) -> None:
    first = traced(admin, f"{BATCH}?limit=1")
    cursor = first["transactions"]["next_cursor"]
    second = traced(admin, f"{BATCH}?limit=1&cursor={cursor}")
    items = [page["transactions"]["items"][0]["transaction_id"] for page in (first, second)]
    assert items == trades[:2]
    assert second["transactions"]["next_cursor"] is None
    assert first["links"] == second["links"]
    for elsewhere in ("/v1/trace/consignments/EL-1", f"/v1/trace/transactions/{trades[0]}"):
        assert admin.get(f"{elsewhere}?cursor={cursor}").get_json()["code"] == "cursor-invalid"


def test_what_was_reversed_does_not_flow_and_is_counted(ledger: Ledger, admin: Caller, trades: list[str]) -> None:
    reverse_processing_batch(ledger, 1, "wrong transfer")
    document = traced(admin, BATCH)
    assert (document["subject"]["reversed"], document["nodes"], document["links"]) == (True, [], [])
    assert document["totals"]["reversed_batches"] == 1
    reverse_transfer(ledger, 1, "wrong enterprise")
    truck = traced(admin, "/v1/trace/consignments/EL-1")
    assert [node["kind"] for node in truck["nodes"]] == ["origin", "consignment"]
    assert (truck["totals"]["reversed_transfers"], truck["totals"]["reversed_batches"]) == (1, 1)
    admin.reverse(trades[0])
    trade = traced(admin, f"/v1/trace/transactions/{trades[0]}")
    assert (trade["subject"]["reversed"], trade["nodes"]) == (True, [])
    assert len(traced(admin, "/v1/trace/consignments/EL-1")["transactions"]["items"]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/trace/processing-batches/B00000009",
        "/v1/trace/processing-batches/9",
        "/v1/trace/consignments/EL-9",
        "/v1/trace/consignments/EL-1?trade_point=mandula",
        f"/v1/trace/transactions/{UNKNOWN}",
        "/v1/trace/transactions/x",
    ],
)
def test_what_does_not_exist_is_not_found(admin: Caller, trades: list[str], path: str) -> None:
    assert admin.get(path).status_code == 404


def test_a_truck_of_which_nothing_was_traded_has_an_empty_trace(admin: Caller) -> None:
    line = {"category": "meat", "commodity": "冻马肉", "origin": "MN", "quantity_kg": "100", "amount_cny": "2000.00"}
    body = {"consignment": "EL-7", "arrived_at": "2024-06-30T09:00:00+08:00", "lines": [line]}
    assert admin.post("/v1/consignments", body, key="k").status_code == 201
    document = traced(admin, "/v1/trace/consignments/EL-7")
    assert (document["nodes"], document["transactions"]["items"]) == ([], [])


def test_a_trace_needs_the_scope_to_read_transactions(
    call: Callable[..., Caller], admin: Caller, trades: list[str]
) -> None:
    assert call("residents:read", "reports:read").get(BATCH).status_code == 403
    assert call(None).get(BATCH).status_code == 401
    assert call("transactions:read").get(BATCH).status_code == 200


def test_a_key_of_one_point_sees_its_own_goods_only(ledger: Ledger, admin: Caller, trades: list[str]) -> None:
    there = buy(admin, trade_point="mandula", consignment="M-1")
    mixed = [*buy(admin, consignment="EL-3"), *buy(admin, trade_point="mandula", consignment="M-1")]
    post_transfer(ledger, to_processor(), of(*there))
    post_transfer(ledger, to_processor(), of(*mixed))
    process(ledger, 3)
    process(ledger, 4)
    desk = Caller(admin.client, create_key(ledger, "desk", ["transactions:read"], trade_point="mandula")[1])
    assert desk.get(BATCH).status_code == 404, "a batch of another point"
    assert desk.get("/v1/trace/processing-batches/B00000002").status_code == 200
    assert desk.get("/v1/trace/processing-batches/B00000003").status_code == 404, "of several points"
    said = desk.get(BATCH).get_json()["detail"].replace("B00000001", "B00000009")
    assert said == desk.get("/v1/trace/processing-batches/B00000009").get_json()["detail"]
    assert desk.get(f"/v1/trace/transactions/{trades[0]}").status_code == 404
    assert desk.get("/v1/trace/consignments/EL-1").status_code == 404
    nodes = traced(desk, "/v1/trace/consignments/M-1")["nodes"]
    hidden = [node for node in nodes if node["id"] == "transfer:of-several-points"]
    assert [(node["quantity_kg"], node["whole_kg"], node["stays_kg"]) for node in hidden] == [("50.000", None, None)]
    assert "T00000004" not in str(nodes)
    assert "T00000004" in str(traced(admin, "/v1/trace/consignments/M-1?trade_point=mandula")["nodes"])


@pytest.mark.parametrize("address", ["/v1/trace/consignments", "/v1/consignments"])
@pytest.mark.parametrize("name", ["%00", "a%00b", "EL-1%0A"])
def test_a_name_that_no_text_can_have_is_not_found(admin: Caller, trades: list[str], address: str, name: str) -> None:
    assert trades
    assert admin.get(f"{address}/{name}").status_code == (200 if name == "EL-1%0A" and "trace" in address else 404)
