"""Dated status: a cancellation is final from its day on, and everything that tells a status tells the same."""

import datetime
import itertools
import random
from typing import Any, NamedTuple

from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

RESIDENTS, CHANGES_MAX, SEED = 40, 4, 2024
STATUSES = ("active", "suspended", "cancelled")


class Change(NamedTuple):
    """A status as it was sent."""

    status: str
    effective_on: datetime.date


def _change(caller: Caller, status: str, effective_on: object, ordinal: int = 1) -> Any:
    body = {"status": status, "reason": "test", "effective_on": str(effective_on)}
    return caller.post(f"/v1/residents/R{ordinal:08d}/status", body)


def test_a_cancellation_before_recorded_changes_ends_them_all(admin: Caller) -> None:
    admin.register(1)
    for status, day in (("suspended", "2024-06-01"), ("active", "2024-07-01"), ("cancelled", "2024-05-01")):
        assert _change(admin, status, day).status_code == 200
    assert admin.get("/v1/residents/R00000001").get_json()["status"] == "cancelled"
    traded = [admin.trade(a_trade(traded_at=f"2024-0{month}-30T12:00:00+08:00")) for month in (4, 5, 6, 7)]
    assert [answer.status_code for answer in traded] == [201, 422, 422, 422]
    assert traded[1].get_json()["code"] == "resident-not-active"


def test_before_a_cancellation_that_lies_ahead_a_resident_can_be_suspended_and_come_back(admin: Caller) -> None:
    admin.register(1)
    assert _change(admin, "cancelled", "2035-01-01").get_json()["status"] == "active"
    assert _change(admin, "suspended", "2024-06-01").get_json()["status"] == "suspended"
    assert _change(admin, "active", "2024-07-01").get_json()["status"] == "active"
    for status, day in itertools.product(STATUSES, ("2035-01-01", "2040-01-01")):
        refused = _change(admin, status, day)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "resident-not-active")
    assert _change(admin, "cancelled", "2030-01-01").status_code == 200


def test_list_resident_and_stock_agree_whatever_is_recorded_in_whatever_order(ledger: Ledger, admin: Caller) -> None:
    chance, today = random.Random(SEED), ledger.today()
    days = [today + datetime.timedelta(days=shift) for shift in (-2, -1, 0, 1, 2)]
    accepted: dict[int, list[Change]] = {}
    for ordinal in range(1, RESIDENTS + 1):
        valid_until = chance.choice([None, str(days[1]), str(days[3])])
        admin.post("/v1/residents", a_registration(ordinal, valid_until=valid_until))
        accepted[ordinal] = []
        for _ in range(chance.randint(0, CHANGES_MAX)):
            change = Change(chance.choice(STATUSES), chance.choice(days))
            answer = _change(admin, *change, ordinal)
            assert answer.status_code == (422 if _status_on(accepted[ordinal], change[1]) == "cancelled" else 200)
            accepted[ordinal] += [change] if answer.status_code == 200 else []

    shown = {row["resident_id"]: row for row in admin.get("/v1/residents?limit=500").get_json()["items"]}
    for status in (*STATUSES, "expired"):
        listed = admin.get(f"/v1/residents?limit=500&status={status}").get_json()["items"]
        expected = [name for name, row in shown.items() if _shown(accepted[int(name[1:])], row, today) == status]
        assert [row["resident_id"] for row in listed] == expected
        assert {row["status"] for row in listed} <= {status}
    for day in days:
        report = admin.get(f"/v1/reports/residents?period={day}&compare=none").get_json()
        registered = [
            name
            for name, row in shown.items()
            if _status_on(accepted[int(name[1:])], day) != "cancelled" and (row["valid_until"] or "9") >= str(day)
        ]
        assert report["total"]["registered_at_end"]["current"] == len(registered)


def _status_on(changes: list[Change], day: datetime.date) -> str:
    """The rule of docs/RULES.md, Residents, in the plainest way."""
    in_force = [change for change in changes if change.effective_on <= day]
    if any(change.status == "cancelled" for change in in_force):
        return "cancelled"
    in_force.sort(key=lambda change: change.effective_on)
    return in_force[-1].status if in_force else "active"


def _shown(changes: list[Change], row: dict[str, Any], today: datetime.date) -> str:
    status = _status_on(changes, today)
    return "expired" if status == "active" and (row["valid_until"] or "9") < str(today) else status
