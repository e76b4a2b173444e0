"""What consignments and splits refuse, in which words, and what a retry gets."""

from collections.abc import Callable
from typing import Any

import pytest

from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_key
from tests.conftest import Caller
from tests.http.trucks import DAY, TRUCK, Trucks, a_line, a_truck, problem


@pytest.fixture
def trucks(admin: Caller) -> Trucks:
    """An administrator who splits trucks."""
    return Trucks(admin)


def _errors(answer: Any) -> list[tuple[str, str]]:
    assert problem(answer) == (422, "validation-failed"), answer.get_json()
    return [(one["pointer"], one["code"]) for one in answer.get_json()["errors"]]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"consignment": None}, "/consignment", "required"),
        ({"consignment": "a/b"}, "/consignment", "not-usable-text"),
        ({"consignment": ".."}, "/consignment", "not-usable-text"),
        ({"arrived_at": "2024-06-30"}, "/arrived_at", "not-an-instant"),
        ({"arrived_at": "2999-06-30T09:30:00+08:00"}, "/arrived_at", "in-the-future"),
        ({"lines": []}, "/lines", "wrong-number"),
        ({"lines": [a_line()] * 101}, "/lines", "wrong-number"),
        ({"lines": [a_line(), a_line(category="gold")]}, "/lines/1/category", "unknown-category"),
        ({"lines": [a_line(origin="CN")]}, "/lines/0/origin", "home-country"),
        ({"lines": [a_line(quantity_kg="0")]}, "/lines/0/quantity_kg", "not-a-weight"),
        ({"lines": [a_line(amount_cny="0")]}, "/lines/0/amount_cny", "not-an-amount"),
        ({"driver": "x"}, "/driver", "unknown-field"),
    ],
)
def test_a_truck_that_can_not_be_is_refused(trucks: Trucks, changes: dict[str, Any], pointer: str, code: str) -> None:
    refused = trucks.caller.post("/v1/consignments", a_truck(**changes))
    assert _errors(refused) == [(pointer, code)]
    assert trucks.caller.get("/v1/consignments").get_json()["items"] == []


def test_goods_of_another_category_and_citizen_numbers_are_refused(trucks: Trucks) -> None:
    wrong = trucks.caller.post("/v1/consignments", a_truck(a_line(), a_line(hs_code="100190")))
    assert problem(wrong) == (422, "category-hs-mismatch")
    assert wrong.get_json()["detail"].startswith("Line 2: ")
    number = "152501199001011238"
    personal = trucks.caller.post("/v1/consignments", a_truck(seller=f"李 {number}"), key=a_key())
    assert problem(personal) == (422, "personal-data")
    assert number not in personal.get_data(as_text=True)


def test_a_name_is_taken_once_at_each_trade_point(trucks: Trucks) -> None:
    key = a_key()
    first = trucks.caller.post("/v1/consignments", a_truck(), key=key)
    assert problem(trucks.caller.post("/v1/consignments", a_truck())) == (409, "consignment-exists")
    again = trucks.caller.post("/v1/consignments", a_truck(consignment=f" {TRUCK}\u200b"), key=key)
    assert (again.status_code, again.get_json()) == (201, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = trucks.caller.post("/v1/consignments", a_truck(seller="another"), key=key)
    assert problem(other) == (422, "idempotency-key-reused")
    elsewhere = trucks.caller.post("/v1/consignments", a_truck(trade_point="zamyn-uud"))
    assert elsewhere.headers["Location"] == f"/v1/consignments/{TRUCK}?trade_point=zamyn-uud"
    assert trucks.caller.get(elsewhere.headers["Location"]).get_json() == elsewhere.get_json()


def test_trucks_are_found_by_point_plate_and_day_page_by_page(trucks: Trucks) -> None:
    trucks.register(consignment="a")
    trucks.register(consignment="b", vehicle_plate="京A 1")
    trucks.register(consignment="c", trade_point="elsewhere")
    trucks.register(consignment="d", arrived_at="2024-06-29T23:59:59+08:00")

    def found(query: str) -> str:
        items = trucks.caller.get(f"/v1/consignments?{query}").get_json()["items"]
        return "".join(one["consignment"] for one in items)

    assert found("") == "dcba"
    assert (found("trade_point=elsewhere"), found("vehicle_plate=京A 1")) == ("c", "b")
    assert (found("to=2024-06-29"), found(f"from={DAY}"), found(f"from={DAY}&to={DAY}")) == ("d", "cba", "cba")
    page = trucks.caller.get("/v1/consignments?limit=3").get_json()
    assert found(f"cursor={page['next_cursor']}") == "a"
    assert _errors(trucks.caller.get(f"/v1/consignments?from={DAY}&to=2024-06-29")) == [("/to", "not-a-period")]


@pytest.mark.parametrize(
    ("terms", "pointer", "code"),
    [
        ({}, "/group_id", "one-of-both"),
        ({"resident_ids": ["R00000001"], "group_id": "G000001"}, "/group_id", "one-of-both"),
        ({"resident_ids": ["R00000001", "R00000001"]}, "/resident_ids", "repeated"),
        ({"resident_ids": []}, "/resident_ids", "wrong-number"),
        ({"group_id": "G000009"}, "/group_id", "unknown-group"),
        ({"resident_ids": ["R00000001"], "day": "2024-06-29"}, "/day", "too-early"),
        ({"resident_ids": ["R00000001"], "day": "2999-01-01"}, "/day", "in-the-future"),
        ({"resident_ids": ["R00000001"], "policy": "fair"}, "/policy", "not-a-choice"),
        ({"resident_ids": ["R00000001"], "unit_kg": "0"}, "/unit_kg", "not-a-weight"),
        ({"resident_ids": ["R00000001"], "remainder": "drop"}, "/remainder", "not-a-choice"),
    ],
)
def test_terms_that_can_not_be_are_refused(trucks: Trucks, terms: dict[str, Any], pointer: str, code: str) -> None:
    trucks.caller.register(1)
    trucks.register()
    assert _errors(trucks.propose(**terms)) == [(pointer, code)]


def test_unknown_residents_and_trucks_are_told(trucks: Trucks) -> None:
    trucks.caller.register(1)
    trucks.register()
    refused = trucks.propose(resident_ids=["R00000001", "R00000009"])
    assert problem(refused) == (422, "unknown-resident")
    assert "R00000009" in refused.get_json()["detail"]
    for kg in ("5000", "10"):  # Also where nothing would be left: a mistyped id must not wait for the day it counts.
        trucks.register(a_line(quantity_kg=kg, amount_cny=f"{kg}.00"), consignment=kg)
        refused = trucks.propose(kg, resident_ids=["R00000001"], remainder="R00000009")
        assert problem(refused) == (422, "unknown-resident")
    assert problem(trucks.propose("nothing", resident_ids=["R00000001"])) == (404, "not-found")
    elsewhere = f"/v1/consignments/{TRUCK}?trade_point=elsewhere"
    assert problem(trucks.caller.get(elsewhere)) == (404, "not-found")


def test_only_a_token_of_this_ledger_and_this_truck_is_posted(trucks: Trucks) -> None:
    ids = trucks.caller.register(1)
    trucks.register()
    trucks.register(consignment="other")
    token = trucks.propose(resident_ids=ids, remainder="leave").get_json()["proposal"]
    assert _errors(trucks.split(token, "other")) == [("/proposal", "other-consignment")]
    elsewhere = f"/v1/consignments/{TRUCK}/split?trade_point=elsewhere"
    assert problem(trucks.caller.post(elsewhere, {"proposal": token}, key=a_key())) == (404, "not-found")
    trucks.register(trade_point="elsewhere")
    assert _errors(trucks.caller.post(elsewhere, {"proposal": token}, key=a_key())) == [
        ("/proposal", "other-consignment")
    ]
    assert _errors(trucks.split(token[:-2] + "xx")) == [("/proposal", "not-a-proposal")]
    assert problem(trucks.caller.post(f"/v1/consignments/{TRUCK}/split", {"proposal": token})) == (
        400, "idempotency-key-missing",
    )  # fmt: skip


def test_a_split_without_any_part_is_not_posted(trucks: Trucks) -> None:
    ids = trucks.caller.register(1)
    trucks.register(a_line(hs_code="510111", category="wool"))
    proposed = trucks.propose(resident_ids=ids, remainder="leave").get_json()
    assert (proposed["parts"], proposed["no_room"][0]["why"]) == ([], "no-weight-left")
    assert _errors(trucks.split(proposed["proposal"])) == [("/proposal", "nothing-to-post")]


def test_a_retry_gets_the_same_answer_and_another_meaning_is_refused(trucks: Trucks, ledger: Ledger) -> None:
    ids = trucks.caller.register(3)
    trucks.register()
    key, token = a_key(), trucks.propose(resident_ids=ids, remainder="leave").get_json()["proposal"]
    first = trucks.split(token, key=key)
    again = trucks.split(token, key=key)
    assert (again.status_code, again.data) == (201, first.data)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    other = trucks.propose(resident_ids=ids, remainder=ids[0]).get_json()["proposal"]
    assert problem(trucks.split(other, key=key)) == (422, "idempotency-key-reused")
    assert len(trucks.caller.get("/v1/transactions").get_json()["items"]) == 3
    verify(ledger)


def test_a_split_is_declared_under_mandates_or_refused_for_good(trucks: Trucks, ledger: Ledger) -> None:
    ids = trucks.caller.register(3)
    trucks.register()
    terms: dict[str, Any] = {"resident_ids": ids, "declarant_id": ids[0], "remainder": "leave"}
    assert problem(trucks.propose(**terms)) == (422, "not-mandated")
    mandate = {"representative_id": ids[0], "resident_ids": ids[1:], "valid_from": DAY, "valid_until": DAY}
    trucks.caller.post("/v1/mandates", mandate)
    token, key = trucks.propose(**terms).get_json()["proposal"], a_key()
    trucks.caller.post("/v1/mandates/M00000001/withdrawal", {"effective_on": DAY, "reason": "x"})
    refused = trucks.split(token, key=key)
    assert problem(refused) == (422, "not-mandated")
    trucks.caller.post("/v1/mandates", mandate)
    again = trucks.split(token, key=key)
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (refused.get_json(), "true")
    items = trucks.split(token).get_json()["items"]
    assert [(one["resident_id"], one["declarant_id"]) for one in items] == [(one, ids[0]) for one in ids]
    verify(ledger)


def test_a_resident_who_is_to_buy_the_remainder_must_be_active(trucks: Trucks) -> None:
    ids = trucks.caller.register(2)
    trucks.register()
    suspended = {"status": "suspended", "reason": "x", "effective_on": DAY}
    trucks.caller.post(f"/v1/residents/{ids[1]}/status", suspended)
    assert problem(trucks.propose(resident_ids=ids[:1], remainder=ids[1])) == (422, "resident-not-active")


def test_trucks_need_their_scopes(trucks: Trucks, call: Callable[..., Caller]) -> None:
    ids = trucks.caller.register(1)
    trucks.register()
    reader, stranger = Trucks(call("transactions:read", "residents:write")), Trucks(call("residents:read"))
    assert reader.caller.post("/v1/consignments", a_truck()).status_code == 403
    assert reader.propose(resident_ids=ids).status_code == reader.split("x").status_code == 403
    assert reader.caller.get(f"/v1/consignments/{TRUCK}").status_code == 200
    assert stranger.caller.get(f"/v1/consignments/{TRUCK}").status_code == 403
    assert call(None).get("/v1/consignments").status_code == 401
