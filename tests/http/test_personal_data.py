"""A citizen number in a free text is refused wherever an entry comes from, and nothing keeps it."""

from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.folding import fold_all
from service.domain import transactions
from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.tables import metadata
from tests.builders import a_key, a_registration, a_trade
from tests.conftest import Caller

NUMBER = "152501199001011238"
HIDDEN = f"身份证{NUMBER}张"
TRADES: list[tuple[str, dict[str, Any]]] = [
    ("/commodity", {"commodity": HIDDEN}),
    ("/consignment", {"consignment": NUMBER}),
    ("/vehicle_plate", {"vehicle_plate": "蒙A 15250119920305456x"}),
    ("/seller", {"seller": "１５２５０１１９９００１０１１２３８"}),
    ("/reference", {"reference": "152501 19900101 1238"}),
    ("/metadata/buyer~1id", {"metadata": {"note": "ok", "buyer/id": NUMBER}}),
    ("/metadata", {"metadata": {NUMBER: "x"}}),
    ("/trade_point", {"trade_point": f"desk-{NUMBER}"}),
]


def _everything(ledger: Ledger) -> str:
    with ledger.database.reading() as connection:
        return repr([connection.execute(sa.select(table)).all() for table in metadata.sorted_tables])


def _is_refused(answer: Any, pointer: str) -> None:
    problem = answer.get_json()
    assert (answer.status_code, problem["code"]) == (422, "personal-data")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert {error["code"] for error in problem["errors"]} == {"personal-data"}
    assert "15250119" not in answer.text


def test_a_trade_with_a_citizen_number_is_refused_for_good(
    ledger: Ledger, admin: Caller, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.register(1)
    for pointer, changes in TRADES:
        key = a_key()
        first = admin.trade(a_trade(**changes), key)
        _is_refused(first, pointer)
        again = admin.trade(a_trade(**changes), key)
        assert (again.status_code, again.data) == (first.status_code, first.data)
        assert again.headers["Idempotency-Replayed"] == "true"
        # The right trade is another request, and takes a key of its own.
        assert admin.trade(a_trade(), key).get_json()["code"] == "idempotency-key-reused"
        _is_refused(admin.post("/v1/transactions/quote", a_trade(**changes)), pointer)
    assert admin.trade(a_trade()).status_code == 201
    verify(ledger)
    kept = _everything(ledger) + capsys.readouterr().out
    assert "1990010112" not in kept
    assert "1992030545" not in kept


def test_what_is_kept_of_a_refusal_does_not_depend_on_the_number(ledger: Ledger, admin: Caller) -> None:
    """A fingerprint of the whole body would tell the number to anybody who tries all that are possible."""
    admin.register(1)
    seen: set[str] = set()

    def fingerprint(number: str, **changes: Any) -> str:
        _is_refused(admin.trade(a_trade(seller=number, **changes)), "/seller")
        with ledger.database.reading() as connection:
            table = metadata.tables["idempotency"]
            found = connection.execute(sa.select(table.c.refusal).where(table.c.refusal.is_not(None))).scalars().all()
        [new] = set(found) - seen
        seen.add(new)
        return str(new).rpartition('"fingerprint":')[2]

    assert fingerprint(NUMBER) == fingerprint("152501198506150028")
    # Whatever else is wrong, this is refused first, because the other refusals are remembered by the whole body.
    other = {"resident_id": "R00000009", "category": "wool", "hs_code": "020500"}
    assert fingerprint(NUMBER, **other) == fingerprint("152501198506150028", **other)


def test_a_batch_refuses_the_line_and_takes_the_others(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    lines = [a_trade(key=a_key()), a_trade(key=a_key(), seller=HIDDEN), a_trade(key=a_key())]
    answer = admin.post("/v1/transactions/batch", {"items": lines})
    document = answer.get_json()
    assert (document["accepted"], document["refused"]) == (2, 1)
    assert document["items"][1]["problem"]["code"] == "personal-data"
    assert "15250119" not in answer.text


def test_reasons_names_and_settlements_hold_no_number_either(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    trade = admin.trade(a_trade()).get_json()["transaction_id"]
    reason = {"reason": HIDDEN}
    _is_refused(admin.reverse(trade, HIDDEN), "/reason")
    _is_refused(admin.post("/v1/residents/R00000001/status", {"status": "suspended", **reason}), "/reason")
    _is_refused(admin.post("/v1/residents/R00000001/reveal", reason), "/reason")
    _is_refused(admin.post("/v1/groups", {"name": HIDDEN, "kind": "village"}), "/name")
    _is_refused(admin.post("/v1/groups", {"name": "东", "kind": HIDDEN}), "/kind")
    _is_refused(admin.post("/v1/residents", a_registration(5, settlement=HIDDEN)), "/settlement")
    assert admin.get("/v1/residents/R00000001").get_json()["status"] == "active"
    assert admin.reverse(trade).status_code == 201
    assert "1990010112" not in _everything(ledger)
    verify(ledger)


def test_a_request_id_is_no_place_for_a_number(admin: Caller, capsys: pytest.CaptureFixture[str]) -> None:
    answer = admin.get("/v1/groups", headers={"X-Request-Id": NUMBER})
    assert NUMBER not in answer.headers["X-Request-Id"]
    assert NUMBER not in capsys.readouterr().out
    assert admin.get("/v1/groups", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"


def test_an_entry_of_before_the_rule_stays_and_can_be_reversed(
    ledger: Ledger, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.register(1)
    with monkeypatch.context() as before:
        before.setattr(transactions, "refuse_personal_data", lambda _texts: None)
        old = admin.trade(a_trade(seller=HIDDEN), "old")
    assert old.status_code == 201
    verify(ledger)
    fold_all(ledger)
    verify(ledger)
    assert admin.trade(a_trade(seller=HIDDEN), "old").data == old.data
    assert admin.reverse(old.get_json()["transaction_id"]).status_code == 201
    verify(ledger)
