"""GET /v1/audit: who saw or changed what of whom, for administrators."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from service.ledger import Ledger
from tests.conftest import Caller


def _set_clock(ledger: Ledger, moment: str) -> None:
    now = datetime.datetime.fromisoformat(moment)
    object.__setattr__(ledger, "clock", lambda: now)


def _page(caller: Caller, query: str = "") -> Any:
    answer = caller.get(f"/v1/audit{query}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def clerk(ledger: Ledger, admin: Caller, call: Callable[..., Caller]) -> Caller:
    """Another key, under which the first two of four records were made."""
    admin.register(2)
    clerk = call("residents:reveal", "residents:write")
    _set_clock(ledger, "2024-05-01T15:59:59+00:00")
    clerk.post("/v1/residents/R00000001/reveal", {"reason": "court order"}, headers={"X-Request-Id": "r-1"})
    _set_clock(ledger, "2024-05-01T16:00:00+00:00")
    clerk.post("/v1/residents/R00000002/status", {"status": "suspended", "reason": "moved"})
    admin.post("/v1/residents/R00000002/reveal", {"reason": "second"})
    admin.post("/v1/residents/R00000002/status", {"status": "active", "reason": "back"})
    return clerk


def test_the_audit_tells_who_did_what_to_whom_and_why_newest_first(admin: Caller, clerk: Caller) -> None:
    page = _page(admin)
    told = [(item["action"], item["resident_id"], item["reason"]) for item in page["items"]]
    assert told == [
        ("status:active", "R00000002", "back"),
        ("reveal", "R00000002", "second"),
        ("status:suspended", "R00000002", "moved"),
        ("reveal", "R00000001", "court order"),
    ]
    first = page["items"][-1]
    assert first["recorded_by"] == {"id": 2, "name": "test"}
    assert first["request_id"] == "r-1"
    assert datetime.datetime.fromisoformat(first["at"]) == datetime.datetime.fromisoformat("2024-05-01T15:59:59Z")
    assert page["next_cursor"] is None


def test_the_audit_is_narrowed_by_resident_action_key_and_business_day(admin: Caller, clerk: Caller) -> None:
    def reasons(query: str) -> list[str]:
        return [item["reason"] for item in _page(admin, f"?{query}")["items"]]

    assert reasons("resident_id=R00000001") == ["court order"]
    assert reasons("action=reveal") == ["second", "court order"]
    assert reasons("recorded_by=2") == ["moved", "court order"]
    # 16:00 UTC is midnight at the market.
    assert reasons("to=2024-05-01") == ["court order"]
    assert reasons("from=2024-05-02&action=status:suspended") == ["moved"]
    assert reasons("from=2024-05-02&to=9999-12-31") == ["back", "second", "moved"]
    assert reasons("resident_id=R00000009") == []


def test_pages_of_the_audit_neither_repeat_nor_skip_while_it_grows(admin: Caller, clerk: Caller) -> None:
    page = _page(admin, "?limit=2&resident_id=R00000002")
    seen = [item["audit_id"] for item in page["items"]]
    admin.post("/v1/residents/R00000002/reveal", {"reason": "in between"})
    page = _page(admin, f"?limit=2&cursor={page['next_cursor']}")
    seen += [item["audit_id"] for item in page["items"]]
    assert len(seen) == len(set(seen)) == 3
    assert seen == sorted(seen, reverse=True)
    assert page["next_cursor"] is None


def test_only_an_administrator_reads_the_audit(call: Callable[..., Caller], admin: Caller) -> None:
    scopes = ("residents:read", "residents:write", "residents:reveal", "ledger:verify", "reports:read")
    assert call(*scopes).get("/v1/audit").status_code == 403
    assert call(None).get("/v1/audit").status_code == 401
    assert _page(admin) == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(
    "query",
    [
        "action=looked",
        "limit=501",
        "limit=0",
        "resident_id=7",
        "recorded_by=x",
        "from=2024-05-02&to=2024-05-01",
        "name=x",
    ],
)
def test_a_wrong_filter_of_the_audit_is_named(admin: Caller, query: str) -> None:
    assert admin.get(f"/v1/audit?{query}").status_code == 422
    assert admin.get("/v1/audit?cursor=x").get_json()["code"] == "cursor-invalid"


def test_the_audit_shows_no_name_and_no_number(admin: Caller, clerk: Caller) -> None:
    text = admin.get("/v1/audit").text
    assert "阿拉坦其其格" not in text
    assert "152501" not in text
