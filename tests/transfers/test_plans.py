"""The statements of transfers, and of what reads them, find their rows by index, among many others."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from service.commands.transfers import post_transfer, reverse_transfer
from service.domain.transfer_lines import StatedGoods
from service.ledger import Ledger
from service.queries.consignments import list_consignments
from service.queries.transactions import get_transaction
from service.queries.transfers import get_transfer, list_transfers
from service.storage.consignments import ConsignmentFilters
from service.storage.transfers import TransferFilters
from tests.conftest import Caller
from tests.http.trucks import TRUCK, Trucks
from tests.transfers.market import buy, of, register_enterprises, to_processor

GROWING = {"journal", "transfer_line", "transferred", "allowance_use", "reversal"}
"""The tables that grow with the trades, and the name under which the journal is read for reversals."""
_FILL = """
INSERT INTO journal (transaction_id, resident, day, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at,
  recorded_at, category, commodity, origin, direction, trade_point, rule_version, consignment)
SELECT {id}, n % 500 + 1, 20230101 + n % 28, 1, 1, 1, 1, 0, 0,
  'meat', 'beef', 'MN', 'import', 'erenhot', 'r', 'C' || (n / 50) FROM {numbers};
INSERT INTO allowance_use SELECT n / 28 + 100, 20230101 + n % 28, '', 1, 0, 800000, 0 FROM {numbers};
INSERT INTO transfer (id, enterprise, purpose, transferred_on, lines, residents, quantity_g, amount_fen, lines_digest,
  recorded_at, recorded_by) SELECT n + 100, 1, 'processing', 20230101, 1, 1, 1, 1, {digest}, 0, 0 FROM {numbers};
INSERT INTO transfer_line SELECT 101 + (seq - 1) % 10000, seq, seq, 1, 1, NULL, {true} FROM journal;
INSERT INTO transferred SELECT seq, 1, 1, 1, 1 FROM journal;
"""
_OF = {
    "postgresql": {
        "id": "gen_random_uuid()", "digest": "'x'", "true": "true", "numbers": "generate_series(0, 19999) n",
    },
    "sqlite": {
        "id": "randomblob(16)", "digest": "x'00'", "true": "1",
        "numbers": "(WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 19999) SELECT n FROM c)",
    },
}  # fmt: skip


@pytest.fixture
def bought(ledger: Ledger, admin: Caller, engine_name: str) -> list[str]:
    """The trades of one truck, among many of others that have gone on."""
    register_enterprises(ledger)
    admin.register(3)
    with ledger.database.writing() as connection:
        for statement in _FILL.format(**_OF[engine_name]).split(";")[:-1]:
            connection.execute(sa.text(statement))
        if engine_name == "postgresql":
            connection.execute(sa.text("ANALYZE"))
    Trucks(admin).register()
    return buy(admin, 3, consignment=TRUCK)


def _read_whole(ledger: Ledger, work: Callable[[], object]) -> dict[str, set[str]]:
    """The statements of some work that read a growing table whole, with these tables."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, is_many: bool) -> None:
        if not is_many and statement.lstrip().split()[0] in {"SELECT", "UPDATE", "WITH"}:
            statements.append((statement, parameters))

    for engine in ledger.database.engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    work()
    for engine in ledger.database.engines:
        sa.event.remove(engine, "before_cursor_execute", note)
    assert statements
    with ledger.database.reading() as connection:
        read = [(statement, _tables(connection, statement, parameters)) for statement, parameters in statements]
    return {statement: tables & GROWING for statement, tables in read if tables & GROWING}


def _tables(connection: sa.Connection, statement: str, parameters: Any) -> set[str]:
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return {step.detail.split()[1] for step in steps if step.detail.startswith("SCAN")}
    plan = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    text = json.dumps(plan)
    nodes = [node for node in _nodes(json.loads(text)[0]["Plan"]) if node["Node Type"] == "Seq Scan"]
    return {node["Relation Name"] for node in nodes}


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in _nodes(inner))]


def test_transfers_and_what_reads_them_find_their_rows_by_index(
    ledger: Ledger, admin: Caller, bought: list[str]
) -> None:
    number = post_transfer(ledger, to_processor(), of(*bought[:2], quantity_g=1_000)).transfer.number
    filters = [TransferFilters(), TransferFilters(consignment=TRUCK), TransferFilters(transaction_id=UUID(bought[0]))]
    work: dict[str, Callable[[], object]] = {
        "a transfer of trades": lambda: post_transfer(ledger, to_processor(), of(*bought)),
        "its reversal": lambda: reverse_transfer(ledger, number + 1, "x"),
        "a transfer of a truck": lambda: post_transfer(ledger, to_processor(), StatedGoods.of_consignment(TRUCK)),
        "a refused one": lambda: admin.reverse(bought[0]),
        "one": lambda: get_transfer(ledger, number),
        "a trade": lambda: get_transaction(ledger, UUID(bought[0])),
        "trucks": lambda: list_consignments(ledger, ConsignmentFilters(), None, 10),
        "a list": lambda: [list_transfers(ledger, one, None, 10) for one in filters],
    }
    assert {name: found for name, one in work.items() if (found := _read_whole(ledger, one))} == {}


def test_a_statement_that_reads_the_journal_whole_would_be_seen(ledger: Ledger, bought: list[str]) -> None:
    """The negative control."""

    def read() -> None:
        with ledger.database.reading() as connection:
            connection.exec_driver_sql("SELECT sum(amount_fen) FROM journal").all()

    assert list(_read_whole(ledger, read).values()) == [{"journal"}]
