"""Retries of requests other than transactions: nothing is made, recorded or audited a second time."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.app import create_app
from service.domain.idempotency import request_fingerprint
from service.ledger import Ledger
from service.queries.verifying import Wrong, verify
from service.storage.tables import audit, fact, idempotency, market_group, resident_group, resident_status
from tests.builders import a_registration
from tests.conftest import Caller

EAST = {"name": "东", "kind": "village"}


def _rows(ledger: Ledger, table: sa.Table) -> int:
    with ledger.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_group_is_made_once_under_its_key(ledger: Ledger, admin: Caller, call: Callable[..., Caller]) -> None:
    admin.register(1)
    made = admin.post("/v1/groups", EAST, key="k")
    assert (made.status_code, "Idempotency-Replayed" in made.headers) == (201, False)
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    again = admin.post("/v1/groups", EAST, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.data == made.data, "as it was answered, when nobody was in it"
    reused = admin.post("/v1/groups", {**EAST, "name": "西"}, key="k")
    assert (reused.status_code, reused.get_json()["code"]) == (422, "idempotency-key-reused")
    other = call().post("/v1/groups", {**EAST, "name": "西"}, key="k")
    assert other.get_json()["group_id"] == "G000002", "the same key of another API key is another request"
    assert _rows(ledger, market_group) == 2
    verify(ledger)


@pytest.mark.parametrize("key", [None, "new"])
def test_a_group_of_the_same_name_and_kind_is_refused_and_named(ledger: Ledger, admin: Caller, key: str | None) -> None:
    admin.post("/v1/groups", EAST, key="k")
    for _ in range(2):
        refused = admin.post("/v1/groups", EAST, key=key)
        told = refused.get_json()
        assert (refused.status_code, told["code"], told["group_id"]) == (409, "group-exists", "G000001")
    assert _rows(ledger, market_group) == 1
    assert admin.post("/v1/groups", {**EAST, "kind": "cooperative"}, key=key and "newer").status_code == 201


@pytest.mark.parametrize("day", [None, "2024-06-01"])
@pytest.mark.parametrize("status", ["suspended", "cancelled"])
def test_a_status_is_answered_again_as_it_was_under_its_key(
    ledger: Ledger, admin: Caller, status: str, day: str | None
) -> None:
    admin.register(1)
    admin.post("/v1/groups", EAST)
    body = {"status": status, "reason": "moved", **({} if day is None else {"effective_on": day})}
    first = admin.post("/v1/residents/R00000001/status", body, key="k")
    assert (first.status_code, "Idempotency-Replayed" in first.headers) == (200, False)
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    if status == "suspended":
        admin.post("/v1/residents/R00000001/status", {"status": "active", "reason": "back"})
    again = admin.post("/v1/residents/R00000001/status", body, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.data == first.data
    assert (again.get_json()["status"], again.get_json()["group_id"]) == (status, None)
    for path, changed in (("R00000001", {"reason": "other"}), ("R00000002", {})):
        reused = admin.post(f"/v1/residents/{path}/status", {**body, **changed}, key="k")
        assert (reused.status_code, reused.get_json()["code"]) == (422, "idempotency-key-reused")
    assert _rows(ledger, resident_status) == _rows(ledger, audit) == (2 if status == "suspended" else 1)
    verify(ledger)


def test_members_are_answered_again_as_they_were_under_their_key(ledger: Ledger, admin: Caller) -> None:
    admin.register(3)
    admin.post("/v1/groups", EAST)
    admin.post("/v1/groups", {**EAST, "name": "西"})
    body = {"resident_ids": ["R00000001", "R00000002"]}
    first = admin.post("/v1/groups/G000001/members", body, key="k")
    admin.post("/v1/groups/G000002/members", {"resident_ids": ["R00000001"]})
    again = admin.post("/v1/groups/G000001/members", body, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert again.data == first.data
    assert again.get_json()["members"] == 2, "and nobody has moved back"
    assert _rows(ledger, resident_group) == 3
    for path, more in (("G000001", ["R00000003"]), ("G000002", [])):
        other = {"resident_ids": [*body["resident_ids"], *more]}
        reused = admin.post(f"/v1/groups/{path}/members", other, key="k")
        assert reused.get_json()["code"] == "idempotency-key-reused"
    assert admin.post("/v1/groups", EAST, key="k").get_json()["code"] == "group-exists", (
        "another route, another request"
    )


@pytest.mark.parametrize("key", ["", "with space", "钥", "x" * 256])
def test_a_key_that_can_not_be_one_is_refused(ledger: Ledger, admin: Caller, key: str) -> None:
    answer = admin.post("/v1/groups", EAST, headers={"Idempotency-Key": key.encode().decode("latin-1")})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "idempotency-key-invalid")
    assert _rows(ledger, market_group) == 0


def test_of_retries_at_the_same_time_one_makes_the_group(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    elsewhere = create_app(other_ledger)
    answers: list[Any] = []

    def ask(caller: Caller) -> None:
        answers.append(caller.post("/v1/groups", EAST, key="k"))

    callers = [admin, Caller(elsewhere.test_client(), admin.headers["Authorization"].removeprefix("Bearer "))]
    threads = [threading.Thread(target=ask, args=(caller,)) for caller in callers * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elsewhere.extensions["hushi"].committer.close()
    assert {(answer.status_code, answer.data) for answer in answers} == {(201, answers[0].data)}
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 5
    assert _rows(ledger, market_group) == 1


def test_an_answer_that_somebody_exchanged_is_found_and_replays_nothing(ledger: Ledger, admin: Caller) -> None:
    admin.post("/v1/groups", EAST, key="k")
    admin.post("/v1/groups", {**EAST, "name": "西"}, key="l")
    exchanged = sa.func.replace(idempotency.c.refusal, '"market_group":1', '"market_group":2')
    with ledger.database.writing() as connection:
        connection.execute(sa.update(idempotency).values(refusal=exchanged))
    with pytest.raises(Wrong, match="was not answered with"):
        verify(ledger)
    assert admin.post("/v1/groups", EAST, key="k").get_json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("status", ["suspended", "active", "cancelled"])
@pytest.mark.parametrize("day", [None, "2024-06-01"])
def test_a_status_that_is_sent_again_is_recorded_once(
    ledger: Ledger, admin: Caller, status: str, day: str | None
) -> None:
    admin.register(1)
    body = {"status": status, "reason": "moved", **({} if day is None else {"effective_on": day})}
    first, again = (admin.post("/v1/residents/R00000001/status", body) for _ in range(2))
    assert first.status_code == 200
    if status == "cancelled":  # That is final, and refused by name.
        assert (again.status_code, again.get_json()["code"]) == (422, "resident-not-active")
    else:
        assert (again.status_code, again.get_json()) == (200, first.get_json())
    assert [_rows(ledger, table) for table in (resident_status, audit)] == [1, 1]


def test_a_status_after_another_one_is_no_retry(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    for status, reason in (("suspended", "x"), ("active", "x"), ("suspended", "x"), ("suspended", "y")):
        body = {"status": status, "reason": reason, "effective_on": "2024-06-01"}
        assert admin.post("/v1/residents/R00000001/status", body).get_json()["status"] == status
    assert _rows(ledger, resident_status) == 4


@pytest.mark.parametrize(("day", "rows"), [("2024-06-01", [2, 2, 2]), (None, [2, 4, 4])])
def test_members_that_are_sent_again_join_once(ledger: Ledger, admin: Caller, day: str | None, rows: list[int]) -> None:
    """Without a day the first call counts from the registration, one that comes again from today: once a day."""
    admin.register(2)
    admin.post("/v1/groups", EAST)
    body = {"resident_ids": ["R00000001", "R00000002"], **({} if day is None else {"effective_on": day})}
    answers, found = [], []
    for _ in range(3):
        answers.append(admin.post("/v1/groups/G000001/members", body))
        found.append(_rows(ledger, resident_group))
    assert {(answer.status_code, answer.get_json()["members"]) for answer in answers} == {(200, 2)}
    assert found == rows


def test_a_resident_who_is_registered_again_is_refused_and_named(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    facts = _rows(ledger, fact)
    again = admin.post("/v1/residents", a_registration())
    assert (again.status_code, again.get_json()["code"]) == (409, "resident-exists")
    assert again.get_json()["resident_id"] == "R00000001"
    assert _rows(ledger, fact) == facts


def test_a_refused_group_is_refused_again_under_its_key(ledger: Ledger, admin: Caller) -> None:
    admin.post("/v1/groups", EAST)
    refused = admin.post("/v1/groups", EAST, key="k")
    assert (refused.status_code, "Idempotency-Replayed" in refused.headers) == (409, False)
    again = admin.post("/v1/groups", EAST, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"], again.data) == (409, "true", refused.data)
    reused = admin.post("/v1/groups", {**EAST, "name": "西"}, key="k")
    assert (reused.status_code, reused.get_json()["code"]) == (422, "idempotency-key-reused")
    assert _rows(ledger, market_group) == 1
    verify(ledger)


def test_members_whom_nobody_knew_are_refused_again_also_when_they_are_known(ledger: Ledger, admin: Caller) -> None:
    admin.post("/v1/groups", EAST)
    path, body = "/v1/groups/G000001/members", {"resident_ids": ["R00000001"]}
    nowhere = admin.post("/v1/groups/G000009/members", body, key="nowhere")
    refused = admin.post(path, body, key="k")
    assert (nowhere.status_code, refused.get_json()["code"]) == (404, "unknown-resident")
    admin.register(1)
    again = admin.post(path, body, key="k")
    assert (again.status_code, again.headers["Idempotency-Replayed"], again.data) == (422, "true", refused.data)
    assert _rows(ledger, resident_group) == 0
    assert admin.post(path, body, key="nowhere").status_code == 200, "a 404 is no final answer"
    verify(ledger)


def test_a_refused_status_is_refused_again_under_its_key(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    path = "/v1/residents/R00000001/status"
    early = {"status": "suspended", "reason": "away", "effective_on": "1999-01-01"}
    assert admin.post(path, early, key="k").get_json()["code"] == "validation-failed"
    cancelled = {"status": "cancelled", "reason": "moved", "effective_on": "2024-05-01"}
    assert admin.post(path, cancelled, key="k").status_code == 200, "what is malformed is not remembered"
    later = {"status": "active", "reason": "back", "effective_on": "2024-06-01"}
    refused = admin.post(path, later, key="l")
    again = admin.post(path, later, key="l")
    assert (again.status_code, again.get_json()["code"]) == (422, "resident-not-active")
    assert (again.headers["Idempotency-Replayed"], again.data) == ("true", refused.data)
    reused = admin.post(path, {**later, "effective_on": "2024-04-01"}, key="l")
    assert reused.get_json()["code"] == "idempotency-key-reused"
    assert _rows(ledger, resident_status) == 1
    verify(ledger)


def test_what_is_kept_of_a_text_with_a_citizen_number_does_not_tell_it(ledger: Ledger, admin: Caller) -> None:
    """Else a person who reads the table could try the numbers of a county, until a fingerprint fits."""
    number = a_registration(1)["id_number"]
    refused = admin.post("/v1/groups", {**EAST, "name": number}, key="k")
    again = admin.post("/v1/groups", {**EAST, "name": number}, key="k")
    assert (again.get_json()["code"], again.data) == ("personal-data", refused.data)
    assert admin.post("/v1/groups", EAST, key="k").get_json()["code"] == "idempotency-key-reused"
    with ledger.database.reading() as connection:
        kept = connection.execute(sa.select(idempotency.c.refusal)).scalar_one()
    assert request_fingerprint({**EAST, "name": number}).hex() not in kept
    verify(ledger)
