"""Posting, quoting, reversing, the statement, and batches."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import a_key, a_trade
from tests.conftest import Caller

BATCH = "/v1/transactions/batch"


@pytest.fixture(autouse=True)
def _two_residents(admin: Caller) -> None:
    admin.register(2)


def test_the_answer_is_all_of_the_trade_in_its_normal_form(admin: Caller) -> None:
    sent = a_trade(
        quantity_kg="467.0", amount_cny="7800", traded_at="2024-06-29T16:30:00.5Z", hs_code="02044200",
        consignment="P-1", vehicle_plate="蒙H12345", seller="Мах ХХК", reference="D-1", metadata={"票": "7"},
    )  # fmt: skip
    posted = admin.trade(sent)
    shown = posted.get_json()
    assert shown | {
        "kind": "trade", "quantity_kg": "467.000", "amount_cny": "7800.00", "exempt_cny": "7800.00",
        "taxable_cny": "0.00", "verdict": "exempt", "day": "2024-06-30",
        "traded_at": "2024-06-30T00:30:00.500000+08:00",
        "direction": "import", "trade_point": "erenhot", "over_allowance": "tax", "reverses": None, "group_id": None,
        "metadata": {"票": "7"}, "rule_version": "2010-05-01", "seller": "Мах ХХК", "reference": "D-1",
    } == shown  # fmt: skip
    assert shown["transaction_id"][14] == "7"
    assert posted.headers["Location"] == f"/v1/transactions/{shown['transaction_id']}"
    fetched = admin.get(posted.headers["Location"]).get_json()
    gone_on = {"transferred_kg": "0.000", "transferred_cny": "0.00"}
    assert fetched == {**shown, **gone_on, "reversed_by": None, "block": None}


def test_a_reversal_takes_everything_back_on_the_day_of_its_trade(admin: Caller) -> None:
    trade = admin.trade(a_trade(amount_cny="7000.00", reference="D")).get_json()
    taxed = admin.trade(a_trade(amount_cny="7000.00")).get_json()
    reversal = admin.reverse(trade["transaction_id"], "wrong weight").get_json()
    after = admin.trade(a_trade(amount_cny="7000.00")).get_json()
    assert (taxed["exempt_cny"], taxed["taxable_cny"]) == ("1000.00", "6000.00")
    assert (reversal["kind"], reversal["amount_cny"], reversal["quantity_kg"]) == ("reversal", "-7000.00", "-50.000")
    assert (reversal["day"], reversal["reverses"]) == ("2024-06-30", trade["transaction_id"])
    assert (reversal["reason"], reversal["reference"]) == ("wrong weight", None)
    assert after["exempt_cny"] == "7000.00"
    assert (
        admin.get(f"/v1/transactions/{trade['transaction_id']}").get_json()["reversed_by"]
        == (reversal["transaction_id"])
    )


def test_a_trade_is_reversed_once_and_a_reversal_never(admin: Caller) -> None:
    trade = admin.trade(a_trade()).get_json()["transaction_id"]
    reversal = admin.reverse(trade).get_json()["transaction_id"]
    twice, back = admin.reverse(trade), admin.reverse(reversal)
    assert (twice.status_code, twice.get_json()["code"]) == (409, "already-reversed")
    assert twice.get_json()["reversal_id"] == reversal
    assert (back.status_code, back.get_json()["code"]) == (409, "not-reversible")


def test_who_would_rather_not_pay_is_refused_and_uses_nothing(admin: Caller) -> None:
    admin.trade(a_trade(amount_cny="5000.00"))
    refused = admin.trade(a_trade(amount_cny="3000.01", over_allowance="refuse"))
    problem = refused.get_json()
    assert (refused.status_code, problem["code"]) == (422, "allowance-exceeded")
    assert (problem["limit_cny"], problem["used_cny"], problem["remaining_cny"]) == ("8000.00", "5000.00", "3000.00")
    assert admin.trade(a_trade(amount_cny="3000.00", over_allowance="refuse")).status_code == 201


def test_a_refusal_for_weight_names_the_list_group_and_what_is_left_of_it(admin: Caller) -> None:
    flour = a_trade(category="grain", hs_code="110100", quantity_kg="30", amount_cny="120.00")
    admin.trade(flour)
    problem = admin.trade({**flour, "over_allowance": "refuse"}).get_json()
    assert "list group wheat 20.000 kg of 50.000 kg are left" in problem["detail"]
    assert (problem["code"], problem["remaining_cny"]) == ("allowance-exceeded", "7880.00")
    by_value = admin.trade(a_trade(amount_cny="9000.00", over_allowance="refuse")).get_json()
    assert "list group" not in by_value["detail"]


def test_an_export_uses_nothing_and_may_come_from_home(admin: Caller) -> None:
    export = admin.trade(a_trade(direction="export", origin="CN", amount_cny="50000.00")).get_json()
    assert (export["verdict"], export["exempt_cny"], export["taxable_cny"]) == ("export", "50000.00", "0.00")
    assert admin.trade(a_trade(amount_cny="8000.00")).get_json()["verdict"] == "exempt"


def test_a_reference_is_unique_per_trade_point_for_ever(admin: Caller) -> None:
    first = admin.trade(a_trade(reference="D-1")).get_json()
    again = admin.trade(a_trade(reference="D-1", resident_id="R00000002"))
    assert (again.status_code, again.get_json()["code"]) == (409, "reference-exists")
    assert admin.trade(a_trade(reference="D-1", trade_point="erenhot-city")).status_code == 201
    admin.reverse(first["transaction_id"])
    assert admin.trade(a_trade(reference="D-1")).status_code == 409


@pytest.mark.parametrize(
    ("category", "hs_code", "status"),
    [
        ("meat", "02044200", 201), ("meat", "160250", 201), ("packaged_food", "160250", 201), ("grain", "120400", 201),
        ("wool", "51021920", 201), ("meat", "51021920", 422), ("grain", "160250", 422),
        ("packaged_food", "020500", 422),
    ],
)  # fmt: skip
def test_a_code_belongs_to_the_categories_that_allow_it(
    admin: Caller, category: str, hs_code: str, status: int
) -> None:
    answer = admin.trade(a_trade(category=category, hs_code=hs_code))
    assert answer.status_code == status
    assert status == 201 or answer.get_json()["code"] == "category-hs-mismatch"


trades = st.fixed_dictionaries(
    {
        "amount_cny": st.sampled_from(["0.01", "3999.99", "8000.00", "8000.01", "1234.56"]),
        "quantity_kg": st.sampled_from(["0.001", "30", "50.5"]),
        "hs_code": st.sampled_from([None, "110100", "120400", "100630"]),
        "over_allowance": st.sampled_from(["tax", "refuse"]),
        "direction": st.sampled_from(["import", "export"]),
        "traded_at": st.sampled_from(["2024-06-30T09:30:00+08:00", "2024-06-30T16:00:00Z"]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(trades, min_size=1, max_size=6))
def test_a_quote_says_what_the_write_then_answers_and_stores_nothing(
    admin: Caller, sequence: list[dict[str, Any]]
) -> None:
    for changes in sequence:
        body = a_trade(category="grain", **changes)
        quote, write = admin.post("/v1/transactions/quote", body), admin.trade(body)
        if write.status_code != 201:
            assert (quote.status_code, quote.get_json()["code"]) == (write.status_code, write.get_json()["code"])
            continue
        quoted, written = quote.get_json(), write.get_json()
        for name in ("verdict", "exempt_cny", "taxable_cny", "rule_version", "day", "resident_id"):
            assert quoted[name] == written[name]
        left = admin.get(f"/v1/residents/R00000001/allowance?day={written['day']}").get_json()["remaining_cny"]
        assert quoted["remaining_after_cny"] == left


def test_pages_neither_repeat_nor_skip_while_the_ledger_grows(admin: Caller) -> None:
    posted = [admin.trade(a_trade()).get_json()["transaction_id"] for _ in range(7)]
    found: list[str] = []
    query = "resident_id=R00000001&limit=2"
    while True:
        page = admin.get(f"/v1/transactions?{query}").get_json()
        found += [item["transaction_id"] for item in page["items"]]
        admin.trade(a_trade())
        if page["next_cursor"] is None:
            break
        query = f"limit=2&cursor={page['next_cursor']}"
    assert found == list(reversed(posted))


def test_a_cursor_holds_its_filters_and_no_others(admin: Caller) -> None:
    for category in ("meat", "meat", "wool", "meat"):
        admin.trade(a_trade(category=category))
    cursor = admin.get("/v1/transactions?category=meat&limit=1").get_json()["next_cursor"]
    rest = admin.get(f"/v1/transactions?cursor={cursor}").get_json()["items"]
    assert [item["category"] for item in rest] == ["meat", "meat"]
    for query in (f"cursor={cursor}&category=wool", "cursor=nonsense", f"cursor={cursor[:-3]}", "cursor=W10"):
        answer = admin.get(f"/v1/transactions?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (400, "cursor-invalid"), query
    assert admin.get(f"/v1/residents?cursor={cursor}").status_code == 400


def test_a_statement_is_narrowed_by_every_filter(admin: Caller) -> None:
    admin.trade(a_trade(resident_id="R00000002", category="wool", origin="RU", consignment="P", trade_point="x"))
    admin.trade(a_trade(direction="export", traded_at="2024-07-01T12:00:00+08:00"))
    for query in (
        "resident_id=R00000002", "category=wool", "origin=RU", "consignment=P", "trade_point=x", "to=2024-06-30",
        "from=2024-06-30&to=2024-06-30&direction=import",
    ):  # fmt: skip
        items = admin.get(f"/v1/transactions?{query}").get_json()["items"]
        assert [item["origin"] for item in items] == ["RU"], query


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("category=fish", "/category"), ("origin=XX", "/origin"), ("from=2024-02-02&to=2024-02-01", "/to")],
)
def test_a_statement_of_what_can_not_be_is_refused(admin: Caller, query: str, pointer: str) -> None:
    refused = admin.get(f"/v1/transactions?{query}")
    assert (refused.status_code, refused.get_json()["errors"][0]["pointer"]) == (422, pointer)


def _lines() -> list[dict[str, Any]]:
    return [
        a_trade(key="a", amount_cny="7000.00"),
        a_trade(key="b", amount_cny="7000.00"),
        a_trade(key="c", amount_cny="x"),
        a_trade(key="d", resident_id="R00000009"),
        a_trade(key="a", amount_cny="7000.00"),
        a_trade(key="b", amount_cny="1.00"),
        a_trade(),
    ]


def test_the_lines_of_a_batch_are_judged_in_order_and_answered_one_by_one(admin: Caller) -> None:
    answer = admin.post(BATCH, {"items": _lines()}).get_json()
    assert [item["status"] for item in answer["items"]] == [201, 201, 422, 422, 201, 422, 400]
    assert [item["key"] for item in answer["items"]] == ["a", "b", "c", "d", "a", "b", None]
    assert [item["index"] for item in answer["items"]] == list(range(7))
    assert (answer["accepted"], answer["replayed"], answer["refused"]) == (2, 1, 4)
    assert answer["items"][1]["exempt_cny"] == "1000.00"
    assert answer["items"][0]["transaction_id"] == answer["items"][4]["transaction_id"]
    codes = [item["problem"]["code"] for item in answer["items"] if "problem" in item]
    assert codes == ["validation-failed", "unknown-resident", "idempotency-key-reused", "idempotency-key-missing"]


@pytest.mark.parametrize("odd", [None, 5, "x", [], True])
def test_a_line_that_is_no_object_is_refused_alone(admin: Caller, odd: object) -> None:
    answer = admin.post(BATCH, {"items": [a_trade(key="a"), odd]})
    items = answer.get_json()["items"]
    assert [item["status"] for item in items] == [201, 422]
    assert items[1]["problem"]["errors"][0]["code"] == "not-an-object"


def test_a_batch_that_is_sent_again_is_answered_again(admin: Caller) -> None:
    lines = _lines()[:2]
    first, again = (admin.post(BATCH, {"items": lines}).get_json() for _ in range(2))
    assert again["items"] == first["items"]
    assert (again["accepted"], again["replayed"], again["refused"]) == (0, 2, 0)


def test_an_atomic_batch_is_written_whole_or_not_at_all(admin: Caller) -> None:
    refused = admin.post(BATCH, {"atomic": True, "items": [*_lines()[:2], a_trade(key="d", resident_id="R00000009")]})
    problem = refused.get_json()
    assert (refused.status_code, problem["code"]) == (422, "batch-refused")
    assert [(item["index"], item["problem"]["code"]) for item in problem["items"]] == [(2, "unknown-resident")]
    assert admin.get("/v1/transactions").get_json()["items"] == []
    assert admin.get("/v1/residents/R00000001/allowance?day=2024-06-30").get_json()["exempt_used_cny"] == "0.00"
    unreadable = admin.post(BATCH, {"atomic": True, "items": _lines()[:3]})
    assert (unreadable.status_code, unreadable.get_json()["items"][0]["index"]) == (422, 2)
    assert admin.post(BATCH, {"atomic": True, "items": _lines()[:2]}).get_json()["accepted"] == 2


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/csv"])
def test_lines_and_tables_are_taken_like_json(admin: Caller, kind: str) -> None:
    import json

    lines = [a_trade(key=a_key(), commodity='冻"马",肉'), a_trade(key=a_key(), hs_code="02044200")]
    if kind == "text/csv":
        columns = ["key", *a_trade(), "hs_code"]
        rows = [",".join('"' + str(line.get(c, "")).replace('"', '""') + '"' for c in columns) for line in lines]
        body = "\r\n".join([",".join(columns), *rows])
    else:
        body = "\n".join([*(json.dumps(line, ensure_ascii=False) for line in lines), "{", ""])
    answer = admin.post(BATCH, headers={"Content-Type": kind}, data=body.encode())
    statuses = [item["status"] for item in answer.get_json()["items"]]
    assert statuses == [201, 201, *([400] if kind != "text/csv" else [])]
    refused = admin.post(f"{BATCH}?atomic=true", headers={"Content-Type": kind}, data=body.encode())
    assert refused.status_code == (200 if kind == "text/csv" else 422)
    commodities = {item["commodity"] for item in admin.get("/v1/transactions").get_json()["items"]}
    assert commodities == {'冻"马",肉', "冻马肉"}


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": 1}, {"items": [a_trade(key="a")], "atomic": "yes"}])
def test_what_is_no_batch_is_refused_whole(admin: Caller, body: dict[str, Any]) -> None:
    assert admin.post(BATCH, body).status_code == 422


def test_a_batch_has_ten_thousand_lines_at_most(admin: Caller) -> None:
    refused = admin.post(BATCH, {"items": [1] * 10_001})
    assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (422, "too-many")
