"""A database that a test has used is like new for the next one, or it is not used again."""

import psycopg
import pytest

from service.commands.folding import fold
from service.ledger import Ledger
from service.storage import copying
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import USER
from tests.recycling import TEMPLATE, Databases


@pytest.fixture
def engine_name() -> str:
    """SQLite's databases are files, copied and left to their test."""
    return "postgresql"


@pytest.fixture
def mine(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """As it is when nothing was given back yet."""
    monkeypatch.setattr(databases, "_like_new", [])
    return databases


def _rows(databases: Databases, name: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(user=USER, host=str(databases.server.folder), dbname=name, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def _everything(databases: Databases, name: str) -> dict[str, list[tuple[object, ...]]]:
    found = {table: _rows(databases, name, f"SELECT * FROM {table}") for table in copying.columns()}
    found["sequences"] = _rows(databases, name, "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1")
    return found


def test_what_a_test_wrote_is_gone_when_the_next_one_takes_its_database(
    mine: Databases, ledger: Ledger, admin: Caller
) -> None:
    admin.register(2)
    admin.post("/v1/groups", {"name": "东", "kind": "village"})
    status = {"status": "suspended", "reason": "test", "effective_on": "2025-01-01"}
    assert admin.post("/v1/residents/R00000002/status", status).status_code == 200
    assert admin.trade(a_trade()).status_code == 201
    fold(ledger)
    assert admin.trade(a_trade()).status_code == 201
    name = ledger.database.url.database
    assert name is not None
    new = _everything(mine, TEMPLATE)
    filled = _everything(mine, name)
    assert [table for table in ("journal", "cell", "sequences") if filled[table] == new[table]] == []
    ledger.database.close()

    mine.give_back(name)

    assert mine.take() == name
    assert _everything(mine, name) == new


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE cell ADD COLUMN surprise INTEGER",
        "ALTER TABLE journal DISABLE TRIGGER ALL",
        "ALTER TABLE block ALTER COLUMN hash DROP NOT NULL",
        "ALTER TABLE allowance_use DROP CONSTRAINT ck_allowance_use_value_within_limit",
        "DROP INDEX ix_resident_settlement",
        "DROP TABLE alembic_version",
        "UPDATE alembic_version SET version_num = '0001'",
        "CREATE TABLE surprise (id INTEGER)",
    ],
)
def test_a_database_with_another_schema_is_not_used_again(mine: Databases, change: str) -> None:
    name = mine.take()
    mine.server.execute(change, name)
    mine.give_back(name)
    assert mine.take() != name
    assert _rows(mine, "postgres", f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == []


def test_who_is_still_connected_is_sent_away(mine: Databases) -> None:
    name = mine.take()
    left_open = psycopg.connect(user=USER, host=str(mine.server.folder), dbname=name)
    left_open.execute("SELECT * FROM journal")
    mine.give_back(name)
    with pytest.raises(psycopg.errors.AdminShutdown):
        left_open.execute("SELECT 1")
    left_open.close()
