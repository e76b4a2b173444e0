"""Many trades are reversed in one request: all of them or none, once, and the answer is the same for ever."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from service.commands.folding import fold
from service.commands.posting import EntryBatch, NewEntry, Outcome
from service.domain.errors import AlreadyReversed
from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.tables import idempotency, journal
from tests.builders import a_key, a_trade
from tests.conftest import Caller

PATH = "/v1/transactions/reversals"
UNKNOWN = "01900000-0000-7000-8000-000000000000"
A_NUMBER = "152501199001011238"


def _trades(admin: Caller, count: int, **changes: Any) -> list[str]:
    admin.register(3)
    bodies = [a_trade(resident_id=f"R0000000{n % 3 + 1}", **changes) for n in range(count)]
    return [str(admin.trade(body).get_json()["transaction_id"]) for body in bodies]


def _reverse(caller: Caller, key: str | None = None, **body: Any) -> TestResponse:
    return caller.post(PATH, {"reason": "wrong truck", **body}, key=key or a_key())


def _rows(ledger: Ledger) -> tuple[int, int]:
    """The number of entries, and of remembered answers."""
    with ledger.database.reading() as connection:
        counted = [sa.select(sa.func.count()).select_from(table) for table in (journal, idempotency)]
        return tuple(int(connection.execute(one).scalar_one()) for one in counted)  # type: ignore[return-value] # (two)


def test_trades_are_reversed_together_in_the_order_of_their_ids(ledger: Ledger, admin: Caller) -> None:
    ids = _trades(admin, 3)[::-1]
    answer = _reverse(admin, transaction_ids=ids)
    items = answer.get_json()["items"]
    assert answer.status_code == 201
    assert [item["reverses"] for item in items] == ids
    assert {(item["kind"], item["reason"], item["amount_cny"]) for item in items} == {
        ("reversal", "wrong truck", "-1000.00")
    }
    for item in items:
        assert admin.get(f"/v1/transactions/{item['reverses']}").get_json()["reversed_by"] == item["transaction_id"]
    assert admin.get("/v1/residents/R00000001/allowance?day=2024-06-30").get_json()["exempt_used_cny"] == "0.00"
    verify(ledger)


def test_a_consignment_is_reversed_with_all_its_live_trades(ledger: Ledger, admin: Caller) -> None:
    truck = _trades(admin, 3, consignment="T-1")
    other = _trades(admin, 1, consignment="T-1", trade_point="pier") + _trades(admin, 1, consignment="T-2")
    admin.reverse(truck[1])
    items = _reverse(admin, consignment="T-1").get_json()["items"]
    assert [item["reverses"] for item in items] == [truck[0], truck[2]]
    assert [admin.get(f"/v1/transactions/{one}").get_json()["reversed_by"] for one in other] == [None, None]
    assert len(_reverse(admin, consignment="T-1", trade_point="pier").get_json()["items"]) == 1
    verify(ledger)


@pytest.mark.parametrize("folded", [False, True])
def test_the_same_request_gets_the_same_answer_for_ever(ledger: Ledger, admin: Caller, *, folded: bool) -> None:
    ids = _trades(admin, 3, consignment="T-1")
    bodies: list[dict[str, Any]] = [{"consignment": "T-1"}, {"transaction_ids": _trades(admin, 2)}]
    first = [_reverse(admin, f"k{n}", **body) for n, body in enumerate(bodies)]
    before = _rows(ledger)
    if folded:
        fold(ledger)
    _trades(admin, 1, consignment="T-1")
    again = [_reverse(admin, f"k{n}", **body) for n, body in enumerate(bodies)]
    assert [one.data for one in again] == [one.data for one in first]
    assert {(one.status_code, one.headers["Idempotency-Replayed"]) for one in again} == {(201, "true")}
    assert "Idempotency-Replayed" not in first[0].headers
    assert _rows(ledger) == (before[0] + 1, before[1] + 1)
    assert [item["reverses"] for item in first[0].get_json()["items"]] == ids
    verify(ledger)


def test_a_key_means_one_request(ledger: Ledger, admin: Caller) -> None:
    ids = _trades(admin, 3, consignment="T-1")
    first = _reverse(admin, "k", transaction_ids=ids[:2])
    before = _rows(ledger)
    for body in (
        {"transaction_ids": ids},
        {"transaction_ids": ids[1::-1]},
        {"consignment": "T-1"},
        {"transaction_ids": ids[:2], "reason": "another"},
    ):
        refused = _reverse(admin, "k", **body)
        assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency-key-reused")
    assert _reverse(admin, "k", transaction_ids=ids[:2]).data == first.data
    assert _rows(ledger) == before


def _refused(admin: Caller) -> list[tuple[dict[str, Any], int, str, str]]:
    ids = _trades(admin, 3)
    reversal = admin.reverse(ids[1]).get_json()["transaction_id"]
    gone = _trades(admin, 1, consignment="GONE")
    admin.reverse(gone[0])
    return [
        ({"transaction_ids": ids}, 409, "already-reversed", "/transaction_ids/1"),
        ({"transaction_ids": [ids[0], reversal]}, 409, "not-reversible", "/transaction_ids/1"),
        ({"transaction_ids": [ids[2], ids[0], UNKNOWN]}, 404, "not-found", "/transaction_ids/2"),
        ({"consignment": "GONE"}, 409, "already-reversed", "/consignment"),
        ({"transaction_ids": ids[:1], "reason": f"of {A_NUMBER}"}, 422, "personal-data", "/reason"),
        ({"consignment": A_NUMBER}, 422, "personal-data", "/consignment"),
    ]


def test_one_trade_that_can_not_be_reversed_refuses_all(ledger: Ledger, admin: Caller) -> None:
    for body, status, code, pointer in _refused(admin):
        before = _rows(ledger)
        key = a_key()
        answer = _reverse(admin, key, **body)
        problem = answer.get_json()
        assert (answer.status_code, problem["code"], problem["errors"][0]["pointer"]) == (status, code, pointer)
        assert ("reversal_id" in problem) == (code == "already-reversed")
        remembered = status != 404
        assert _rows(ledger) == (before[0], before[1] + remembered)
        again = _reverse(admin, key, **body)
        assert ("Idempotency-Replayed" in again.headers) == remembered
        assert not remembered or again.data == answer.data
    assert A_NUMBER not in str(_texts(ledger))
    verify(ledger)


def _texts(ledger: Ledger) -> list[str | None]:
    with ledger.database.reading() as connection:
        return list(connection.execute(sa.select(idempotency.c.refusal)).scalars())


def test_without_the_check_of_all_the_others_would_be_written(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a batch that goes on after a refusal writes what can be written, and the test above sees it."""
    settle = EntryBatch.settle

    def settle_and_go_on(batch: EntryBatch, entry: NewEntry) -> Outcome:
        return settle(batch, entry)._replace(refusal=None)

    ids = _trades(admin, 3)
    admin.reverse(ids[1])
    before = _rows(ledger)[0]
    monkeypatch.setattr(EntryBatch, "settle", settle_and_go_on)
    _reverse(admin, transaction_ids=ids)
    assert _rows(ledger)[0] == before + 2


def test_a_refusal_stays_the_answer_when_the_trades_could_be_reversed_since(admin: Caller) -> None:
    ids = _trades(admin, 2)
    admin.reverse(ids[0])
    refused = _reverse(admin, "k", transaction_ids=ids)
    assert refused.get_json()["code"] == AlreadyReversed.code
    assert _reverse(admin, "k", transaction_ids=ids).data == refused.data
    assert _reverse(admin, "another", transaction_ids=ids[1:]).status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/transaction_ids", "one-way"),
        ({"transaction_ids": [UNKNOWN], "consignment": "T"}, "/transaction_ids", "one-way"),
        ({"transaction_ids": []}, "/transaction_ids", "wrong-number"),
        ({"transaction_ids": [UNKNOWN, UNKNOWN]}, "/transaction_ids/1", "repeated"),
        ({"transaction_ids": ["nothing"]}, "/transaction_ids/0", "not-a-transaction-id"),
        ({"transaction_ids": [UNKNOWN], "trade_point": "pier"}, "/trade_point", "not-used"),
        ({"transaction_ids": [UNKNOWN], "reason": ""}, "/reason", "not-usable-text"),
    ],
)
def test_what_can_not_be_meant_is_refused(admin: Caller, body: dict[str, Any], pointer: str, code: str) -> None:
    answer = _reverse(admin, **body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [(pointer, code)]


def test_it_needs_a_key_the_scope_and_trades_that_exist(call: Callable[..., Caller]) -> None:
    admin = call()
    ids = _trades(admin, 1)
    assert admin.post(PATH, {"reason": "r", "transaction_ids": ids}).get_json()["code"] == "idempotency-key-missing"
    assert _reverse(call("transactions:read"), transaction_ids=ids).status_code == 403
    assert _reverse(admin, consignment="NEVER").get_json()["code"] == "not-found"
    assert admin.get(PATH).status_code == 405


def test_requests_for_the_same_trades_at_once_reverse_them_once(ledger: Ledger, call: Callable[..., Caller]) -> None:
    admin = call()
    ids = _trades(admin, 12)
    answers: list[TestResponse] = []
    begin = threading.Barrier(8)

    def reverse(number: int) -> None:
        mine = Caller(admin.client.application.test_client(), None)
        mine.headers = admin.headers
        begin.wait()
        answers.append(_reverse(mine, f"key-{number // 2}", transaction_ids=ids))

    threads = [threading.Thread(target=reverse, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 2 + [409] * 6
    assert len({answer.data for answer in answers if answer.status_code == 201}) == 1
    assert _rows(ledger)[0] == 24
    verify(ledger)
