"""Consignments over HTTP: registered once, split as proposed, all parts or none, and whole again after reversals."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from service.domain.residents import mask_name
from service.ledger import Ledger
from tests.builders import a_key
from tests.cases import read_cases
from tests.conftest import Caller
from tests.http.trucks import DAY, TRUCK, Trucks, a_line, problem


@pytest.fixture
def trucks(admin: Caller) -> Trucks:
    """An administrator who splits trucks."""
    return Trucks(admin)


def test_a_truck_is_registered_and_shown(trucks: Trucks) -> None:
    shown = trucks.register()
    line = {"line": 1, **a_line(quantity_kg="25000.000", hs_code=None), "hs_code": None}
    nothing = {"split_kg": "0.000", "split_cny": "0.00", "left_kg": "25000.000", "left_cny": "416750.00"}
    assert shown["lines"] == [{**line, **nothing}]
    assert (shown["consignment"], shown["trade_point"], shown["recorded_by"]["name"]) == (TRUCK, "erenhot", "test")
    assert shown["other_trades"] == {"transactions": 0, "quantity_kg": "0.000", "amount_cny": "0.00"}
    assert trucks.caller.get(f"/v1/consignments/{TRUCK}").get_json() == shown
    assert trucks.caller.get("/v1/consignments").get_json() == {"items": [shown], "next_cursor": None}


def test_a_golden_truck_is_split_among_a_group(trucks: Trucks) -> None:
    group = trucks.caller.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    ids = trucks.caller.register(53, group_id=group)
    trucks.register()

    proposed = trucks.propose(group_id=group).get_json()
    posted = trucks.split(proposed["proposal"])

    case = read_cases("split")[0]
    parts = [(f"R{p['resident']:08d}", p["quantity_g"] / 1000, p["amount_fen"] / 100) for p in case["parts"]]
    for shown in (proposed["parts"], posted.get_json()["items"]):
        assert [(one["resident_id"], float(one["quantity_kg"]), float(one["amount_cny"])) for one in shown] == parts
        assert {one["taxable_cny"] for one in shown} == {"0.00"}
    assert posted.status_code == 201
    assert {one["name"] for one in proposed["parts"]} == {mask_name("阿拉坦其其格")}
    assert proposed["no_room"] == []
    assert proposed["left"] == [{"line": 1, "quantity_kg": "0.000", "amount_cny": "0.00"}]
    entry = posted.get_json()["items"][0]
    assert (entry["consignment"], entry["vehicle_plate"], entry["seller"]) == (TRUCK, "蒙H 12345", "Бат ХХК")
    assert (entry["consignment_line"], entry["over_allowance"], entry["group_id"]) == (1, "refuse", group)
    assert entry["traded_at"] == f"{DAY}T09:30:00+08:00"
    assert entry["declarant_id"] == ids[0]
    assert trucks.caller.get(f"/v1/transactions/{entry['transaction_id']}").get_json()["kind"] == "trade"
    assert trucks.left() == [("0.000", "0.00")]


def test_several_lines_are_split_as_in_the_golden_cases(trucks: Trucks) -> None:
    """The case in which the second line finds what the first one has left: rice is on the national list."""
    trucks.caller.register(3)
    rice = a_line(category="grain", commodity="大米", hs_code="100630", quantity_kg="120", amount_cny="600.00")
    meat = a_line(quantity_kg="1000", amount_cny="16670.00")
    trucks.register(meat, rice)
    proposed = trucks.propose(resident_ids=["R00000003", "R00000001", "R00000002"]).get_json()
    shares = [(one["line"], one["resident_id"], one["quantity_kg"], one["amount_cny"]) for one in proposed["parts"]]
    assert shares == [
        (1, "R00000003", "479.904", "8000.00"),
        (1, "R00000001", "479.904", "8000.00"),
        (1, "R00000002", "40.192", "670.00"),
        (2, "R00000002", "50.000", "250.00"),
    ]
    assert proposed["left"][1] == {"line": 2, "quantity_kg": "70.000", "amount_cny": "350.00"}
    assert [(one["resident_id"], one["why"]) for one in proposed["no_room"]] == []


def test_who_has_no_room_is_told_with_the_reason(trucks: Trucks) -> None:
    group = trucks.caller.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    ids = trucks.caller.register(4, group_id=group)
    suspended = {"status": "suspended", "reason": "x", "effective_on": DAY}
    trucks.caller.post(f"/v1/residents/{ids[1]}/status", suspended)
    trucks.caller.trade({**a_line(quantity_kg="1"), "resident_id": ids[2], "traded_at": f"{DAY}T08:00:00+08:00"})
    trucks.register()
    proposed = trucks.propose(group_id=group).get_json()
    told = [(one["resident_id"], one["why"], one["detail"]) for one in proposed["no_room"]]
    assert told == [
        (ids[1], "not-active", f"{ids[1]} is suspended."),
        (ids[2], "no-value-left", f"{ids[2]} gets no part: nothing is left of the value limit."),
    ]
    assert {one["resident_id"] for one in proposed["parts"]} == {ids[0], ids[3]}


def test_members_are_those_of_the_day_and_named_residents_come_as_named(trucks: Trucks) -> None:
    groups = [
        trucks.caller.post("/v1/groups", {"name": name, "kind": "mutual_aid"}).get_json()["group_id"] for name in "ab"
    ]
    ids = trucks.caller.register(3, group_id=groups[0])
    moved = {"resident_ids": [ids[0]], "effective_on": "2024-06-30"}
    trucks.caller.post(f"/v1/groups/{groups[1]}/members", moved)
    trucks.register()
    assert [one["resident_id"] for one in trucks.propose(group_id=groups[0]).get_json()["parts"]] == ids[1:]
    assert [one["resident_id"] for one in trucks.propose(group_id=groups[1]).get_json()["parts"]] == ids[:1]
    reversed_ids = ids[::-1]
    assert [p["resident_id"] for p in trucks.propose(resident_ids=reversed_ids).get_json()["parts"]] == reversed_ids


def test_a_remainder_is_taxed_to_the_resident_who_is_named(trucks: Trucks) -> None:
    ids = trucks.caller.register(3)
    trucks.register(a_line(quantity_kg="1000", amount_cny="20000.00"))
    proposed = trucks.propose(resident_ids=ids[:2], remainder=ids[2]).get_json()
    assert [one["quantity_kg"] for one in proposed["parts"]] == ["400.000", "400.000", "200.000"]
    assert proposed["parts"][2]["exempt_cny"] == "4000.00"
    taxed = trucks.propose(resident_ids=ids[:2], remainder=ids[0]).get_json()
    assert (taxed["parts"][2]["exempt_cny"], taxed["parts"][2]["taxable_cny"]) == ("0.00", "4000.00")
    items = trucks.split(taxed["proposal"]).get_json()["items"]
    assert [(one["verdict"], one["over_allowance"]) for one in items] == [
        ("exempt", "refuse"), ("exempt", "refuse"), ("taxed", "tax"),
    ]  # fmt: skip
    assert trucks.left() == [("0.000", "0.00")]


def test_what_is_left_is_split_later_and_at_midday_of_a_later_day(trucks: Trucks) -> None:
    ids = trucks.caller.register(2)
    trucks.register(a_line(quantity_kg="1000", amount_cny="16670.00"))
    first = trucks.propose_and_split(resident_ids=ids[:1], remainder="leave")
    assert trucks.left() == [("520.096", "8670.00")]
    second = trucks.propose_and_split(resident_ids=ids, day="2024-07-02")
    assert [one["quantity_kg"] for one in first + second] == ["479.904", "479.904", "40.192"]
    assert {one["traded_at"] for one in second} == {"2024-07-02T12:00:00+08:00"}
    assert trucks.left() == [("0.000", "0.00")]


def test_after_its_parts_are_reversed_a_truck_is_whole_again(trucks: Trucks) -> None:
    ids = trucks.caller.register(3)
    trucks.register()
    entries = trucks.propose_and_split(resident_ids=ids, remainder="leave")
    assert trucks.left() != [("25000.000", "416750.00")]
    for entry in entries:
        assert trucks.caller.reverse(entry["transaction_id"]).get_json()["consignment_line"] == 1
    assert trucks.left() == [("25000.000", "416750.00")]
    again = trucks.propose_and_split(resident_ids=ids, remainder="leave")
    assert [one["quantity_kg"] for one in again] == [one["quantity_kg"] for one in entries]


def test_other_trades_that_name_the_truck_are_told_apart(trucks: Trucks) -> None:
    [one] = trucks.caller.register(1)
    trucks.register()
    by_hand = {**a_line(quantity_kg="10", amount_cny="100.00"), "resident_id": one, "consignment": TRUCK}
    made = [trucks.caller.trade({**by_hand, "traded_at": f"{DAY}T10:00:00+08:00"}).get_json() for _ in range(2)]
    trucks.caller.reverse(made[0]["transaction_id"])
    elsewhere = {**by_hand, "trade_point": "elsewhere", "traded_at": f"{DAY}T10:00:00+08:00"}
    trucks.caller.trade(elsewhere)
    shown = trucks.caller.get(f"/v1/consignments/{TRUCK}").get_json()
    assert shown["other_trades"] == {"transactions": 1, "quantity_kg": "10.000", "amount_cny": "100.00"}
    assert shown["lines"][0]["left_kg"] == "25000.000"


@pytest.mark.parametrize("change", ["allowance", "member", "part"])
def test_a_split_is_proposed_again_when_something_has_changed(trucks: Trucks, change: str) -> None:
    group = trucks.caller.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    ids = trucks.caller.register(2, group_id=group)
    trucks.register(a_line(quantity_kg="900", amount_cny="15003.00"))
    old = trucks.propose(group_id=group, remainder="leave").get_json()["proposal"]
    changes: dict[str, Callable[[], Any]] = {
        "allowance": lambda: trucks.caller.trade(
            {**a_line(quantity_kg="1", amount_cny="1.00"), "resident_id": ids[0], "traded_at": f"{DAY}T08:00:00+08:00"}
        ),
        "member": lambda: trucks.caller.post(
            f"/v1/residents/{ids[1]}/status", {"status": "suspended", "reason": "x", "effective_on": DAY}
        ),
        "part": lambda: trucks.propose_and_split(resident_ids=ids[1:], remainder="leave"),
    }
    changes[change]()
    key = a_key()
    assert problem(trucks.split(old, key=key)) == (422, "split-outdated")
    new = trucks.propose(group_id=group, remainder="leave").get_json()["proposal"]
    assert trucks.split(new, key=key).status_code == 201, "split-outdated is not remembered"


def test_a_remainder_must_be_said_and_that_refusal_is_not_remembered(trucks: Trucks) -> None:
    ids = trucks.caller.register(1)
    trucks.register()
    uncovered, key = trucks.propose(resident_ids=ids).get_json()["proposal"], a_key()
    refused = trucks.split(uncovered, key=key)
    assert problem(refused) == (422, "consignment-not-covered")
    assert "line 1: 24520.096 kg of 408750.00 CNY" in refused.get_json()["detail"]
    covered = trucks.propose(resident_ids=ids, remainder="leave").get_json()["proposal"]
    assert trucks.split(covered, key=key).status_code == 201


def test_a_truck_of_another_trade_point_is_split_there(trucks: Trucks) -> None:
    ids = trucks.caller.register(1)
    for point in ("erenhot", "zamyn-uud"):
        trucks.register(a_line(quantity_kg="100", amount_cny="100.00"), trade_point=point)
    path = f"/v1/consignments/{TRUCK}/split/proposal?trade_point=zamyn-uud"
    proposed = trucks.caller.post(path, {"day": DAY, "resident_ids": ids}).get_json()
    [entry] = trucks.split(proposed["proposal"]).get_json()["items"]
    assert entry["trade_point"] == "zamyn-uud"
    assert trucks.left() == [("100.000", "100.00")]
    assert trucks.left(f"{TRUCK}?trade_point=zamyn-uud") == [("0.000", "0.00")]


def test_the_prices_of_the_parts_are_known_at_once(trucks: Trucks, ledger: Ledger) -> None:
    trucks.caller.register(30)
    trucks.register()
    proposed = trucks.propose(
        resident_ids=[f"R{n:08d}" for n in range(1, 31)], policy="even", remainder="leave"
    ).get_json()
    day = datetime.date.fromisoformat(DAY)
    assert ledger.prices.usual("冻马肉", "import", day) is None
    trucks.split(proposed["proposal"])
    usual = ledger.prices.usual("冻马肉", "import", day)
    assert usual is not None
    assert usual.trades == len(proposed["parts"]) == 30
