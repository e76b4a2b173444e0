"""The ledger's head, blocks and proofs, and a proof that a standalone script verifies."""

import json
import pathlib
import subprocess
import sys

import pytest

from service.commands.folding import fold
from service.commands.verification import record_verification
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller

SCRIPT = pathlib.Path(__file__).parents[2] / "docs" / "verify_proof.py"


def _verify(proof: object, *arguments: str) -> subprocess.CompletedProcess[str]:
    text = json.dumps(proof)
    return subprocess.run([sys.executable, SCRIPT, "-", *arguments], input=text, capture_output=True, text=True)


def test_the_head_tells_where_the_ledger_stands(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    empty = admin.get("/v1/ledger").get_json()
    assert empty == {"block": 0, "hash": None, "transactions": 0, "tail": 0, "verified_at": None}
    for _ in range(3):
        admin.trade(a_trade())
    fold(ledger)
    admin.trade(a_trade())
    record_verification(ledger, 1, 0)
    head = admin.get("/v1/ledger").get_json()
    assert (head["block"], head["transactions"], head["tail"]) == (1, 4, 1)
    assert head["verified_at"].endswith("+08:00")
    assert head["hash"] == admin.get("/v1/ledger/blocks/1").get_json()["hash"]


def test_blocks_are_linked(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    for _ in range(2):
        admin.trade(a_trade())
        fold(ledger)
    first, second = (admin.get(f"/v1/ledger/blocks/{no}").get_json() for no in (1, 2))
    assert first["previous_hash"] == "00" * 32
    assert second["previous_hash"] == first["hash"]
    assert (first["count"], second["count"]) == (1, 1)


@pytest.mark.parametrize("no", ["0", "3", "x", "-1", "1.0", "99999999999999999999"])
def test_a_block_that_is_not_sealed_is_not_found(admin: Caller, no: str) -> None:
    assert admin.get(f"/v1/ledger/blocks/{no}").status_code == 404


def test_a_proof_is_verified_by_the_script_and_a_changed_one_is_not(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    odd = a_trade(commodity="a", hs_code="110100", category="grain", metadata={"票": "1"}, reference="D-1")
    posted = [admin.trade(body).get_json() for body in (a_trade(), odd, a_trade(resident_id="R00000002"))]
    posted.append(admin.reverse(posted[1]["transaction_id"]).get_json())
    waiting = admin.get(f"/v1/transactions/{posted[0]['transaction_id']}/proof")
    fold(ledger)
    proofs = [admin.get(f"/v1/transactions/{one['transaction_id']}/proof").get_json() for one in posted]
    head = admin.get("/v1/ledger").get_json()["hash"]

    assert waiting.status_code == 404
    for one, proof in zip(posted, proofs, strict=True):
        assert {**proof["transaction"], "warnings": one["warnings"]} == one
        assert _verify(proof, head).returncode == 0, _verify(proof, head)
    changed = {**proofs[1], "transaction": {**proofs[1]["transaction"], "amount_cny": "1.00"}}
    assert _verify(changed).returncode == 1
    assert _verify(proofs[0], "00" * 32).returncode == 1


def test_a_transaction_names_its_block_and_its_reversal(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    posted = admin.trade(a_trade()).get_json()
    path = f"/v1/transactions/{posted['transaction_id']}"
    assert admin.get(path).get_json()["block"] is None
    fold(ledger)
    reversal = admin.reverse(posted["transaction_id"]).get_json()
    known = admin.get(path).get_json()
    assert (known["block"], known["reversed_by"]) == (1, reversal["transaction_id"])
    assert admin.get(f"/v1/transactions/{reversal['transaction_id']}").get_json()["block"] is None
