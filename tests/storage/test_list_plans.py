"""How pages of entries are found in a journal of 20,000 entries: by index where there is one."""

import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.storage import entry_lists
from service.storage.engine import Connection
from service.storage.entry_filters import TransactionFilters
from service.storage.entry_lists import Place

ROWS = 20_000
_FILL = f"""
INSERT INTO journal (transaction_id, resident, day, quantity_g, amount_fen, exempt_fen, exempt_quantity_g, traded_at,
  recorded_at, category, commodity, origin, direction, trade_point, rule_version, consignment, reference)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
SELECT NEW_ID, n % 500 + 1, 20230101 + n / 1000, 1, 1, 1, 1, 0, n,
  'meat', 'beef', 'MN', 'import', CASE n % 9 WHEN 0 THEN 'pier' ELSE 'erenhot' END, 'r', 'T' || n / 53, 'D' || n
FROM numbers
"""
_DAY = datetime.date(2023, 1, 3)
BY_INDEX = {
    "resident": TransactionFilters(resident=7),
    "consignment": TransactionFilters(consignment="T9"),
    "reference": TransactionFilters(reference="D99"),
    "reference at a point": TransactionFilters(reference="D99", trade_point=["pier"]),
    "day": TransactionFilters(from_day=_DAY, to_day=_DAY),
    "day and category": TransactionFilters(from_day=_DAY, to_day=_DAY, category=["wool"]),
    "day of a resident": TransactionFilters(resident=7, from_day=_DAY, to_day=_DAY),
}


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    """A ledger with many entries, whose statistics PostgreSQL knows."""
    new_id = "randomblob(16)" if ledger.database.is_sqlite else "gen_random_uuid()"
    with ledger.database.writing() as connection:
        connection.execute(sa.text(_FILL.replace("NEW_ID", new_id)))
        if not ledger.database.is_sqlite:
            connection.execute(sa.text("ANALYZE journal"))
    return ledger


def _plan(connection: Connection, filters: TransactionFilters, place: Place, limit: int = 100) -> str:
    statement = entry_lists.page_statement(connection, filters, place, limit)
    text = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    rows: Any = connection.exec_driver_sql(explain + text.replace("%", "%%"))
    return "\n".join(str(row[-1]) for row in rows)


def _reads_all(plan: str) -> bool:
    return any(line.startswith("SCAN journal") or "Seq Scan on journal" in line for line in plan.splitlines())


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("name", BY_INDEX)
def test_a_page_is_found_by_an_index(filled: Ledger, name: str, order: entry_lists.Order) -> None:
    with filled.database.reading() as connection:
        for seq in (None, ROWS // 2):
            plan = _plan(connection, BY_INDEX[name], Place(order, seq))
            assert not _reads_all(plan), plan


def test_the_test_finds_a_plan_that_reads_all(filled: Ledger) -> None:
    """The control: nothing but the whole journal can tell that a plate occurs nowhere."""
    with filled.database.reading() as connection:
        plan = _plan(connection, TransactionFilters(vehicle_plate="nowhere"), Place("newest", None), limit=ROWS)
        assert _reads_all(plan), plan


def test_days_with_many_entries_are_not_sorted(filled: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of them walks along the journal from its place on; where they are few, it sorts them."""
    all_days = TransactionFilters(from_day=datetime.date(2023, 1, 1))
    with filled.database.reading() as connection:
        assert _sorts_places(_plan(connection, all_days, Place("newest", ROWS // 2)))
        monkeypatch.setattr(entry_lists, "FEW", 1000)
        assert not _sorts_places(_plan(connection, all_days, Place("newest", ROWS // 2)))


def _sorts_places(plan: str) -> bool:
    """Whether the places are sorted before the limit is applied; the rows of the page itself may be."""
    lines = plan.splitlines()
    if any("journal_1" in line or "Sort" in line for line in lines):
        limit = next(number for number, line in enumerate(lines) if "Limit" in line)
        return any("Sort" in line for line in lines[limit:])
    return sum("TEMP B-TREE FOR ORDER BY" in line for line in lines) > 0
