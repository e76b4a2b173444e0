"""`hushi verify` finds what was changed behind the service's back, in every table, and names it."""

import pytest
import sqlalchemy as sa

from service.commands.folding import fold, fold_all
from service.ledger import Ledger
from service.queries.verifying import Wrong, verify
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import run_hushi
from tests.tampering import UNPROTECTED


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Ledger:
    """Three blocks and a tail: trades of three residents, some taxed, some reversed before and after their fold."""
    admin.register(3)
    posted = []
    for number in range(24):
        body = a_trade(
            resident_id=f"R0000000{number % 3 + 1}",
            amount_cny=f"{1000 + number}.00",
            hs_code=["02044200", "110100"][number % 2],
            category=["meat", "grain"][number % 2],
            traded_at=f"2024-0{number % 4 + 1}-10T10:00:00+08:00",
        )
        posted.append(admin.trade(body).get_json()["transaction_id"])
        if number in (5, 11):
            admin.reverse(posted[number - 1])
        if number in (5, 11, 17):
            fold(ledger)
    admin.reverse(posted[0])
    admin.reverse(posted[-1])
    return ledger


def test_a_ledger_without_a_fault_is_verified_before_and_after_its_tail_is_folded(market: Ledger) -> None:
    before = verify(market)
    fold_all(market)
    after = verify(market)
    assert (before.transactions, before.blocks, before.tail) == (28, 3, 8)
    assert (after.transactions, after.blocks, after.tail) == (28, 4, 0)


TAMPERING = {
    "a changed amount": (
        ["UPDATE journal SET amount_fen = amount_fen + 1 WHERE seq = 2"],
        "Block 1 sealed other entries",
    ),
    "a changed text": (["UPDATE journal SET commodity = 'x' WHERE seq = 2"], "Block 1 sealed other entries"),
    "a deleted entry": (["DELETE FROM journal WHERE seq = 9"], "Block 2 sealed 7 entries, and 6 are there"),
    "two entries in another order": (
        [
            "UPDATE journal SET seq = 1000 WHERE seq = 2",
            "UPDATE journal SET seq = 2 WHERE seq = 3",
            "UPDATE journal SET seq = 3 WHERE seq = 1000",
        ],
        "Block 1 sealed other entries",
    ),
    "an entry taken out of the tail": (["DELETE FROM journal WHERE seq = 24"], "was answered under a key"),
    "an entry in front of all others": (["UPDATE journal SET seq = -1 WHERE seq = 24"], "place -1 of the journal"),
    "an entry whose block is gone": (["DELETE FROM block WHERE no = 3"], "The cell of"),
    "a changed cell": (
        ["UPDATE cell SET amount_fen = amount_fen + 100 WHERE grain = 1 AND day = 20240110"],
        "The cell of 2024-01-10, grain 1",
    ),
    "a deleted cell": (["DELETE FROM cell WHERE grain = 3 AND day = 20240210"], "The cell of 2024-02-10, grain 3"),
    "an added cell": (
        [
            (
                "INSERT INTO cell SELECT grain, 20200101, dimensions, amount_fen, exempt_fen, quantity_g, transactions,"
                " residents, block FROM cell WHERE grain = 1 AND day = 20240110"
            )
        ],
        "The cell of 2020-01-01, grain 1",
    ),
    "a changed allowance": (
        ["UPDATE allowance_use SET exempt_fen = exempt_fen - 1 WHERE resident = 2 AND exempt_fen > 0"],
        "The allowance of R00000002",
    ),
    "a deleted allowance": (
        ["DELETE FROM allowance_use WHERE resident = 3 AND exempt_fen > 0"],
        "The allowance of R00000003",
    ),
    "a forgotten key": (
        ["DELETE FROM idempotency WHERE transaction_id = (SELECT transaction_id FROM journal WHERE seq = 4)"],
        "not under exactly one idempotency key",
    ),
    "a changed block": (["UPDATE block SET sealed_at = sealed_at + 1 WHERE no = 2"], "Block 2 does not have the hash"),
    "a deleted block": (["DELETE FROM block WHERE no = 2"], "Block 3 stands where block 2 belongs"),
    "an emptied start": (["DELETE FROM block WHERE no = 1"], "Block 2 stands where block 1 belongs"),
}  # fmt: skip


@pytest.mark.parametrize("kind", TAMPERING)
def test_tampering_is_found_and_named(market: Ledger, engine_name: str, kind: str) -> None:
    statements, named = TAMPERING[kind]
    with market.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_name], *statements):
            connection.execute(sa.text(statement))
    with pytest.raises(Wrong, match=named):
        verify(market)


def test_an_entry_smuggled_into_a_sealed_block_is_found(market: Ledger, engine_name: str) -> None:
    columns = "resident, day, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at, recorded_at, category,"
    columns += " commodity, origin, direction, trade_point, rule_version"
    value = {"sqlite": f"x'{1:032x}'", "postgresql": f"'{1:032x}'"}[engine_name]
    smuggled = f"INSERT INTO journal (seq, transaction_id, {columns}) SELECT 2, {value}, {columns} FROM journal"
    with market.database.writing() as connection:
        for statement in (*UNPROTECTED[engine_name], "DELETE FROM journal WHERE seq = 2", f"{smuggled} WHERE seq = 1"):
            connection.execute(sa.text(statement))
    with pytest.raises(Wrong, match="Block 1 sealed other entries"):
        verify(market)


def test_a_chain_that_was_cut_at_its_end_is_found_by_a_hash_that_was_kept_outside(
    market: Ledger, engine_name: str
) -> None:
    kept = verify(market).head
    assert kept is not None
    with market.database.writing() as connection:
        for statement in UNPROTECTED[engine_name]:
            connection.execute(sa.text(statement))
        last = connection.execute(sa.text("SELECT first_seq FROM block WHERE no = 3")).scalar_one()
        rest = f"(SELECT transaction_id FROM journal WHERE seq >= {last})"
        for table, where in (
            ("idempotency", f"transaction_id IN {rest}"),
            ("block", "no = 3"),
        ):
            connection.execute(sa.text(f"DELETE FROM {table} WHERE {where}"))
        connection.execute(sa.text(f"DELETE FROM journal WHERE seq >= {last}"))
        connection.execute(sa.text("DELETE FROM cell"))
        connection.execute(sa.text("DELETE FROM allowance_use"))
    with pytest.raises(Wrong, match="cut"):
        verify(market, kept.hash.hex())


def test_the_command_says_it_in_a_line_and_an_exit_code(
    market: Ledger, environment: dict[str, str], engine_name: str
) -> None:
    right = run_hushi(environment, "verify")
    head = right.stdout.splitlines()[1].split()[5].rstrip(";")
    assert right.returncode == 0
    assert right.stdout.startswith("28 transactions, 3 blocks")
    assert run_hushi(environment, "verify", "--head", head).returncode == 0
    assert run_hushi(environment, "verify", "--head", "00" * 32).returncode == 1
    with market.database.writing() as connection:
        connection.execute(sa.text("UPDATE cell SET quantity_g = quantity_g + 1"))
    wrong = run_hushi(environment, "verify")
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("WRONG: The cell of")
