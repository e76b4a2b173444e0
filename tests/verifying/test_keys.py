"""`hushi verify` finds keys and entries that do not belong to each other, and reversals that reverse nothing."""

import pytest

from service.ledger import Ledger
from tests.tampering import verdict_after

KEYS = {
    "an entry taken out of the tail": (["DELETE FROM journal WHERE seq = 26"], "was answered under a key"),
    "a forgotten key": (
        ["DELETE FROM idempotency WHERE transaction_id = (SELECT transaction_id FROM journal WHERE seq = 4)"],
        "not under exactly one idempotency key",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KEYS)
def test_tampering_with_keys_is_found_and_named(market: Ledger, kind: str) -> None:
    statements, named = KEYS[kind]
    assert named in verdict_after(market, *statements)


REVERSALS = {
    "a dearer one": "amount_fen = amount_fen - 1",
    "a heavier one": "quantity_g = quantity_g - 1",
    "one of other goods": "commodity = 'x'",
    "one of another group": "market_group = 1",
    "one with a reference": "reference = 'x'",
    "one of another trade": "reverses = (SELECT transaction_id FROM journal WHERE seq = 23)",
    "one of a reversal": "reverses = (SELECT transaction_id FROM journal WHERE seq = 27)",
    "one of nothing": "reverses = transaction_id",
}


@pytest.mark.parametrize("kind", REVERSALS)
def test_a_reversal_that_is_not_the_negative_of_one_trade_is_found(market: Ledger, kind: str) -> None:
    assert "is a reversal, and not" in verdict_after(market, f"UPDATE journal SET {REVERSALS[kind]} WHERE seq = 28")


def test_a_second_reversal_of_one_trade_is_found(market: Ledger) -> None:
    """The table refuses it, so its index has to go first."""
    one = "(SELECT reverses FROM journal WHERE seq = 27)"
    said = verdict_after(
        market, "DROP INDEX uq_journal_reverses", f"UPDATE journal SET reverses = {one} WHERE seq = 28"
    )
    assert "is a reversal, and not" in said
