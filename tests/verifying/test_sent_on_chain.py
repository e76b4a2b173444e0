"""A block vouches for the transfers that were recorded before it: it names the head of the register.

So a transfer can't be changed, and can't be cut off with the end of the register, once a block was sealed behind it. A
block needs an entry: the newest transfers wait for the next trade.
"""

import pytest

from service.commands.folding import fold
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.tampering import RIGHT, verdict_after
from tests.verifying.sent_on import send_on

CUT_T6 = [
    "DELETE FROM transfer_line WHERE transfer = 6",
    "DELETE FROM transferred WHERE place IN (7, 8)",
    "DELETE FROM transfer WHERE id = 6",
]
CHANGED = {
    "what is paid": ["UPDATE transfer SET contract = 'x' WHERE id = 6"],
    "a reversal's reason": ["UPDATE transfer_reversal SET reason = 'x' WHERE id = 1"],
    "who takes goods": ["UPDATE enterprise SET name = 'x' WHERE id = 1"],
    "what came out": ["UPDATE processing_output SET quantity_g = quantity_g + 1 WHERE id = 1"],
    "a transfer that is cut off": [*CUT_T6, "DELETE FROM fact WHERE kind = 'transfer' AND id = 6"],
}
OTHER_REGISTER = "names a fact that the register does not have: facts were deleted or replaced."


def _cut(kind: str, own_id: int) -> list[str]:
    """Statements that take a fact out of the register, and all facts behind it, with their rows."""
    tables = (
        "processing_batch_reversal", "processing_output", "processing_input", "processing_batch", "transfer_reversal",
    )  # fmt: skip
    first = f"(SELECT no FROM fact WHERE kind = '{kind}' AND id = {own_id})"
    gone = "DELETE FROM {0} WHERE id IN (SELECT id FROM fact WHERE kind = '{0}' AND no >= {1})"
    return [*(gone.format(table, first) for table in tables), *CUT_T6, f"DELETE FROM fact WHERE no >= {first}"]


def _seal(ledger: Ledger, caller: Caller) -> None:
    assert caller.trade(a_trade(amount_cny="1.00")).status_code == 201
    fold(ledger)


def test_transfers_that_a_block_has_sealed_can_not_be_cut_off(ledger: Ledger, admin: Caller) -> None:
    """The reversal of T3 is given back as well, so that only the register's head tells."""
    send_on(ledger)
    given_back = [
        "UPDATE transferred SET gone_g = gone_g + 7000, gone_fen = gone_fen + 14000 WHERE place = 3",
        "UPDATE transferred SET gone_g = 20000, gone_fen = 40000 WHERE place = 4",
    ]
    cut = [*_cut("transfer", 6), *given_back]
    assert verdict_after(ledger, *cut) == RIGHT, "no block names these facts yet: docs/ARCHITECTURE.md says so"
    _seal(ledger, admin)
    assert verdict_after(ledger) == RIGHT
    assert verdict_after(ledger, *cut) == f"Block 1 {OTHER_REGISTER}"


@pytest.mark.parametrize("kind", CHANGED)
def test_not_even_the_secrets_help_to_change_what_a_block_has_sealed(ledger: Ledger, admin: Caller, kind: str) -> None:
    """Right MACs for a changed fact give the register another head than the block has in its hash."""
    send_on(ledger)
    assert verdict_after(ledger, *CHANGED["what is paid"], has_secrets=True) == RIGHT
    _seal(ledger, admin)
    assert verdict_after(ledger, *CHANGED[kind], has_secrets=True) == f"Block 1 {OTHER_REGISTER}"
    newest = "(SELECT mac FROM fact ORDER BY no DESC LIMIT 1)"
    head = f"UPDATE block SET register_no = (SELECT max(no) FROM fact), register_mac = {newest}"
    said = verdict_after(ledger, *CHANGED[kind], has_secrets=True, last=[head])
    assert said.startswith("Block 1 "), "and another head in the block does not fit the block's hash"
    assert OTHER_REGISTER not in said
