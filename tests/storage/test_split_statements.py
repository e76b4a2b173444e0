"""A split of any size takes the same number of statements, and a batch with declarants takes one more."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage.prices import FEW_TRADES
from tests.builders import a_key, a_trade
from tests.conftest import Caller
from tests.http.trucks import DAY, Trucks

STATEMENTS_MAX = 16


@contextlib.contextmanager
def _counted(ledger: Ledger) -> Iterator[list[str]]:
    """Every statement of transactions that write, transaction control aside."""
    statements: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    engine = ledger.database.engines[0]
    sa.event.listen(engine, "before_cursor_execute", count)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", count)


@pytest.mark.parametrize("residents", [2, 40])
def test_a_split_of_any_size_takes_the_same_statements(ledger: Ledger, admin: Caller, residents: int) -> None:
    trucks = Trucks(admin)
    group = admin.post("/v1/groups", {"name": "一组", "kind": "mutual_aid"}).get_json()["group_id"]
    ids = admin.register(residents, group_id=group)
    mandate = {"representative_id": ids[0], "group_id": group, "valid_from": DAY, "valid_until": DAY}
    admin.post("/v1/mandates", mandate)
    trucks.register()
    terms = {"group_id": group, "declarant_id": ids[0], "remainder": "leave"}
    token = trucks.propose(**terms).get_json()["proposal"]
    with _counted(ledger) as statements:
        assert len(trucks.split(token).get_json()["items"]) == residents
    assert len(statements) <= STATEMENTS_MAX, statements


def test_a_batch_with_declarants_takes_one_statement_more(ledger: Ledger, admin: Caller) -> None:
    admin.register(3)
    mandate = {"representative_id": "R00000001", "resident_ids": ["R00000002", "R00000003"]}
    admin.post("/v1/mandates", {**mandate, "valid_from": DAY, "valid_until": DAY})
    admin.trade(a_trade())

    def posted(**changes: str) -> int:
        items = [{**a_trade(resident_id=f"R0000000{n}", **changes), "key": a_key()} for n in (2, 3) * 10]
        with _counted(ledger) as statements:
            assert admin.post("/v1/transactions/batch", {"items": items}).get_json()["accepted"] == len(items)
        return len(statements)

    for _ in range(FEW_TRADES // 20):  # From then on the process knows the prices.
        posted()
    assert posted(declarant_id="R00000001") == posted() + 1
