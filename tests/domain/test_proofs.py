"""Proofs, and the script that verifies them offline. It accepts right proofs and refuses each change of one."""

import copy
import functools
import importlib.util
import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from service.domain import chain
from service.domain.chain import encode, seal
from service.domain.merkle import leaf_hash
from service.domain.proofs import SealBroken, document, prove
from service.domain.transactions import Transaction
from tests.domain.chain_vectors import (
    DOCS,
    EPOCH,
    LATER,
    PROOF,
    REGISTER,
    VECTORS,
    answered,
    answered_today,
    leaves_of,
    the_blocks,
    the_entries,
    transaction_of,
    transactions,
)  # fmt: skip

SCRIPT = DOCS / "verify_proof.py"
WITH_NULL = {
    **PROOF,
    "transaction": answered_today(PROOF["transaction"]),
    "sealed_extra": PROOF["sealed_extra"] | {"warnings": None},
    "block": PROOF["block"] | {"register": None},
}
"""The page's proof as it is handed out today, of an entry from before the ledger said who recorded it."""


def test_the_proof_of_the_page_is_the_one_that_is_built() -> None:
    leaves = [leaf_hash(encode(entry)) for entry in the_entries()[:3]]
    proof = prove(the_entries()[1], leaves, 1, the_blocks()[0])
    assert document(proof, answered(proof.transaction)) == WITH_NULL


def test_nothing_is_proved_from_a_journal_that_was_changed() -> None:
    entries = the_entries()[:3]
    leaves, block = [leaf_hash(encode(entry)) for entry in entries], the_blocks()[0]
    dearer = entries[1]._replace(amount_fen=entries[1].amount_fen + 1)
    for entry, given_leaves, index in (
        (dearer, leaves, 1),
        (dearer, [leaves[0], leaf_hash(encode(dearer)), leaves[2]], 1),
        (entries[1], leaves, 0),
        (entries[1], leaves, 3),
        (entries[1], leaves, -2),
    ):
        with pytest.raises(SealBroken):
            prove(entry, given_leaves, index, block)


# The script


def verify(proof: object, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the script alone: without site packages, and without this project on its path."""
    return verify_text(json.dumps(proof, ensure_ascii=False), *arguments)


def verify_text(text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-W", "error", str(SCRIPT), *(arguments or ("-",))]
    return subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", timeout=60)


@functools.cache
def the_script() -> Any:
    spec = importlib.util.spec_from_file_location("verify_proof", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_accepts_the_proof_of_the_page_and_says_what_it_verified(tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    path.write_text(VECTORS["proof"], encoding="utf-8")
    trusted = PROOF["block"]["hash"]
    for answer in (
        verify(PROOF), verify_text("", str(path)), verify(PROOF, "-", trusted), verify(PROOF, "-", trusted.upper())
    ):  # fmt: skip
        assert (answer.returncode, answer.stderr) == (0, "")
        for part in (PROOF["transaction"]["transaction_id"], "7800.00 CNY", "block 1", PROOF["block"]["hash"]):
            assert part in answer.stdout


def the_later_proof(place: int = 0, register: chain.RegisterHead | None = None) -> dict[str, Any]:
    """A proof of an entry that says who recorded it (place 0), or that has every value of version 3 (place 1)."""
    entry = transaction_of(LATER[place]["transaction"], LATER[place]["sealed_extra"])
    leaves = leaves_of(5)
    leaves[2] = leaf_hash(encode(entry))
    return document(prove(entry, leaves, 2, seal(8, the_blocks()[1].hash, leaves, EPOCH, register)), answered(entry))


def test_the_script_accepts_proofs_from_before_and_after_it_is_said_who_recorded() -> None:
    assert "recorded_by" not in PROOF["transaction"]
    for proof, said in ((PROOF, "is not said"), (WITH_NULL, "is not said"), (the_later_proof(), "API key 7")):
        answer = verify(proof)
        assert (answer.returncode, answer.stderr) == (0, "")
        assert said in answer.stdout
    assert "窗口" not in verify(the_later_proof()).stdout, "the name is not sealed"


@pytest.mark.parametrize(("count", "index"), [(1, 0), (2, 1), (7, 6), (1000, 511)])
def test_the_script_accepts_what_is_proved(count: int, index: int) -> None:
    reversal = the_entries()[3]
    leaves = leaves_of(count)
    leaves[index] = leaf_hash(encode(reversal))
    proof = prove(reversal, leaves, index, seal(8, the_blocks()[1].hash, leaves, EPOCH))
    answer = verify(document(proof, answered(reversal)))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "reversal" in answer.stdout


@given(transactions)
def test_the_script_encodes_what_is_shown_as_the_ledger_encodes_the_entry(transaction: Transaction) -> None:
    leaves = [leaf_hash(encode(transaction))]
    block = seal(1, chain.GENESIS_HASH, leaves, transaction.recorded_at)
    proof = document(prove(transaction, leaves, 0, block), answered(transaction))
    the_script().verify(json.loads(json.dumps(proof)), block.hash.hex())


def test_its_check_is_46_lines() -> None:
    """All that computes; what reads, compares and prints stands below it."""
    lines = inspect.getsource(the_script().written_anew).splitlines()
    assert len(lines[2:]) == 46
    assert {len(line) <= 120 for line in lines} == {True}


TAMPERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another amount": lambda p: p["transaction"].update(amount_cny="7800.01", exempt_cny="7800.01"),
    "an amount without its point": lambda p: p["transaction"].update(amount_cny="780000"),
    "an amount with a third decimal": lambda p: p["transaction"].update(amount_cny="7800.009"),
    "another weight": lambda p: p["transaction"].update(quantity_kg="467.066"),
    "an amount in full-width digits": lambda p: p["transaction"].update(amount_cny="７800.00"),
    "a derived part": lambda p: p["transaction"].update(taxable_cny="100.00", verdict="partly_taxed"),
    "the verdict": lambda p: p["transaction"].update(verdict="taxed"),
    "the kind": lambda p: p["transaction"].update(kind="reversal"),
    "another resident": lambda p: p["transaction"].update(resident_id="R00000002"),
    "another day": lambda p: p["transaction"].update(day="2024-06-29"),
    "another microsecond": lambda p: p["transaction"].update(recorded_at="2024-06-30T09:30:05.123456+08:00"),
    "a digit below the microsecond": lambda p: p["transaction"].update(recorded_at="2024-06-30T09:30:05.1234571+08:00"),
    "an instant without offset": lambda p: p["transaction"].update(traded_at="2024-06-30T09:30:00"),
    "null made empty": lambda p: p["transaction"].update(reason=""),
    "metadata": lambda p: p["transaction"]["metadata"].update(clerk="another"),
    "a member that is not sealed": lambda p: p["transaction"].update(reversed_by=None),
    "a missing member": lambda p: p["transaction"].pop("seller"),
    "the used weight": lambda p: p["sealed_extra"].update(exempt_quantity_g=1),
    "a shown text under an extra one": lambda p: (
        p["sealed_extra"].update(commodity=p["transaction"]["commodity"]), p["transaction"].update(commodity="绒")
    ),
    "the leaf": lambda p: p.update(leaf_hash="00" * 32),
    "a hash of the path": lambda p: p["path"][0].update(hash="00" * 32),
    "a side of the path": lambda p: p["path"][0].update(side="right"),
    "no such side": lambda p: p["path"][1].update(side="up"),
    "a step too few": lambda p: p["path"].pop(),
    "the root": lambda p: p["block"].update(merkle_root="00" * 32),
    "the number of the block": lambda p: p["block"].update(no=2),
    "the block before": lambda p: p["block"].update(previous_hash="11" * 32),
    "the count": lambda p: p["block"].update(count=4),
    "the instant of sealing": lambda p: p["block"].update(sealed_at="2024-07-01T00:00:01+08:00"),
    "zeros in front": lambda p: p["transaction"].update(amount_cny="0007800.00"),
    "an amount of minus nothing": lambda p: p["transaction"].update(taxable_cny="-0.00"),
    "another spelling of an id": lambda p: p["transaction"].update(
        transaction_id=p["transaction"]["transaction_id"].upper()
    ),
    "a name of an id": lambda p: p["transaction"].update(
        transaction_id="urn:uuid:" + p["transaction"]["transaction_id"]
    ),
    "another letter of the resident": lambda p: p["transaction"].update(resident_id="X00000001"),
    "a short resident": lambda p: p["transaction"].update(resident_id="R1"),
    "a short group": lambda p: p["transaction"].update(group_id="G12"),
    "no group in words": lambda p: p["transaction"].update(group_id=""),
    "another answer to the allowance": lambda p: p["transaction"].update(over_allowance="refuses"),
    "a number in metadata": lambda p: p["transaction"]["metadata"].update({"窗口": 3}),
    "a text that is a number": lambda p: p["transaction"].update(consignment=20240630),
    "a truth for a number": lambda p: p["sealed_extra"].update(exempt_quantity_g=False),
    "a truth for the number of the block": lambda p: p["block"].update(no=True),
    "a fraction for the count": lambda p: p["block"].update(count=3.0),
    "a member more of the proof": lambda p: p.update(note="x"),
    "a member more of the block": lambda p: p["block"].update(note="x"),
    "a member more of a step": lambda p: p["path"][0].update(note="x"),
    "a member less of the block": lambda p: p["block"].pop("merkle_root"),
    "no leaf": lambda p: p.pop("leaf_hash"),
    "a hash in upper case": lambda p: p["block"].update(hash=p["block"]["hash"].upper()),
    "a hash with a space": lambda p: p["path"][0].update(hash=p["path"][0]["hash"] + " "),
    "a hash that is cut": lambda p: p["block"].update(previous_hash="00" * 31),
    "the hash of the block": lambda p: p["block"].update(hash="00" * 32),
}  # fmt: skip


RECORDED_BY_ANOTHER: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another key": lambda t: t["recorded_by"].update(id=8),
    "no key": lambda t: t.update(recorded_by=None),
    "not even the member": lambda t: t.pop("recorded_by"),
    "a truth for a key": lambda t: t["recorded_by"].update(id=True),
    "a text for a key": lambda t: t["recorded_by"].update(id="7"),
    "nothing for a key": lambda t: t.update(recorded_by={}),
    "zero for a key": lambda t: t.update(recorded_by=0),
    "more of a key": lambda t: t["recorded_by"].update(scope="admin"),
    "a name that is no text": lambda t: t["recorded_by"].update(name=0),
    "a key without a name": lambda t: t["recorded_by"].pop("name"),
}


OF_VERSION_3: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another declarant": lambda p: p["transaction"].update(declarant_id="R00000002"),
    "no declarant": lambda p: p["transaction"].pop("declarant_id"),
    "the buyer as the declarant": lambda p: p["transaction"].update(declarant_id="R00000005"),
    "a line": lambda p: p["transaction"].update(consignment_line=1),
    "a verified rule": lambda p: p["transaction"].update(rule_verified=True),
    "no word about the rule": lambda p: p["transaction"].update(rule_verified=None),
    "zero for a verified rule": lambda p: p["transaction"].update(rule_verified=0),
    "another warning": lambda p: p["sealed_extra"].update(warnings="near-limit=97.50"),
    "no warning": lambda p: p["sealed_extra"].pop("warnings"),
    "another fact": lambda p: p["block"]["register"].update(no=13),
    "another MAC": lambda p: p["block"]["register"].update(mac=32 * "0"),
    "no register": lambda p: p["block"].update(register=None),
    "not even its name": lambda p: p["block"].pop("register"),
}


@pytest.mark.parametrize("tamper", OF_VERSION_3.values(), ids=OF_VERSION_3.keys())
def test_the_script_refuses_other_values_of_version_3_and_another_register(
    tamper: Callable[[dict[str, Any]], Any],
) -> None:
    proof = the_later_proof(1, REGISTER)
    assert verify(proof).returncode == 0
    tamper(proof)
    assert verify(proof).stderr.startswith("NOT VERIFIED: ")


@pytest.mark.parametrize("tamper", RECORDED_BY_ANOTHER.values(), ids=RECORDED_BY_ANOTHER.keys())
def test_the_script_refuses_that_somebody_else_has_recorded(tamper: Callable[[dict[str, Any]], Any]) -> None:
    proof = the_later_proof()
    assert verify(proof).returncode == 0
    tamper(proof["transaction"])
    assert verify(proof).stderr.startswith("NOT VERIFIED: ")


def test_the_script_refuses_a_key_that_an_older_entry_does_not_bear() -> None:
    named = WITH_NULL["transaction"] | {"recorded_by": {"id": 7, "name": "x"}}
    assert verify({**PROOF, "transaction": named}).returncode == 1


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_the_script_refuses(tamper: Callable[[dict[str, Any]], Any]) -> None:
    proof = copy.deepcopy(PROOF)
    tamper(proof)
    assert json.dumps(proof) != json.dumps(PROOF)
    answer = verify(proof)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("NOT VERIFIED: ")


def test_the_script_refuses_a_name_that_stands_twice() -> None:
    twice = json.dumps(PROOF).replace('"amount_cny"', '"amount_cny": "1.00", "amount_cny"', 1)
    assert json.loads(twice) == PROOF
    assert "repeated" in verify_text(twice).stderr


@pytest.mark.parametrize("text", ["", "[]", "null", '{"transaction": 1}', "not JSON", "[" * 100_000, "\ufffe"])
def test_the_script_refuses_what_is_no_proof(text: str) -> None:
    answer = verify_text(text)
    assert answer.returncode == 1
    assert answer.stderr.startswith("NOT VERIFIED: ")


def test_the_script_refuses_a_whole_invented_proof_when_it_knows_the_hash() -> None:
    forged = the_entries()[1]._replace(amount_fen=1, exempt_fen=1)
    leaves = [leaf_hash(encode(forged))]
    invented = document(prove(forged, leaves, 0, seal(1, chain.GENESIS_HASH, leaves, EPOCH)), answered(forged))
    assert verify(invented).returncode == 0
    assert "not the one that you gave" in verify(invented, "-", PROOF["block"]["hash"]).stderr
