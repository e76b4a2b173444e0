"""What the tables refuse by themselves, and how many statements a transfer and a reversal of a trade take."""

import contextlib
import datetime
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from service.commands.transfers import post_transfer, reverse_transfer
from service.ledger import Ledger
from service.storage.faults import NotWritten
from service.storage.tables import transfer, transfer_line, transfer_reversal, transferred
from tests.builders import a_key
from tests.conftest import Caller
from tests.transfers.market import buy, of, register_enterprises, to_processor


@pytest.fixture(autouse=True)
def _transfer(ledger: Ledger, admin: Caller) -> None:
    """T00000001 has 20 kg of one trade."""
    register_enterprises(ledger)
    admin.register(3)
    post_transfer(ledger, to_processor(paid_fen=1), of(*buy(admin), quantity_g=20_000))


NOW = datetime.datetime(2024, 6, 30, tzinfo=datetime.UTC)


def _copied(**changes: Any) -> sa.Insert:
    """A second transfer that is like the first but for these values."""
    values = {"id": 2, **changes}
    columns = [sa.literal(values[column.name]) if column.name in values else column for column in transfer.c]
    return sa.insert(transfer).from_select(list(transfer.c.keys()), sa.select(*columns))


WRONG: dict[str, sa.Update | sa.Insert] = {
    "no_more_than_there_is": sa.update(transferred).values(gone_g=50_001),
    "no_more_than_it_is_worth": sa.update(transferred).values(gone_fen=100_001),
    "less than nothing": sa.update(transferred).values(gone_g=-1),
    "a second reversal": sa.insert(transfer_reversal).values(
        [{"transfer": 1, "reason": "x", "recorded_at": NOW, "recorded_by": 0}] * 2
    ),
    "a trade twice in a transfer": sa.insert(transfer_line).values(
        transfer=1, no=2, place=1, quantity_g=1, amount_fen=1, is_whole=False
    ),
    "a line of nothing": sa.insert(transfer_line).values(
        transfer=1, no=2, place=2, quantity_g=0, amount_fen=0, is_whole=False
    ),
    "a line of no trade": sa.insert(transfer_line).values(
        transfer=1, no=2, place=99, quantity_g=1, amount_fen=0, is_whole=False
    ),
    "an unknown purpose": _copied(purpose="eating"),
    "more residents than lines": _copied(residents=2),
    "a debt": _copied(paid_fen=-1),
    "an unknown enterprise": _copied(enterprise=9),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_table_refuses_what_is_against_a_rule(ledger: Ledger, admin: Caller, wrong: str) -> None:
    buy(admin)
    with pytest.raises(NotWritten) as refused, ledger.database.writing() as connection:
        connection.execute(WRONG[wrong])
    assert refused.value.is_race  # An integrity error.


@pytest.mark.parametrize("table", [transfer, transfer_line, transfer_reversal])
@pytest.mark.parametrize("action", ["UPDATE", "DELETE"])
def test_a_transfer_is_never_changed_or_deleted(ledger: Ledger, table: sa.Table, action: str) -> None:
    reverse_transfer(ledger, 1, "x")
    column = "reason" if table is transfer_reversal else "quantity_g"
    text = f"UPDATE {table.name} SET {column} = {column}" if action == "UPDATE" else f"DELETE FROM {table.name}"
    with pytest.raises(NotWritten), ledger.database.writing() as connection:
        connection.execute(sa.text(text))


@contextlib.contextmanager
def _counted(ledger: Ledger) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = ledger.database.engines[0]
    sa.event.listen(engine, "before_cursor_execute", count)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", count)


def test_a_transfer_of_any_size_takes_the_same_statements(ledger: Ledger, admin: Caller) -> None:
    counts = set()
    for size in (1, 2, 40):
        ids = buy(admin, size)
        post_transfer(ledger, to_processor(), of(*ids, quantity_g=1))
        with _counted(ledger) as statements:
            post_transfer(ledger, to_processor(), of(*ids))
        counts.add(len(statements))
    assert len(counts) == 1
    assert counts.pop() <= 24


def _reading_transfers(statements: list[str]) -> int:
    return sum("transfer_line" in statement for statement in statements)


def test_only_a_batch_with_a_reversal_looks_for_transfers_and_once(ledger: Ledger, admin: Caller) -> None:
    ids = buy(admin, 40)
    body = {"reason": "x", "transaction_ids": ids}
    with _counted(ledger) as of_posts:
        buy(admin)
    with _counted(ledger) as of_reversals:
        assert admin.post("/v1/transactions/reversals", body, key=a_key()).status_code == 201
    assert (_reading_transfers(of_posts), _reading_transfers(of_reversals)) == (0, 1)
