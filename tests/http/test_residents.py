"""Residents and groups: registration, masks, dated status and membership, the audited reveal, the allowance."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.tables import audit, resident_group
from tests.builders import a_citizen_number, a_registration, a_trade
from tests.conftest import Caller

FIRST = "/v1/residents/R00000001"


def _status(caller: Caller, status: str, effective_on: str | None = None) -> Any:
    body = {"status": status, "reason": "test", **({} if effective_on is None else {"effective_on": effective_on})}
    return caller.post(f"{FIRST}/status", body)


def test_a_resident_is_answered_masked_everywhere(admin: Caller) -> None:
    made = admin.post("/v1/residents", a_registration(settlement="东", valid_until="2030-01-01"))
    shown = made.get_json()
    assert made.status_code == 201
    assert made.headers["Location"] == FIRST
    assert shown["name"] == "阿****格"
    assert shown["id_number"] == f"1525**********{a_citizen_number(0)[-4:]}"
    assert (shown["status"], shown["settlement"], shown["valid_until"]) == ("active", "东", "2030-01-01")
    assert admin.get(FIRST).get_json() == shown
    assert admin.get("/v1/residents").get_json()["items"] == [shown]
    assert admin.post("/v1/residents/lookup", {"id_number": a_citizen_number(0)}).get_json() == shown


def test_neither_answers_nor_logs_name_anybody(admin: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    number, name = a_citizen_number(0), a_registration()["name"]
    answers = [
        admin.post("/v1/residents", a_registration()),
        admin.post("/v1/residents", a_registration()),
        admin.post("/v1/residents/lookup", {"id_number": number}),
        admin.post("/v1/residents/lookup", {"id_number": a_citizen_number(1)}),
        admin.post("/v1/residents/lookup", {"id_number": number[:-1] + "?"}),
        *(admin.post("/v1/residents/search", {"name": text}) for text in (name, number, f"{name}{number}", name * 20)),
        admin.post("/v1/residents", {**a_registration(), "registered_on": "1900-01-01"}),
        admin.get("/v1/residents"),
        admin.get(f"/v1/residents/{number}"),
        admin.get(f"/v1/residents/{number}/allowance"),
        admin.post(f"/v1/residents/{number}/reveal", {"reason": "x"}),
        admin.post(f"/v1/residents/{number}/status", {"status": "suspended", "reason": "x"}),
        admin.post(f"/v1/groups/{number}/members", {"resident_ids": ["R00000001"]}),
        admin.post("/v1/groups/G000001/members", {"resident_ids": [number, name]}),
        admin.get(f"/v1/residents?group_id={number}&status={name}&limit={number}"),
        admin.get(f"/v1/residents?cursor={number}"),
        admin.get(f"/v1/transactions/{number}"),
        admin.get(f"/v1/ledger/blocks/{number}"),
        admin.get(f"/v1/transactions?resident_id={number}"),
        admin.get(f"/v1/reports/trade?period=2024&trade_point={number}"),
        admin.get(f"/v1/reports/residents?period=2024&settlement={name}{number}"),
        admin.trade(a_trade(resident_id=number)),
    ]
    printed = "".join(capsys.readouterr())
    for text in (*(answer.text for answer in answers), printed):
        assert number[:17] not in text
        assert name not in text


def test_a_reveal_needs_its_scope_and_leaves_one_audit_record(ledger: Ledger, call: Callable[..., Caller]) -> None:
    call().register(1)
    clerk, auditor = call("residents:read", "residents:write"), call("residents:reveal")
    assert clerk.post(f"{FIRST}/reveal", {"reason": "curious"}).status_code == 403
    assert auditor.post(f"{FIRST}/reveal", {}).status_code == 422
    shown = auditor.post(f"{FIRST}/reveal", {"reason": "court order 7"})
    assert shown.get_json() == {
        "resident_id": "R00000001",
        "name": a_registration()["name"],
        "id_number": a_citizen_number(0),
    }
    assert shown.headers["Cache-Control"] == "no-store"
    with ledger.database.reading() as connection:
        records = connection.execute(sa.select(audit)).all()
    assert [(r.action, r.resident, r.reason, r.api_key) for r in records] == [("reveal", 1, "court order 7", 3)]
    assert records[0].request_id == shown.headers["X-Request-Id"]


def test_other_spellings_of_a_number_do_not_make_a_second_resident(admin: Caller) -> None:
    with_x = next(number for n in range(200) if (number := a_citizen_number(n)).endswith("X"))
    assert admin.post("/v1/residents", {**a_registration(), "id_number": with_x.lower()}).status_code == 201
    assert admin.post("/v1/residents", {**a_registration(), "id_number": with_x}).status_code == 409
    for spelling in (f" {with_x}", f"{with_x} ", with_x.replace("1", "１", 1), f"{with_x[:6]} {with_x[6:]}"):
        assert admin.post("/v1/residents", {**a_registration(), "id_number": spelling}).status_code == 422


@pytest.mark.parametrize(
    ("sent", "mask"),
    [
        ("王芳", "王*"),
        ("巴特尔", "巴****尔"),
        ("阿拉坦•其其格", "阿****格"),
        ("Өлзий", "Ө****й"),
        ("ᠪᠠᠲᠤ", "ᠪ****ᠤ"),
    ],
)
def test_names_in_every_script_of_the_region_are_taken(admin: Caller, sent: str, mask: str) -> None:
    made = admin.post("/v1/residents", a_registration(name=sent))
    assert made.get_json()["name"] == mask
    revealed = admin.post(f"{FIRST}/reveal", {"reason": "test"}).get_json()["name"]
    assert revealed == sent.replace("•", "·")


def test_status_is_dated_and_decides_about_trades_of_its_days(admin: Caller) -> None:
    admin.register(1)
    _status(admin, "suspended", "2024-03-01")
    _status(admin, "active", "2024-04-01")

    def trade_on(day: str) -> Any:
        return admin.trade(a_trade(traded_at=f"{day}T12:00:00+08:00"))

    assert trade_on("2024-02-29").status_code == 201
    assert trade_on("2024-03-01").get_json()["code"] == "resident-not-active"
    assert trade_on("2024-03-31").status_code == 422
    assert trade_on("2024-04-01").status_code == 201
    assert trade_on("2020-01-01").get_json()["code"] == "resident-not-active"


def test_a_cancellation_is_final(admin: Caller) -> None:
    admin.register(1)
    assert _status(admin, "cancelled").get_json()["status"] == "cancelled"
    again = _status(admin, "active")
    assert (again.status_code, again.get_json()["code"]) == (422, "resident-not-active")
    assert admin.trade(a_trade(traded_at="2024-06-30T12:00:00+08:00")).status_code == 201


def test_a_registration_ends_with_its_last_valid_day(admin: Caller) -> None:
    admin.register(1, valid_until="2024-06-30")
    assert admin.get(FIRST).get_json()["status"] == "expired"
    assert admin.trade(a_trade(traded_at="2024-06-30T23:59:59+08:00")).status_code == 201
    assert admin.trade(a_trade(traded_at="2024-07-01T00:00:00+08:00")).status_code == 422


def test_residents_are_listed_by_status_settlement_and_group_in_pages(admin: Caller) -> None:
    group = admin.post("/v1/groups", {"name": "晨光", "kind": "mutual_aid"}).get_json()["group_id"]
    for n in range(7):
        admin.post("/v1/residents", a_registration(n, settlement="东西"[n % 2], group_id=group if n < 3 else None))
    _status(admin, "suspended")
    found: list[str] = []
    cursor = ""
    while True:
        page = admin.get(f"/v1/residents?limit=2{cursor}").get_json()
        found += [item["resident_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    def ids(query: str) -> list[str]:
        return [item["resident_id"][-1] for item in admin.get(f"/v1/residents?{query}").get_json()["items"]]

    assert found == [f"R0000000{n}" for n in range(1, 8)]
    assert ids("settlement=东") == ["1", "3", "5", "7"]
    assert ids(f"group_id={group}") == ["1", "2", "3"]
    assert ids("status=suspended") == ["1"]
    assert ids("status=active&settlement=东") == ["3", "5", "7"]


def test_a_trade_bears_the_group_of_its_business_day(admin: Caller) -> None:
    admin.register(2)
    one, two = (admin.post("/v1/groups", {"name": n, "kind": "village"}).get_json()["group_id"] for n in "ab")
    assert admin.post(f"/v1/groups/{one}/members", {"resident_ids": ["R00000001"]}).get_json()["members"] == 1
    moved = admin.post(f"/v1/groups/{two}/members", {"resident_ids": ["R00000001"], "effective_on": "2024-05-01"})
    assert moved.get_json()["members"] == 1
    posted = [admin.trade(a_trade(traded_at=f"2024-0{m}-30T12:00:00+08:00")).get_json()["group_id"] for m in (4, 5)]
    assert posted == [one, two]
    assert {g["group_id"]: g["members"] for g in admin.get("/v1/groups").get_json()["items"]} == {one: 0, two: 1}


def test_a_membership_that_says_what_holds_already_is_kept_when_an_earlier_day_changes(
    ledger: Ledger, admin: Caller
) -> None:
    admin.register(1)
    one, two = (admin.post("/v1/groups", {"name": n, "kind": "village"}).get_json()["group_id"] for n in "ab")
    for group, day in ((one, "2022-01-01"), (one, "2024-01-01"), (two, "2023-01-01")):
        body = {"resident_ids": ["R00000001"], "effective_on": day}
        assert admin.post(f"/v1/groups/{group}/members", body).status_code == 200
    assert admin.get("/v1/residents/R00000001").get_json()["group_id"] == one
    assert [r["resident_id"] for r in admin.get(f"/v1/residents?group_id={one}").get_json()["items"]] == ["R00000001"]
    assert {g["group_id"]: g["members"] for g in admin.get("/v1/groups").get_json()["items"]} == {one: 1, two: 0}
    days = ("2022-06-01", "2023-06-01", "2024-01-01")
    posted = [admin.trade(a_trade(traded_at=f"{day}T12:00:00+08:00")).get_json()["group_id"] for day in days]
    assert posted == [one, two, one]
    for year, group in (("2022", one), ("2023", two), ("2024", one)):
        rows = admin.get(f"/v1/reports/residents?period={year}&compare=none&by=group_id").get_json()["rows"]
        stocks = {row["key"]["group_id"]: row["registered_at_end"]["current"] for row in rows}
        assert [name for name, count in stocks.items() if count] == [group]
    verify(ledger)


def test_the_same_membership_is_recorded_once(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    for _ in range(3):
        body = {"resident_ids": ["R00000001"], "effective_on": "2024-01-01"}
        assert admin.post(f"/v1/groups/{group}/members", body).get_json()["members"] == 1
    with ledger.database.reading() as connection:
        assert len(connection.execute(sa.select(resident_group)).all()) == 1


def test_adding_somebody_unknown_adds_nobody(admin: Caller) -> None:
    admin.register(1)
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    refused = admin.post(f"/v1/groups/{group}/members", {"resident_ids": ["R00000001", "R00000009"]})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "unknown-resident")
    assert admin.get("/v1/groups").get_json()["items"][0]["members"] == 0
    assert admin.post("/v1/groups/G000009/members", {"resident_ids": ["R00000001"]}).status_code == 404


def test_the_allowance_of_a_day_is_told_by_value_and_by_list_group(admin: Caller) -> None:
    admin.register(1)
    flour = a_trade(category="grain", hs_code="110100", quantity_kg="30", amount_cny="120.00")
    admin.trade(flour)
    told = admin.get(f"{FIRST}/allowance?day=2024-06-30").get_json()
    wheat = next(limit for limit in told["quantity_limits"] if limit["list_group"] == "wheat")
    assert (told["limit_cny"], told["exempt_used_cny"], told["remaining_cny"]) == ("8000.00", "120.00", "7880.00")
    assert wheat == {"list_group": "wheat", "limit_kg": "50.000", "used_kg": "30.000", "remaining_kg": "20.000"}
    today = admin.get(f"{FIRST}/allowance").get_json()
    assert today["remaining_cny"] == "8000.00"
    market_today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=8))).date()
    assert datetime.date.fromisoformat(today["day"]) in (market_today, market_today - datetime.timedelta(days=1))
