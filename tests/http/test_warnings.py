"""Warnings of posts, quotes and batches: each code, that none refuses anything, and that every answer has the same."""

import dataclasses
import datetime
from typing import Any

import pytest

from service.domain.warnings import CODES
from service.ledger import Ledger
from tests.builders import a_key, a_trade
from tests.conftest import Caller

TODAY = "2024-04-02"
NOON = f"{TODAY}T12:00:00+08:00"
"""A day on which the rules are verified, and a moment of it."""


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """The ledger in the evening of TODAY, so that no trade of the day is late."""
    evening = datetime.datetime.fromisoformat(f"{TODAY}T18:00:00+08:00")
    return dataclasses.replace(ledger, clock=lambda: evening)


@pytest.fixture
def market(admin: Caller) -> Caller:
    """A caller and forty residents."""
    admin.register(40)
    return admin


def codes(answer: Any) -> list[str]:
    """The codes of an answer's warnings."""
    assert answer.status_code in {200, 201}, answer.get_json()
    return [warning["code"] for warning in answer.get_json()["warnings"]]


def detail(answer: Any, code: str) -> str:
    """The sentence of the warning with this code."""
    return next(str(warning["detail"]) for warning in answer.get_json()["warnings"] if warning["code"] == code)


def trade_of(number: int, **changes: Any) -> dict[str, Any]:
    """A trade of one resident, with nothing to warn of."""
    plain = {"resident_id": f"R{number:08d}", "traded_at": NOON, "hs_code": "020500"}
    return a_trade(**{**plain, **changes})


def test_a_plain_trade_has_no_warning(market: Caller) -> None:
    posted = market.trade(trade_of(1))
    assert posted.get_json()["warnings"] == []
    assert posted.get_json()["rule_verified"] is True
    assert list(posted.get_json())[-3:] == ["warnings", "recorded_at", "recorded_by"]


@pytest.mark.parametrize(
    ("category", "direction", "hs_code", "is_warned"),
    [
        ("grain", "import", None, True), ("wool", "import", None, True), ("packaged_food", "import", None, True),
        ("meat", "import", None, False), ("grain", "export", None, False), ("grain", "import", "120400", False),
    ],
)  # fmt: skip
def test_an_import_without_a_code_in_a_category_with_listed_goods_is_not_weighed(
    market: Caller, category: str, direction: str, hs_code: str | None, is_warned: bool
) -> None:
    body = trade_of(1, category=category, direction=direction, hs_code=hs_code)
    posted = market.trade(body)
    assert ("weight-not-checked" in codes(posted)) is is_warned
    assert codes(market.post("/v1/transactions/quote", {**body, "resident_id": "R00000002"})) == codes(posted)


def test_nothing_ever_advises_to_leave_the_code_out(market: Caller) -> None:
    told = detail(market.trade(trade_of(1, category="grain", hs_code=None)), "weight-not-checked")
    assert "has no HS code" in told
    assert "leave" not in told
    refused = market.trade(trade_of(1, category="grain", hs_code="020500"))
    assert refused.get_json()["code"] == "category-hs-mismatch"
    assert "leave" not in refused.get_json()["detail"]


@pytest.mark.parametrize(
    ("day", "direction", "is_verified"),
    [("2024-03-31", "import", True), ("2008-10-31", "import", False), ("2008-10-31", "export", True)],
)
def test_an_answer_says_whether_the_rules_of_its_day_are_verified(
    market: Caller, ledger: Ledger, day: str, direction: str, is_verified: bool
) -> None:
    market.post("/v1/residents", {"name": "阿拉坦", "id_number": "152501199001011238", "registered_on": "2000-01-03"})
    body = trade_of(41, traded_at=f"{day}T12:00:00+08:00", direction=direction)
    posted, quoted = market.trade(body), market.post("/v1/transactions/quote", body)
    for answer in (posted, quoted):
        assert answer.get_json()["rule_verified"] is is_verified
        assert ("rule-not-verified" in codes(answer)) is not is_verified


@pytest.mark.parametrize(("hs_code", "is_known"), [("020500", True), ("029900", False), ("16025010", True)])
def test_a_heading_that_the_system_does_not_have_is_told(market: Caller, hs_code: str, is_known: bool) -> None:
    posted = market.trade(trade_of(1, hs_code=hs_code))
    assert ("hs-code-unknown" in codes(posted)) is not is_known
    if not is_known:
        assert "0299" in detail(posted, "hs-code-unknown")


@pytest.mark.parametrize(("day", "is_late"), [("2024-03-26", False), ("2024-03-25", True)])
def test_more_than_seven_days_are_late(market: Caller, day: str, is_late: bool) -> None:
    posted = market.trade(trade_of(1, traded_at=f"{day}T12:00:00+08:00"))
    assert ("back-dated" in codes(posted)) is is_late
    if is_late:
        assert "8 days" in detail(posted, "back-dated")


@pytest.mark.parametrize(("amount", "is_near"), [("7599.99", False), ("7600.00", True), ("9000.00", True)])
def test_ninety_five_percent_of_the_limit_are_near_it(market: Caller, amount: str, is_near: bool) -> None:
    first = market.trade(trade_of(1, amount_cny="100.00"))
    second = market.trade(trade_of(1, amount_cny=f"{float(amount) - 100:.2f}"))
    assert codes(first) == []
    assert ("near-limit" in codes(second)) is is_near
    if amount == "7600.00":
        assert "7600.00 of 8000.00 CNY" in detail(second, "near-limit")
    assert "near-limit" not in codes(market.trade(trade_of(2, amount_cny=amount, direction="export")))


def test_a_trade_that_says_the_same_looks_doubled_until_the_first_is_reversed(market: Caller) -> None:
    first = market.trade(trade_of(1)).get_json()["transaction_id"]
    second = market.trade(trade_of(1))
    assert codes(second) == ["looks-doubled"]
    assert first in detail(second, "looks-doubled")
    market.reverse(first)
    market.reverse(second.get_json()["transaction_id"])
    assert codes(market.trade(trade_of(1))) == []


@pytest.mark.parametrize(
    "other",
    [
        {"resident_id": "R00000002"}, {"amount_cny": "1000.01"}, {"quantity_kg": "50.001"}, {"commodity": "冻牛肉"},
        {"direction": "export", "origin": "MN"}, {"category": "packaged_food", "hs_code": "160250"},
        {"traded_at": "2024-04-01T12:00:00+08:00"},
    ],
)  # fmt: skip
def test_a_trade_that_differs_in_anything_does_not(market: Caller, other: dict[str, Any]) -> None:
    market.trade(trade_of(1))
    assert codes(market.trade(trade_of(1, **other))) == []
    assert codes(market.trade(trade_of(1, seller="another", vehicle_plate="A1"))) == ["looks-doubled"]


@pytest.mark.parametrize("is_one_batch", [False, True])
def test_a_trade_at_another_trade_point_is_not_named(market: Caller, is_one_batch: bool) -> None:
    """A key that is bound to the second trade point must not learn what stands at the first."""
    bodies = [trade_of(1), trade_of(1, trade_point="north")]
    if is_one_batch:
        items = [{**body, "key": f"k{n}"} for n, body in enumerate(bodies)]
        second = market.post("/v1/transactions/batch", {"items": items}).get_json()["items"][1]
    else:
        market.trade(bodies[0])
        second = market.trade(bodies[1]).get_json()
    [told] = second["warnings"]
    assert told["code"] == "looks-doubled"
    assert told["detail"].startswith("A trade at another trade point of the same resident and day has the same goods")


def test_an_export_looks_doubled_as_well(market: Caller) -> None:
    body = trade_of(1, direction="export")
    assert codes(market.trade(body)) == []
    assert codes(market.trade(body)) == ["looks-doubled"]


def prices_of(market: Caller, prices: list[int], first: int = 1, **changes: Any) -> None:
    """Posts a trade of one kilogram for each of these prices in CNY, each of another resident."""
    for number, price in enumerate(prices, start=first):
        answer = market.trade(trade_of(number, quantity_kg="1", amount_cny=f"{price}.00", **changes))
        assert answer.status_code == 201


def test_a_price_outside_of_the_median_and_three_deviations_is_unusual(market: Caller) -> None:
    """Prices 10 to 29: the median is 19.50, the deviation 5, the range 4.50 to 34.50."""
    prices_of(market, list(range(10, 29)))
    assert codes(market.trade(trade_of(39, quantity_kg="1", amount_cny="99.00", commodity="冻马肉"))) == []
    market.reverse(market.trade(trade_of(38, quantity_kg="1", amount_cny="500.00")).get_json()["transaction_id"])
    last = market.client.get("/v1/transactions?limit=500", headers=market.headers).get_json()["items"]
    odd = next(item for item in last if item["amount_cny"] == "99.00")
    market.reverse(odd["transaction_id"])
    assert codes(market.trade(trade_of(40, quantity_kg="1", amount_cny="29.00"))) == []
    for amount, warned in (("4.49", True), ("4.50", False), ("34.50", False), ("34.51", True)):
        quoted = market.post("/v1/transactions/quote", trade_of(1, quantity_kg="1", amount_cny=amount))
        assert ("price-unusual" in codes(quoted)) is warned, amount
    posted = market.trade(trade_of(1, quantity_kg="2", amount_cny="69.02"))
    assert "34.51 CNY/kg" in detail(posted, "price-unusual")
    assert "4.50 to 34.50 CNY/kg" in detail(posted, "price-unusual")
    assert "20 trades" in detail(posted, "price-unusual")


def test_prices_of_other_goods_directions_and_days_do_not_count(market: Caller) -> None:
    prices_of(market, [10] * 20, commodity="甲")
    prices_of(market, [10] * 20, direction="export")
    prices_of(market, [10] * 20, traded_at="2024-01-03T12:00:00+08:00")
    odd = {"quantity_kg": "1", "amount_cny": "77.00"}
    assert codes(market.trade(trade_of(1, **odd))) == []
    assert codes(market.trade(trade_of(2, **odd, commodity="甲"))) == ["price-unusual"]
    assert codes(market.trade(trade_of(3, **odd, direction="export"))) == ["price-unusual"]


@pytest.mark.parametrize(("day", "is_warned"), [("2024-01-04", True), ("2024-01-03", False)])
def test_the_ninetieth_day_counts_and_no_earlier_one(market: Caller, day: str, is_warned: bool) -> None:
    prices_of(market, [10] * 20, traded_at=f"{day}T12:00:00+08:00")
    odd = market.post("/v1/transactions/quote", trade_of(1, quantity_kg="1", amount_cny="77.00"))
    assert codes(odd) == (["price-unusual"] if is_warned else [])


def test_lines_of_one_batch_see_the_lines_before_them(market: Caller) -> None:
    lines = [trade_of(n, quantity_kg="1", amount_cny="10.00") for n in range(1, 21)]
    lines += [trade_of(21, quantity_kg="1", amount_cny="77.00"), trade_of(1, quantity_kg="1", amount_cny="10.00")]
    items = market.post("/v1/transactions/batch", {"items": [{**line, "key": a_key()} for line in lines]}).get_json()[
        "items"
    ]
    found = [[warning["code"] for warning in item["warnings"]] for item in items]
    assert found == [*[[]] * 20, ["price-unusual"], ["looks-doubled"]]
    assert items[0]["transaction_id"] in items[-1]["warnings"][0]["detail"]
    assert {item["rule_verified"] for item in items} == {True}


def test_a_batch_that_was_rolled_back_leaves_no_prices_behind(market: Caller, ledger: Ledger) -> None:
    lines = [trade_of(n, quantity_kg="1", amount_cny="10.00") for n in range(1, 26)]
    lines.append(trade_of(99))
    refused = market.post(
        "/v1/transactions/batch", {"atomic": True, "items": [{**line, "key": a_key()} for line in lines]}
    )
    assert refused.get_json()["code"] == "batch-refused"
    assert ledger.prices.usual("冻马肉", "import", datetime.date.fromisoformat(TODAY)) is None
    assert codes(market.trade(trade_of(1, quantity_kg="1", amount_cny="77.00"))) == []


def test_every_answer_for_an_entry_has_the_same_warnings(market: Caller) -> None:
    body, key = trade_of(1, category="grain", hs_code=None, amount_cny="7700.00", commodity="小麦"), a_key()
    posted = market.trade(body, key)
    assert codes(posted) == ["weight-not-checked", "near-limit"]
    again = market.trade(body, key)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.get_data() == posted.get_data()
    shown = market.get(posted.headers["Location"]).get_json()
    listed = market.get("/v1/transactions").get_json()["items"][0]
    assert shown["warnings"] == listed["warnings"] == posted.get_json()["warnings"]


def test_a_reversal_has_no_warning_and_its_trades_verification(market: Caller) -> None:
    posted = market.trade(trade_of(1, category="grain", hs_code=None, traded_at="2024-03-01T12:00:00+08:00"))
    assert codes(posted) == ["weight-not-checked", "back-dated"]
    reversal = market.reverse(posted.get_json()["transaction_id"])
    assert (reversal.get_json()["warnings"], reversal.get_json()["rule_verified"]) == ([], True)


def test_warnings_are_no_part_of_what_a_key_means(market: Caller) -> None:
    """The second answer is the first one, although the same trade would be warned of now."""
    key = a_key()
    first = market.trade(trade_of(1), key)
    market.trade(trade_of(1))
    assert market.trade(trade_of(1), key).get_data() == first.get_data()


def test_the_codes_are_those_of_the_reference(market: Caller) -> None:
    document = market.get("/openapi.json").get_json()
    assert document["components"]["schemas"]["Warning"]["properties"]["code"]["enum"] == list(CODES)
