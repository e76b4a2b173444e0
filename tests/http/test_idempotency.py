"""Idempotency over HTTP, refusals included."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage.tables import journal
from tests.builders import a_registration, a_trade
from tests.conftest import Caller


def _entries(ledger: Ledger) -> int:
    with ledger.database.reading() as connection:
        return int(connection.execute(sa.select(sa.func.count()).select_from(journal)).scalar_one())


def test_the_same_request_gets_the_same_answer_and_says_that_it_is_a_replay(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    first = admin.trade(a_trade(), key="k")
    again = admin.trade(a_trade(), key="k")
    assert (again.status_code, again.data) == (first.status_code, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert _entries(ledger) == 1


def test_the_meaning_counts_and_not_the_bytes(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    first = admin.trade(a_trade(amount_cny="1000.00", traded_at="2024-06-30T09:30:00+08:00"), key="k")
    for body in (
        a_trade(amount_cny="1000"),
        a_trade(traded_at="2024-06-30T01:30:00Z"),
        a_trade(direction="import", trade_point="erenhot", over_allowance="tax"),
        dict(reversed(a_trade().items())),
    ):
        assert admin.trade(body, key="k").data == first.data
    assert _entries(ledger) == 1


def test_the_same_key_for_another_request_is_refused_and_changes_nothing(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    first = admin.trade(a_trade(), key="k")
    other = admin.trade(a_trade(amount_cny="1000.01"), key="k")
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency-key-reused")
    assert admin.trade(a_trade(), key="k").data == first.data
    assert _entries(ledger) == 1


def test_a_key_belongs_to_its_api_key_and_its_route(ledger: Ledger, call: Callable[..., Caller]) -> None:
    one, two = call(), call()
    one.register(1)
    first = one.trade(a_trade(), key="k").get_json()
    second = two.trade(a_trade(), key="k").get_json()
    reversal = one.reverse(first["transaction_id"], key="k")
    batch = one.post("/v1/transactions/batch", {"items": [a_trade(key="k")]}).get_json()
    assert first["transaction_id"] != second["transaction_id"]
    assert reversal.status_code == 201
    assert batch["accepted"] == 1
    assert _entries(ledger) == 4


def test_a_key_of_one_reversal_can_not_be_used_for_another(admin: Caller) -> None:
    admin.register(1)
    first, second = (admin.trade(a_trade()).get_json()["transaction_id"] for _ in range(2))
    done = admin.reverse(first, key="r")
    assert admin.reverse(first, key="r").data == done.data
    assert admin.reverse(second, key="r").get_json()["code"] == "idempotency-key-reused"


def test_a_refusal_is_a_final_answer_also_when_things_have_changed_since(admin: Caller) -> None:
    refused = admin.trade(a_trade(), key="k")
    admin.register(1)
    again = admin.trade(a_trade(), key="k")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "unknown-resident")
    assert (again.status_code, again.data) == (422, refused.data)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert admin.trade(a_trade(), key="a new attempt".replace(" ", "-")).status_code == 201


def test_every_refusal_by_a_business_rule_is_remembered(admin: Caller) -> None:
    admin.register(1)
    taken = admin.trade(a_trade(reference="A"), key="t").get_json()
    admin.reverse(taken["transaction_id"], key="t")
    reversal = admin.reverse(taken["transaction_id"], key="again")
    cases: dict[str, dict[str, Any]] = {
        "unknown-resident": a_trade(resident_id="R00000002"),
        "resident-not-active": a_trade(traded_at="2019-01-01T00:00:00Z"),
        "category-hs-mismatch": a_trade(hs_code="51021920"),
        "allowance-exceeded": a_trade(amount_cny="8000.01", over_allowance="refuse"),
        "reference-exists": a_trade(reference="A"),
    }
    assert reversal.get_json()["code"] == "already-reversed"
    assert admin.reverse(taken["transaction_id"], key="again").data == reversal.data
    for code, body in cases.items():
        first, again = admin.trade(body, key=code), admin.trade(body, key=code)
        assert first.get_json()["code"] == code
        assert again.data == first.data, code
        assert again.headers["Idempotency-Replayed"] == "true", code


def test_a_malformed_request_and_a_missing_scope_are_not_remembered(call: Callable[..., Caller]) -> None:
    admin = call()
    admin.register(1)
    assert admin.trade(a_trade(amount_cny="x"), key="k").status_code == 422
    assert admin.trade(a_trade(traded_at="2999-01-01T00:00:00Z"), key="k").status_code == 422
    assert admin.trade(a_trade(category="fish"), key="k").status_code == 422
    assert admin.trade(a_trade(), key="k").status_code == 201
    assert admin.reverse("00000000-0000-7000-8000-000000000000", key="r").status_code == 404
    posted = admin.trade(a_trade()).get_json()["transaction_id"]
    assert admin.reverse(posted, key="r").status_code == 201


def test_thirty_two_threads_on_one_key_make_one_entry_and_get_one_answer(
    ledger: Ledger, call: Callable[..., Caller]
) -> None:
    caller = call()
    caller.register(1)
    answers: list[tuple[int, bytes]] = []
    admission = threading.Barrier(32)

    def post() -> None:
        mine = Caller(caller.client.application.test_client(), None)
        mine.headers = caller.headers
        admission.wait()
        answer = mine.trade(a_trade(), key="one")
        answers.append((answer.status_code, answer.data))

    threads = [threading.Thread(target=post) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 32
    assert len(set(answers)) == 1
    assert answers[0][0] == 201
    assert _entries(ledger) == 1


def test_registering_twice_names_the_resident(admin: Caller) -> None:
    admin.post("/v1/residents", a_registration())
    again = admin.post("/v1/residents", a_registration())
    assert (again.status_code, again.get_json()["code"]) == (409, "resident-exists")


def test_a_key_that_came_twice_is_refused(admin: Caller) -> None:
    """Granian joins two headers of one name with a comma: a retry with one of them would be another request."""
    admin.register(1)
    twice = admin.trade(a_trade(), "k1,k1")
    assert (twice.status_code, twice.get_json()["code"]) == (400, "idempotency-key-invalid")
    assert "once" in twice.get_json()["detail"]


@pytest.mark.parametrize("key", ["k1,k2", ",", ",,", "k1,", "a,a,a"])
def test_a_key_may_have_a_comma(admin: Caller, key: str) -> None:
    admin.register(1)
    assert admin.trade(a_trade(), key).status_code == 201
