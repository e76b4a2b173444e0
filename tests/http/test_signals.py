"""GET /v1/reports/signals: each rule at its border, who may read, the audit of each reading, and the forms."""

import datetime
import urllib.parse
from typing import Any

import pytest

from service.commands.mandates import MandateTerms, give_mandates
from service.ledger import Ledger
from tests.builders import a_key, a_trade
from tests.conftest import Caller
from tests.transfers.market import register_enterprises

ADDRESS = "/v1/reports/signals"
JUNE = f"{ADDRESS}?period=2024-06"
DAY = "2024-06-30T09:30:00+08:00"


def found(caller: Caller, rule: str, asked: str = JUNE) -> list[dict[str, Any]]:
    """The signals of a rule."""
    answer = caller.get(f"{asked}&rule={rule}")
    assert answer.status_code == 200, answer.text
    signals: list[dict[str, Any]] = answer.get_json()["signals"]
    return signals


def compared(signal: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What a signal compared."""
    return [(one["figure"], one["value"], one["comparator"], one["threshold"]) for one in signal["compared"]]


def truck(caller: Caller, residents: int, amounts: tuple[str, ...] = ("7600.00",), **more: Any) -> list[str]:
    """Posts a line of a truck for each of these residents, the first of them with the first amount."""
    body = {"consignment": "C-1", "seller": "Сайн ХХК", **more}
    answers = [
        caller.trade(a_trade(resident_id=f"R{n:08d}", amount_cny=amounts[(n - 1) % len(amounts)], **body))
        for n in range(1, residents + 1)
    ]
    return [str(answer.get_json()["transaction_id"]) for answer in answers]


PROCESSOR = {"enterprise_id": "E00000001", "purpose": "processing", "transferred_on": "2024-06-30"}
TRADER = {"enterprise_id": "E00000002", "purpose": "secondary_market", "transferred_on": "2024-06-30"}


def send(caller: Caller, to: dict[str, str], ids: list[str], quantity_kg: str | None = None) -> str:
    """Sends so much of each trade on to an enterprise, or all that is left of it."""
    lines = [{"transaction_id": one, "quantity_kg": quantity_kg} for one in ids]
    goods = {"transaction_ids": ids} if quantity_kg is None else {"lines": lines}
    made = caller.post("/v1/transfers", {**to, **goods}, key=a_key())
    assert made.status_code == 201, made.text
    return str(made.get_json()["transfer_id"])


@pytest.fixture
def clerk(admin: Caller) -> Caller:
    """A caller in a market with 21 residents."""
    admin.register(21)
    return admin


def test_nine_residents_at_the_limit_on_a_truck_are_none_and_ten_are_a_signal(clerk: Caller) -> None:
    truck(clerk, 9)
    assert found(clerk, "consignment-one-buyer") == []
    clerk.trade(a_trade(resident_id="R00000010", amount_cny="7599.99", consignment="C-1", seller="Сайн ХХК"))
    assert found(clerk, "consignment-one-buyer") == [], "94.99 % are not at the limit"
    clerk.trade(a_trade(resident_id="R00000010", amount_cny="0.01"))
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["subject"] == {"kind": "consignment", "id": "C-1", "name": None}
    assert signal["buyer"] == {"kind": "seller", "id": "Сайн ХХК", "name": None}
    assert compared(signal) == [
        ("residents_at_limit", 10, "at_least", 10), ("limit_used_pct", "95.00", "at_least", "95.00"),
    ]  # fmt: skip
    assert {name: signal["entries"][name] for name in ("transactions", "residents", "amount_cny", "lists_others")} == {
        "transactions": 10, "residents": 10, "amount_cny": "75999.99", "lists_others": False,
    }  # fmt: skip


def test_many_residents_without_one_buyer_are_no_signal(clerk: Caller) -> None:
    truck(clerk, 10, seller=None)
    assert found(clerk, "consignment-one-buyer") == []
    clerk.trade(a_trade(resident_id="R00000011", amount_cny="7600.00", consignment="C-1", seller="B"))
    assert found(clerk, "consignment-one-buyer") == []


def test_a_reversed_trade_leaves_its_resident_below_the_limit(clerk: Caller) -> None:
    ids = truck(clerk, 10)
    assert len(found(clerk, "consignment-one-buyer")) == 1
    clerk.reverse(ids[4])
    assert found(clerk, "consignment-one-buyer") == []


def test_a_plate_counts_by_the_day_where_no_consignment_is_named(clerk: Caller) -> None:
    other_day = {"traded_at": "2024-06-29T09:30:00+08:00"}
    truck(clerk, 9, consignment=None, vehicle_plate="蒙A12345")
    body = a_trade(resident_id="R00000010", amount_cny="7600.00", vehicle_plate="蒙A12345", seller="Сайн ХХК")
    clerk.trade({**body, **other_day})
    assert found(clerk, "consignment-one-buyer") == []
    clerk.trade(body)
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["subject"] == {"kind": "vehicle_plate", "id": "蒙A12345", "name": None}
    assert signal["period"] == {"from": "2024-06-30", "to": "2024-06-30"}
    assert signal["entries"]["lists_others"] is True


def test_one_declarant_says_more_than_one_seller(ledger: Ledger, clerk: Caller) -> None:
    days = datetime.date(2024, 1, 1), datetime.date(2024, 12, 31)
    give_mandates(ledger, MandateTerms(21, None, range(1, 21), *days), 0)
    ids = truck(clerk, 10, declarant_id="R00000021")
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["buyer"] == {"kind": "declarant", "id": "R00000021", "name": "阿****格"}
    register_enterprises(ledger)
    send(clerk, PROCESSOR, ids[1:])
    assert found(clerk, "consignment-one-buyer")[0]["buyer"]["kind"] == "declarant", "the processor misses one resident"
    send(clerk, PROCESSOR, ids[:1], "0.001")
    assert found(clerk, "consignment-one-buyer")[0]["buyer"]["kind"] == "enterprise"


def test_one_enterprise_says_more_than_one_declarant_or_seller(ledger: Ledger, clerk: Caller) -> None:
    register_enterprises(ledger)
    ids = truck(clerk, 10)
    first = send(clerk, PROCESSOR, ids[:9])
    assert found(clerk, "consignment-one-buyer")[0]["buyer"]["kind"] == "seller", "one trade has not gone on"
    elsewhere = send(clerk, TRADER, ids[9:])
    assert found(clerk, "consignment-one-buyer")[0]["buyer"]["kind"] == "seller", "neither has goods of all"
    clerk.post(f"/v1/transfers/{elsewhere}/reversal", {"reason": "wrong"}, key=a_key())
    send(clerk, PROCESSOR, ids[9:], "0.001")
    buyer = found(clerk, "consignment-one-buyer")[0]["buyer"]
    assert buyer == {"kind": "enterprise", "id": "E00000001", "name": "肉类加工厂"}
    clerk.post(f"/v1/transfers/{first}/reversal", {"reason": "wrong"}, key=a_key())
    assert found(clerk, "consignment-one-buyer")[0]["buyer"]["kind"] == "seller"


def test_a_gram_for_another_enterprise_hides_nothing(ledger: Ledger, clerk: Caller) -> None:
    register_enterprises(ledger)
    ids = truck(clerk, 10, seller=None)
    send(clerk, TRADER, ids[:1], "0.001")
    assert found(clerk, "consignment-one-buyer") == []
    send(clerk, PROCESSOR, ids[1:])
    assert found(clerk, "consignment-one-buyer") == [], (
        "the processor misses one resident, and no one else is behind all"
    )
    send(clerk, PROCESSOR, ids[:1], "0.001")
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["buyer"] == {"kind": "enterprise", "id": "E00000001", "name": "肉类加工厂"}


def test_one_trade_of_each_resident_is_enough_for_an_enterprise(ledger: Ledger, clerk: Caller) -> None:
    register_enterprises(ledger)
    ids = truck(clerk, 10, seller=None)
    clerk.trade(a_trade(resident_id="R00000010", amount_cny="100.00", consignment="C-1"))
    send(clerk, PROCESSOR, ids)
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["buyer"]["id"] == "E00000001", "a trade that has not gone on hides nothing"


def test_of_two_enterprises_with_goods_of_all_the_one_that_took_more_is_named(ledger: Ledger, clerk: Caller) -> None:
    register_enterprises(ledger)
    ids = truck(clerk, 10)
    send(clerk, TRADER, ids, "1.000")
    send(clerk, PROCESSOR, ids, "1.000")
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["buyer"]["id"] == "E00000001", "both took as much, so the number decides"
    send(clerk, TRADER, ids[:1], "0.001")
    (signal,) = found(clerk, "consignment-one-buyer")
    assert signal["buyer"] == {"kind": "enterprise", "id": "E00000002", "name": "二级市场商行"}


def test_a_key_may_serve_20_residents_in_an_hour_and_21_are_a_signal(ledger: Ledger, clerk: Caller) -> None:
    at = datetime.datetime.fromisoformat("2024-07-01T10:00:00+08:00")
    for n in range(1, 22):
        minutes = 60 if n == 21 else 2 * n
        object.__setattr__(ledger, "clock", lambda minutes=minutes: at + datetime.timedelta(minutes=minutes))
        assert clerk.trade(a_trade(resident_id=f"R{n:08d}", amount_cny="1.00")).status_code == 201
    (signal,) = found(clerk, "key-many-residents")
    assert signal["subject"] == {"kind": "api_key", "id": "1", "name": "test"}
    assert compared(signal) == [("residents_in_an_hour", 21, "more_than", 20)]
    assert signal["entries"]["filters"]["recorded_to"] == "2024-07-01T11:00:00+08:00"


def test_the_twenty_first_resident_exactly_an_hour_later_is_in_another_hour(ledger: Ledger, clerk: Caller) -> None:
    at = datetime.datetime.fromisoformat("2024-07-01T10:00:00+08:00")
    for n in range(1, 22):
        minutes = 60 if n == 21 else 0
        object.__setattr__(ledger, "clock", lambda minutes=minutes: at + datetime.timedelta(minutes=minutes))
        clerk.trade(a_trade(resident_id=f"R{n:08d}", amount_cny="1.00"))
    assert found(clerk, "key-many-residents") == []


def test_nineteen_days_at_the_limit_are_none_and_twenty_of_thirty_are_a_signal(clerk: Caller) -> None:
    def trade_on(day: datetime.date) -> None:
        clerk.trade(a_trade(amount_cny="7600.00", traded_at=f"{day}T09:30:00+08:00"))

    first = datetime.date(2024, 5, 27)
    for n in range(19):
        trade_on(first + datetime.timedelta(days=n))
    assert found(clerk, "resident-at-limit") == []
    trade_on(first + datetime.timedelta(days=30))
    assert found(clerk, "resident-at-limit") == [], "the 31st day is not in the same thirty days"
    trade_on(first + datetime.timedelta(days=29))
    (signal,) = found(clerk, "resident-at-limit")
    assert signal["subject"] == {"kind": "resident", "id": "R00000001", "name": "阿****格"}
    assert compared(signal) == [("days_at_limit", 20, "at_least", 20)]
    assert signal["period"] == {"from": "2024-05-27", "to": "2024-06-25"}
    assert signal["entries"]["transactions"] == 20
    assert found(clerk, "resident-at-limit", f"{ADDRESS}?from=2024-06-01&to=2024-06-24") == []


def test_a_price_is_compared_with_at_least_twenty_trades_of_its_month(clerk: Caller) -> None:
    prices = [f"{price}.00" for price in (99, 100, 101) * 6]
    for amount in [*prices, "104.00"]:
        clerk.trade(a_trade(amount_cny=amount, quantity_kg="1"))
    assert found(clerk, "price-of-month") == []
    clerk.trade(a_trade(amount_cny="100.00", quantity_kg="1"))
    (signal,) = found(clerk, "price-of-month")
    assert signal["subject"] == {"kind": "commodity", "id": "冻马肉", "name": None}
    assert compared(signal) == [("unit_price_cny_per_kg", "104.00", "above", "103.00")]
    assert signal["entries"]["transactions"] == 1
    clerk.trade(a_trade(amount_cny="103.00", quantity_kg="1"))
    assert found(clerk, "price-of-month")[0]["entries"]["transactions"] == 1
    may = "2024-05-31T09:30:00+08:00"
    clerk.trade(a_trade(amount_cny="5000.00", quantity_kg="1", traded_at=may))
    assert found(clerk, "price-of-month", f"{ADDRESS}?from=2024-05-31&to=2024-05-31") == []


def test_a_representative_of_somebody_who_never_declares_is_a_signal(ledger: Ledger, clerk: Caller) -> None:
    days = datetime.date(2024, 1, 1), datetime.date(2024, 12, 31)
    give_mandates(ledger, MandateTerms(21, None, [1, 2], *days), 0)
    for n in (1, 2):
        clerk.trade(a_trade(resident_id=f"R{n:08d}", declarant_id="R00000021"))
    (signal,) = found(clerk, "never-self-declared")
    assert signal["subject"] == {"kind": "resident", "id": "R00000021", "name": "阿****格"}
    assert compared(signal) == [("residents_never_declaring", 2, "at_least", 1)]
    own = clerk.trade(a_trade(traded_at="2023-01-05T09:30:00+08:00")).get_json()
    assert compared(found(clerk, "never-self-declared")[0])[0][1] == 1
    clerk.trade(a_trade(resident_id="R00000002"))
    assert found(clerk, "never-self-declared") == []
    clerk.reverse(own["transaction_id"])
    assert compared(found(clerk, "never-self-declared")[0])[0][1] == 1, "a reversed declaration is none"


def test_the_address_of_a_signal_lists_its_trades(clerk: Caller) -> None:
    ids = truck(clerk, 10)
    clerk.trade(a_trade())
    (signal,) = found(clerk, "consignment-one-buyer")
    listed = clerk.get(signal["entries"]["address"]).get_json()["items"]
    assert {one["transaction_id"] for one in listed} == set(ids) == set(signal["entries"]["transaction_ids"])
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(signal["entries"]["address"]).query))
    assert query == signal["entries"]["filters"]
