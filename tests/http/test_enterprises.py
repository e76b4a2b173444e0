"""Enterprises over HTTP: registered once, found page by page, their dated status, what is refused."""

import itertools
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from service.commands.enterprises import register_enterprise
from service.domain.enterprises import NewEnterprise, check_character
from service.domain.errors import EnterpriseExists
from service.ledger import Ledger
from service.storage.tables import enterprise, enterprise_status
from tests.builders import a_credit_code, a_key, an_enterprise
from tests.conftest import Caller

FIRST = "E00000001"


def count_rows(ledger: Ledger, table: sa.Table) -> int:
    """How many rows a table has."""
    with ledger.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _register(caller: Caller, ordinal: int = 0, **changes: Any) -> dict[str, Any]:
    answer = caller.post("/v1/enterprises", an_enterprise(ordinal, **changes))
    assert answer.status_code == 201, answer.get_json()
    document: dict[str, Any] = answer.get_json()
    return document


def _change(caller: Caller, status: str, effective_on: str | None, key: str | None = None, **more: Any) -> TestResponse:
    body = {"status": status, "reason": "年检未过", "effective_on": effective_on, **more}
    sent = {name: value for name, value in body.items() if value is not None}
    return caller.post(f"/v1/enterprises/{FIRST}/status", sent, key=key)


def _problem(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def _faults(answer: TestResponse) -> list[tuple[str, str]]:
    return [(one["pointer"], one["code"]) for one in answer.get_json()["errors"]]


def test_an_enterprise_is_registered_and_found(admin: Caller) -> None:
    answer = admin.post("/v1/enterprises", an_enterprise(kinds=["trader", "processor"], valid_until="2035-12-31"))
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/enterprises/{FIRST}")
    registered = answer.get_json()
    assert registered.pop("recorded_by")["name"] == "test"
    assert registered.pop("recorded_at") is not None
    assert registered == {
        "enterprise_id": FIRST,
        "name": "二连浩特市边贸肉业有限公司",
        "credit_code": a_credit_code(),
        "kinds": ["processor", "trader"],
        "status": "active",
        "valid_from": "2020-01-02",
        "valid_until": "2035-12-31",
    }
    assert admin.get(f"/v1/enterprises/{FIRST}").get_json() == answer.get_json()
    assert admin.get("/v1/enterprises").get_json() == {"items": [answer.get_json()], "next_cursor": None}
    for unknown in ("E00000002", "E00000000", "x"):
        assert _problem(admin.get(f"/v1/enterprises/{unknown}")) == (404, "not-found")


def test_a_code_is_registered_once_in_whatever_case(ledger: Ledger, admin: Caller) -> None:
    _register(admin, credit_code=a_credit_code().lower())
    again = admin.post("/v1/enterprises", an_enterprise(name="另一家公司"))
    assert _problem(again) == (409, "enterprise-exists")
    assert again.get_json()["enterprise_id"] == FIRST
    assert _register(admin, 1)["enterprise_id"] == "E00000002"
    assert count_rows(ledger, enterprise) == 2


def test_a_retry_registers_once_and_gets_the_same_answer(ledger: Ledger, admin: Caller) -> None:
    key = a_key()
    first = admin.post("/v1/enterprises", an_enterprise(), key=key)
    _change(admin, "suspended", "2021-01-01")
    again = admin.post("/v1/enterprises", an_enterprise(kinds=["trader", "processor"]), key=key)
    assert (again.status_code, again.get_json()) == (201, first.get_json()), "the answer from before the suspension"
    assert (again.headers["Idempotency-Replayed"], again.headers["Location"]) == ("true", f"/v1/enterprises/{FIRST}")
    other = admin.post("/v1/enterprises", an_enterprise(name="另一家公司"), key=key)
    assert _problem(other) == (422, "idempotency-key-reused")
    refused, later = a_key(), an_enterprise(1, credit_code=a_credit_code())
    first_refusal = admin.post("/v1/enterprises", later, key=refused).get_json()
    assert admin.post("/v1/enterprises", later, key=refused).get_json() == first_refusal
    assert count_rows(ledger, enterprise) == 1


_WITH_FF = "FF152501000000000"
LIGATURE = f"\ufb00{_WITH_FF[2:]}{check_character(_WITH_FF)}"
"""One character that becomes FF in capital letters: with it, 17 characters would be a code."""
FULL_WIDTH = "".join(chr(ord(c) + 0xFEE0) for c in a_credit_code())


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"name": "肉"}, "/name", "not-a-name"),
        ({"name": "2024-01"}, "/name", "not-a-name"),
        ({"name": "厂" * 101}, "/name", "not-a-name"),
        ({"name": "\u200b"}, "/name", "not-a-name"),
        ({"name": None}, "/name", "required"),
        ({"credit_code": FULL_WIDTH}, "/credit_code", "not-a-credit-code"),
        ({"credit_code": f" {a_credit_code()}"}, "/credit_code", "not-a-credit-code"),
        ({"credit_code": "9115250 1000000000A"}, "/credit_code", "not-a-credit-code"),
        ({"credit_code": LIGATURE}, "/credit_code", "not-a-credit-code"),
        ({"credit_code": a_credit_code()[:17] + "0"}, "/credit_code", "not-a-credit-code"),
        ({"kinds": []}, "/kinds", "wrong-number"),
        ({"kinds": ["processor", "processor"]}, "/kinds", "repeated"),
        ({"kinds": ["smelter"]}, "/kinds/0", "not-a-choice"),
        ({"kinds": "processor"}, "/kinds", "not-a-list"),
        ({"valid_from": "2024-02-30"}, "/valid_from", "not-a-day"),
        ({"valid_until": "2020-01-01"}, "/valid_until", "too-early"),
        ({"owner": "x"}, "/owner", "unknown-field"),
    ],
)
def test_an_enterprise_that_can_not_be_is_refused(
    ledger: Ledger, admin: Caller, changes: dict[str, Any], pointer: str, code: str
) -> None:
    refused = admin.post("/v1/enterprises", an_enterprise(**changes))
    assert _problem(refused) == (422, "validation-failed")
    assert _faults(refused) == [(pointer, code)]
    assert count_rows(ledger, enterprise) == 0


PERSONS_CODE = "152501199001010008"
"""A citizen number by GB 11643-1999 that is also a credit code by GB 32100-2015, as one in 31 is."""


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"name": "肉厂 152501199001011238"}, "/name"), ({"credit_code": PERSONS_CODE}, "/credit_code")],
)
def test_no_citizen_number_becomes_an_enterprise(
    ledger: Ledger, admin: Caller, changes: dict[str, Any], pointer: str
) -> None:
    refused = admin.post("/v1/enterprises", an_enterprise(**changes), key=a_key())
    assert _problem(refused) == (422, "personal-data")
    assert _faults(refused) == [(pointer, "personal-data")]
    assert changes[pointer[1:]] not in refused.text
    assert count_rows(ledger, enterprise) == 0


def test_a_code_that_is_no_persons_number_is_taken_though_its_check_digit_fits(admin: Caller) -> None:
    """One in eleven codes of digits alone has the check digit of a citizen number."""
    assert _register(admin, credit_code="911525010000000000")["credit_code"] == "911525010000000000"


def test_enterprises_are_listed_by_kind_status_and_a_part_of_the_name_page_by_page(admin: Caller) -> None:
    terms = [("Эрээн Мах", ["processor"]), ("ＡＢＣ 肉业 3", ["trader"]), ("abc羊绒", ["processor", "trader"])]
    for ordinal, (name, kinds) in enumerate(terms):
        _register(admin, ordinal, name=name, kinds=kinds)
    _register(admin, 3, name="到期公司", valid_until="2021-01-01")
    _change(admin, "suspended", "2021-01-01")

    def found(query: str) -> list[str]:
        return [one["enterprise_id"][-1] for one in admin.get(f"/v1/enterprises?{query}").get_json()["items"]]

    assert (found("kind=processor"), found("kind=trader")) == (["1", "3", "4"], ["2", "3", "4"])
    assert (found("status=active"), found("status=suspended")) == (["2", "3"], ["1"])
    assert (found("status=expired"), found("status=cancelled")) == (["4"], [])
    assert (found("name=abc"), found("name=ABC羊"), found("name=肉业3"), found("name=эрээнмах")) == (
        ["2", "3"], ["3"], ["2"], ["1"]
    )  # fmt: skip
    assert found("kind=trader&status=active&name=abc") == ["2", "3"]
    pages, cursor = [], ""
    while True:
        page = admin.get(f"/v1/enterprises?limit=2&kind=trader{cursor}").get_json()
        pages.append([one["enterprise_id"][-1] for one in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert pages == [["2", "3"], ["4"]]
    assert _problem(admin.get("/v1/enterprises?cursor=x")) == (400, "cursor-invalid")


def test_a_list_does_not_end_where_a_part_of_the_rows_is_read(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.storage.enterprises.ROWS_AT_ONCE", 2)
    for ordinal in range(5):
        _register(admin, ordinal, name=f"公司{ordinal}")
    assert [one["name"] for one in admin.get("/v1/enterprises?name=公司").get_json()["items"]] == [
        f"公司{ordinal}" for ordinal in range(5)
    ]
    assert len(admin.get("/v1/enterprises?name=公司4").get_json()["items"]) == 1


def test_a_status_has_the_rules_of_a_residents_status(ledger: Ledger, admin: Caller) -> None:
    _register(admin)
    assert _change(admin, "cancelled", "2035-01-01").get_json()["status"] == "active"
    assert _change(admin, "suspended", "2024-06-01").get_json()["status"] == "suspended"
    assert _change(admin, "active", "2024-07-01").get_json()["status"] == "active"
    for status, day in itertools.product(("active", "suspended", "cancelled"), ("2035-01-01", "2040-01-01")):
        assert _problem(_change(admin, status, day)) == (422, "enterprise-not-active")
    early = _change(admin, "suspended", "2020-01-01")
    assert (_problem(early), _faults(early)) == ((422, "validation-failed"), [("/effective_on", "too-early")])
    assert _problem(_change(admin, "active", None, reason="152501199001011238")) == (422, "personal-data")
    assert _change(admin, "cancelled", None).get_json()["status"] == "cancelled", "today, when no day is sent"
    assert count_rows(ledger, enterprise_status) == 4
    unknown = admin.post("/v1/enterprises/E00000009/status", {"status": "active", "reason": "x"})
    assert _problem(unknown) == (404, "not-found")


def test_the_same_status_twice_is_recorded_once(ledger: Ledger, admin: Caller) -> None:
    _register(admin)
    key = a_key()
    first = _change(admin, "suspended", "2021-01-01", key)
    assert _change(admin, "suspended", "2021-01-01").status_code == 200
    _change(admin, "active", "2021-02-01")
    again = _change(admin, "suspended", "2021-01-01", key)
    assert (again.get_json(), again.headers["Idempotency-Replayed"]) == (first.get_json(), "true")
    assert count_rows(ledger, enterprise_status) == 2
    assert _change(admin, "suspended", "2021-01-01").get_json()["status"] == "active", "recorded a third time"
    assert count_rows(ledger, enterprise_status) == 3


def test_two_registrations_of_one_code_at_once_make_one_enterprise(ledger: Ledger, other_ledger: Ledger) -> None:
    """Two processes, 16 threads: each code is registered once, and the numbers have no gaps."""
    together, known, lock = threading.Barrier(16), [], threading.Lock()
    valid_from = ledger.today()

    def register(place: int) -> None:
        together.wait()
        for code in range(4):
            stated = NewEnterprise(f"公司{place}", a_credit_code(code), ("trader",), valid_from, None)
            try:
                register_enterprise((ledger, other_ledger)[place % 2], stated, 0)
            except EnterpriseExists as refusal:
                with lock:
                    known.append(refusal.members["enterprise_id"])

    threads = [threading.Thread(target=register, args=(place,)) for place in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(known) == 60
    assert set(known) == {f"E{number:08d}" for number in range(1, 5)}
    assert count_rows(ledger, enterprise) == 4


def test_enterprises_need_their_scopes(call: Any) -> None:
    assert call("transactions:read").post("/v1/enterprises", an_enterprise()).status_code == 403
    assert call("residents:read").get("/v1/enterprises").status_code == 403
    assert call(None).get("/v1/enterprises").status_code == 401
