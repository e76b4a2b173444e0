"""A ledger without a fault passes, in process and by `hushi verify`. The command says in one line what is wrong."""

import pytest
import sqlalchemy as sa

from service.commands.folding import fold_all
from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage.faults import DatabaseUnavailable
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi
from tests.tampering import RIGHT, verdict_after


def test_a_ledger_without_a_fault_is_verified(market: Ledger) -> None:
    verified = verify(market)
    assert (verified.transactions, verified.blocks, verified.tail) == (28, 3, 8)
    assert verdict_after(market) == RIGHT


def test_it_is_verified_before_its_first_trade_and_after_its_tail_is_folded(ledger: Ledger, admin: Caller) -> None:
    empty = verify(ledger)
    admin.register(1)
    admin.trade(a_trade())
    fold_all(ledger)
    after = verify(ledger)
    assert (empty.transactions, empty.blocks, empty.tail, empty.head) == (0, 0, 0, None)
    assert (after.transactions, after.blocks, after.tail) == (1, 1, 0)


def test_the_command_says_it_in_a_line_and_an_exit_code(
    ledger: Ledger, admin: Caller, environment: dict[str, str]
) -> None:
    admin.register(1)
    admin.trade(a_trade())
    fold_all(ledger)
    right = call_hushi(environment, "verify")
    head = right.stdout.splitlines()[1].split()[5].rstrip(";")
    assert right.exit_code == 0
    assert right.stdout.startswith("1 transactions, 1 blocks")
    assert call_hushi(environment, "verify", "--head", head).exit_code == 0
    assert call_hushi(environment, "verify", "--head", "00" * 32).exit_code == 1
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE cell SET quantity_g = quantity_g + 1"))
    wrong = call_hushi(environment, "verify")
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith("WRONG: The cell of")


def test_a_text_that_is_none_is_damage_and_not_a_database_that_does_not_answer(
    ledger: Ledger, admin: Caller, engine_name: str
) -> None:
    if engine_name == "postgresql":
        pytest.skip("PostgreSQL takes no such text")
    admin.post("/v1/groups", {"name": "东", "kind": "village"})
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("UPDATE market_group SET name = CAST(x'ff41' AS TEXT)")
    with pytest.raises(sa.exc.OperationalError, match="decode") as caught, ledger.database.reading() as connection:
        connection.execute(sa.text("SELECT name FROM market_group")).all()
    assert not isinstance(caught.value, DatabaseUnavailable)
