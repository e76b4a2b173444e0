"""`hushi verify` finds what was changed in the journal and its blocks behind the service's back, and names it."""

import pytest

from service.commands.folding import fold
from service.ledger import Ledger
from service.queries.verifying import verify
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import RIGHT, blob, uuid_literal, verdict_after

SEALED = {
    "a changed amount": (
        ["UPDATE journal SET amount_fen = amount_fen + 1 WHERE seq = 2"],
        "Block 1 sealed other entries",
    ),
    "a changed text": (["UPDATE journal SET commodity = 'x' WHERE seq = 2"], "Block 1 sealed other entries"),
    "another recorder": (["UPDATE journal SET recorded_by = 2 WHERE seq = 2"], "Block 1 sealed other entries"),
    "no recorder": (["UPDATE journal SET recorded_by = NULL WHERE seq = 2"], "Block 1 sealed other entries"),
    "another warning": (["UPDATE journal SET warnings = 'hs-code-unknown' WHERE seq = 2"], "Block 1 sealed other"),
    "no warning": (["UPDATE journal SET warnings = NULL WHERE seq = 2"], "Block 1 sealed other entries"),
    "other verified rules": (
        ["UPDATE journal SET rule_verified = CASE WHEN rule_verified THEN false ELSE true END WHERE seq = 2"],
        "Block 1 sealed other entries",
    ),
    "a deleted entry": (["DELETE FROM journal WHERE seq = 9"], "Block 2 sealed 7 entries, and 6 are there"),
    "two entries in another order": (
        [
            "UPDATE journal SET seq = 1000 WHERE seq = 2",
            "UPDATE journal SET seq = 2 WHERE seq = 3",
            "UPDATE journal SET seq = 3 WHERE seq = 1000",
        ],
        "Block 1 sealed other entries",
    ),
    "an entry in front of all others": (["UPDATE journal SET seq = -1 WHERE seq = 24"], "place -1 of the journal"),
    "an entry whose block is gone": (["DELETE FROM block WHERE no = 3"], "The cell of"),
    "a changed block": (["UPDATE block SET sealed_at = sealed_at + 1 WHERE no = 2"], "Block 2 does not have the hash"),
    "a deleted block": (["DELETE FROM block WHERE no = 2"], "Block 3 stands where block 2 belongs"),
    "an emptied start": (["DELETE FROM block WHERE no = 1"], "Block 2 stands where block 1 belongs"),
    "a block that begins too early": (["UPDATE block SET first_seq = 0 WHERE no = 1"], "begins at place 0"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEALED)
def test_tampering_with_what_is_sealed_is_found_and_named(market: Ledger, kind: str) -> None:
    statements, named = SEALED[kind]
    assert named in verdict_after(market, *statements)


COPIED = (
    "resident, day, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at, recorded_at, category, "
    "commodity, origin, direction, trade_point, rule_version"
)


def test_an_entry_smuggled_into_a_sealed_block_is_found(market: Ledger) -> None:
    new_id = uuid_literal(market, 1)
    smuggled = f"INSERT INTO journal (seq, transaction_id, {COPIED}) SELECT 2, {new_id}, {COPIED} FROM journal"
    said = verdict_after(market, "DELETE FROM journal WHERE seq = 2", f"{smuggled} WHERE seq = 1")
    assert "Block 1 sealed other entries" in said


UNREADABLE = {
    "no JSON": ("UPDATE journal SET metadata = '{bad' WHERE seq = 2", "The entry at place 2 of the journal can't be"),
    "no day": ("UPDATE journal SET day = 20241399 WHERE seq = 2", "The entry at place 2 of the journal can't be read"),
    "no instant": (f"UPDATE journal SET traded_at = {2**62} WHERE seq = 2", "place 2 of the journal can't be read"),
    "no instant of a block": (f"UPDATE block SET sealed_at = {2**62} WHERE no = 2", "Block 1, or one of the 100"),
    "no set": ("UPDATE cell SET residents = {00ff} WHERE day = 20240110", "The cell of day 20240110, grain"),
    "no dimensions": ("UPDATE cell SET dimensions = '[' WHERE day = 20240110 AND grain = 1", "grain 1, '['"),
    "nested dimensions": ("UPDATE cell SET dimensions = '[[1]]' WHERE day = 20240110 AND grain = 1", "'[[1]]'"),
    "no day of a cell": ("UPDATE cell SET day = 20241399 WHERE day = 20240110", "The cell of day 20241399"),
    "no day of an allowance": ("INSERT INTO allowance_use VALUES (2, 20241399, '', 0, 0, 0, 0)", "2024-13-99"),
}

UNREADABLE_ON_SQLITE = {
    "no UUID": ("UPDATE journal SET transaction_id = x'01' WHERE seq = 2", "place 2 of the journal can't be read"),
    "no UUID that is reversed": ("UPDATE journal SET reverses = x'01' WHERE seq = 6", "reverses can't be read"),
    "no text": ("UPDATE journal SET commodity = CAST(x'ff41' AS TEXT) WHERE seq = 2", "place 2 of the journal can't"),
    "no number": ("UPDATE journal SET resident = 'x' WHERE seq = 27", "place 27 of the journal can't be read"),
    "no text in a cell": ("UPDATE cell SET dimensions = CAST(x'5b22ff225d' AS TEXT) WHERE grain = 1", "can't be read"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_bytes_that_mean_nothing_are_a_fault_with_a_name(market: Ledger, kind: str) -> None:
    statement, named = UNREADABLE[kind]
    assert named in verdict_after(market, statement.replace("{00ff}", blob(market, b"\x00\xff")))


@pytest.mark.parametrize("kind", UNREADABLE_ON_SQLITE)
def test_so_are_those_that_only_sqlite_takes(market: Ledger, kind: str) -> None:
    if not market.database.is_sqlite:
        pytest.skip("PostgreSQL has stricter columns")
    statement, named = UNREADABLE_ON_SQLITE[kind]
    assert named in verdict_after(market, "PRAGMA ignore_check_constraints = ON", statement)


CUT = [
    f"DELETE FROM {table} WHERE {where}"
    for table, where in (
        ("idempotency", "transaction_id IN (SELECT transaction_id FROM journal WHERE day = 20240303)"),
        ("journal", "day = 20240303"),
        ("block", "no = 3"),
        ("cell", "day = 20240303"),
        ("allowance_use", "day = 20240303"),
    )
]
"""Cuts off the last of three blocks, each of a day of its own, and everything that tells of it."""


def _three_blocks(ledger: Ledger, admin: Caller) -> str:
    """A block for each of three days; the hash of the last one."""
    admin.register(1)
    for day in ("01", "02", "03"):
        admin.trade(a_trade(traded_at=f"2024-03-{day}T10:00:00+08:00"))
        fold(ledger)
    head = verify(ledger).head
    assert head is not None
    return head.hash.hex()


def test_a_chain_that_was_cut_cleanly_at_its_end_is_found_by_a_hash_that_was_kept_outside(
    ledger: Ledger, admin: Caller
) -> None:
    kept = _three_blocks(ledger, admin)
    assert verdict_after(ledger, head_hash=kept) == RIGHT
    assert "cut" in verdict_after(ledger, *CUT, head_hash=kept)


def test_without_that_hash_a_clean_cut_is_not_found(ledger: Ledger, admin: Caller) -> None:
    """A negative control: it is the hash that finds it, and nothing else can."""
    _three_blocks(ledger, admin)
    assert verdict_after(ledger, *CUT) == RIGHT


@pytest.mark.parametrize("left", range(len(CUT)))
def test_a_cut_that_leaves_anything_behind_is_found_without_it(ledger: Ledger, admin: Caller, left: int) -> None:
    _three_blocks(ledger, admin)
    assert verdict_after(ledger, *CUT[:left], *CUT[left + 1 :]) != RIGHT
