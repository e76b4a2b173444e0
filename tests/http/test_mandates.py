"""Mandates over HTTP: given one by one or by a group, withdrawn once; whoever declares for another needs one."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.builders import a_key, a_trade
from tests.conftest import Caller

FIRST, LAST = "2024-06-01", "2025-06-01"
DAY = "2024-06-30"


def a_mandate(**changes: Any) -> dict[str, Any]:
    """The body of a mandate that R00000002 gives R00000001."""
    body = {
        "representative_id": "R00000001",
        "resident_ids": ["R00000002"],
        "valid_from": FIRST,
        "valid_until": LAST,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def _give(caller: Caller, key: str | None = None, **changes: Any) -> list[dict[str, Any]]:
    answer = caller.post("/v1/mandates", a_mandate(**changes), key=key)
    assert answer.status_code == 201, answer.get_json()
    items: list[dict[str, Any]] = answer.get_json()["items"]
    return items


def _withdraw(caller: Caller, mandate_id: str, key: str | None = None, **changes: Any) -> TestResponse:
    body = {"effective_on": DAY, "reason": "他自己来了", **changes}
    return caller.post(f"/v1/mandates/{mandate_id}/withdrawal", body, key=key)


def _declared(caller: Caller, day: str = DAY, key: str | None = None, **changes: Any) -> TestResponse:
    terms = {"resident_id": "R00000002", "declarant_id": "R00000001", "traded_at": f"{day}T09:30:00+08:00"}
    return caller.trade(a_trade(**{**terms, "amount_cny": "1.00", **changes}), key)


def _problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_mandate_is_given_listed_and_withdrawn(admin: Caller) -> None:
    admin.register(2)
    [given] = _give(admin)
    recorded = {name: given.pop(name) for name in ("recorded_at", "recorded_by")}
    assert recorded["recorded_by"]["name"] == "test"
    assert given == {
        "mandate_id": "M00000001",
        "representative_id": "R00000001",
        "resident_id": "R00000002",
        "valid_from": FIRST,
        "valid_until": LAST,
        "withdrawn_from": None,
    }
    ended = _withdraw(admin, "M00000001")
    assert (ended.status_code, ended.get_json()) == (201, {**given, **recorded, "withdrawn_from": DAY})
    assert admin.get("/v1/mandates").get_json() == {"items": [ended.get_json()], "next_cursor": None}


def test_a_group_gives_its_mandates_at_once(admin: Caller) -> None:
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    admin.register(5, group_id=group)
    other = admin.post("/v1/groups", {"name": "二组", "kind": "mutual_aid"}).get_json()["group_id"]
    admin.post(f"/v1/groups/{other}/members", {"resident_ids": ["R00000004"], "effective_on": FIRST})
    given = _give(admin, resident_ids=None, group_id=group)
    assert [one["resident_id"] for one in given] == ["R00000002", "R00000003", "R00000005"]
    again = _give(admin, resident_ids=None, group_id=group)
    assert again == given, "what a resident has given already is not recorded twice"


def test_mandates_are_found_by_their_people_and_by_the_day_page_by_page(admin: Caller) -> None:
    admin.register(4)
    _give(admin, resident_ids=["R00000002", "R00000003", "R00000004"])
    _give(admin, representative_id="R00000002", resident_ids=["R00000003"], valid_until="2024-06-15")
    _withdraw(admin, "M00000002")

    def found(query: str) -> list[str]:
        return [one["mandate_id"] for one in admin.get(f"/v1/mandates?{query}").get_json()["items"]]

    assert found("") == ["M00000004", "M00000003", "M00000002", "M00000001"]
    assert found("representative_id=R00000001") == ["M00000003", "M00000002", "M00000001"]
    assert found("resident_id=R00000003") == ["M00000004", "M00000002"]
    assert found("day=2024-06-29") == ["M00000003", "M00000002", "M00000001"]
    assert found(f"day={DAY}") == ["M00000003", "M00000001"]
    first = admin.get("/v1/mandates?limit=3").get_json()
    assert found(f"cursor={first['next_cursor']}") == ["M00000001"]


def test_a_declarant_needs_a_mandate_that_covers_the_day(admin: Caller) -> None:
    admin.register(2)
    assert _problem(_declared(admin)) == (422, "not-mandated")
    _give(admin)
    answer = _declared(admin)
    assert (answer.status_code, answer.get_json()["declarant_id"]) == (201, "R00000001")
    assert _declared(admin, FIRST).status_code == _declared(admin, LAST).status_code == 201
    assert _problem(_declared(admin, "2024-05-31")) == (422, "not-mandated")
    assert _problem(_declared(admin, "2025-06-02")) == (422, "not-mandated")
    assert _problem(_declared(admin, resident_id="R00000001", declarant_id="R00000002")) == (422, "not-mandated")


def test_what_was_declared_before_a_withdrawal_stays(admin: Caller) -> None:
    admin.register(2)
    _give(admin)
    before = _declared(admin).get_json()
    _withdraw(admin, "M00000001")
    assert _problem(_declared(admin)) == (422, "not-mandated")
    assert _declared(admin, "2024-06-29").status_code == 201
    assert admin.get(f"/v1/transactions/{before['transaction_id']}").get_json()["declarant_id"] == "R00000001"
    reversal = admin.reverse(before["transaction_id"])
    assert (reversal.status_code, reversal.get_json()["declarant_id"]) == (201, "R00000001")


def test_a_refusal_for_want_of_a_mandate_is_final(admin: Caller) -> None:
    admin.register(2)
    key = a_key()
    refused = _declared(admin, key=key)
    _give(admin)
    again = _declared(admin, key=key)
    assert again.get_json() == refused.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _declared(admin).status_code == 201


def test_a_declarant_must_be_registered_and_active_on_the_day(admin: Caller) -> None:
    admin.register(2)
    assert _problem(_declared(admin, declarant_id="R00000009")) == (422, "unknown-resident")
    _give(admin)
    suspended = {"status": "suspended", "reason": "x", "effective_on": DAY}
    admin.post("/v1/residents/R00000001/status", suspended)
    refused = _declared(admin)
    assert _problem(refused) == (422, "resident-not-active")
    assert "R00000001" in refused.get_json()["detail"]


def test_buyers_need_no_mandate_for_themselves(admin: Caller) -> None:
    admin.register(1)
    key = a_key()
    plain = admin.trade(a_trade(), key)
    named = admin.trade(a_trade(declarant_id="R00000001"), key)
    assert plain.get_json() == named.get_json(), "a buyer who is named as declarant means the same"
    assert named.headers["Idempotency-Replayed"] == "true"
    nobody = admin.post("/v1/transactions", {**a_trade(), "declarant_id": None}, key=key)
    assert nobody.headers["Idempotency-Replayed"] == "true"


def test_quotes_and_batches_ask_for_the_mandate_too(admin: Caller) -> None:
    admin.register(2)
    declared = a_trade(resident_id="R00000002", declarant_id="R00000001")
    batch = {"items": [{**declared, "key": "a"}, {**a_trade(), "key": "b"}]}
    assert _problem(admin.post("/v1/transactions/quote", declared)) == (422, "not-mandated")
    items = admin.post("/v1/transactions/batch", batch).get_json()["items"]
    assert [one["status"] for one in items] == [422, 201]
    assert items[0]["problem"]["code"] == "not-mandated"
    _give(admin)
    assert admin.post("/v1/transactions/quote", declared).status_code == 200


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"valid_until": "2025-06-02"}, "/valid_until", "too-long"),
        ({"valid_until": "2024-05-31"}, "/valid_until", "too-early"),
        ({"resident_ids": ["R00000002", "R00000001"]}, "/resident_ids", "own-representative"),
        ({"resident_ids": ["R00000002", "R00000002"]}, "/resident_ids", "repeated"),
        ({"resident_ids": []}, "/resident_ids", "wrong-number"),
        ({"resident_ids": None}, "/group_id", "one-of-both"),
        ({"group_id": "G000001"}, "/group_id", "one-of-both"),
        ({"resident_ids": None, "group_id": "G000001"}, "/group_id", "unknown-group"),
        ({"representative_id": None}, "/representative_id", "required"),
    ],
)
def test_a_mandate_that_can_not_be_is_refused(admin: Caller, changes: dict[str, Any], pointer: str, code: str) -> None:
    admin.register(2)
    refused = admin.post("/v1/mandates", a_mandate(**changes))
    assert _problem(refused) == (422, "validation-failed")
    assert [(one["pointer"], one["code"]) for one in refused.get_json()["errors"]] == [(pointer, code)]
    assert admin.get("/v1/mandates").get_json()["items"] == []


def test_unknown_people_give_and_get_no_mandate(admin: Caller) -> None:
    admin.register(2)
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    for changes in ({"representative_id": "R00000009"}, {"resident_ids": ["R00000002", "R00000009"]}):
        refused = admin.post("/v1/mandates", a_mandate(**changes))
        assert _problem(refused) == (422, "unknown-resident")
        assert "R00000009" in refused.get_json()["detail"]
    empty = admin.post("/v1/mandates", a_mandate(resident_ids=None, group_id=group))
    assert [one["code"] for one in empty.get_json()["errors"]] == ["no-members"]
    assert admin.get("/v1/mandates").get_json()["items"] == []


def test_a_withdrawal_is_one_within_the_term_and_with_a_clean_reason(admin: Caller) -> None:
    admin.register(2)
    _give(admin)
    assert _problem(_withdraw(admin, "M00000009")) == (404, "not-found")
    assert _problem(_withdraw(admin, "X1")) == (404, "not-found")
    assert _problem(_withdraw(admin, "M00000001", effective_on="2024-05-31")) == (422, "validation-failed")
    assert _problem(_withdraw(admin, "M00000001", reason="152501199001011238")) == (422, "personal-data")
    assert _withdraw(admin, "M00000001").status_code == 201
    twice = _withdraw(admin, "M00000001")
    assert _problem(twice) == (409, "already-withdrawn")
    assert twice.get_json()["withdrawn_from"] == DAY


def test_a_retry_gives_and_withdraws_once(admin: Caller) -> None:
    admin.register(2)
    keys = a_key(), a_key()
    given = _give(admin, keys[0])
    ended = _withdraw(admin, "M00000001", keys[1])
    again = _withdraw(admin, "M00000001", keys[1])
    assert (again.status_code, again.get_json()) == (201, ended.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _give(admin, keys[0]) == given, "the same answer, from before the withdrawal"
    other = admin.post("/v1/mandates", a_mandate(valid_until="2024-07-01"), key=keys[0])
    assert _problem(other) == (422, "idempotency-key-reused")
    assert len(admin.get("/v1/mandates").get_json()["items"]) == 1


def test_mandates_need_their_scopes(call: Any) -> None:
    call().register(2)
    assert call("residents:read").post("/v1/mandates", a_mandate()).status_code == 403
    assert call("transactions:read").get("/v1/mandates").status_code == 403
    assert call(None).get("/v1/mandates").status_code == 401
