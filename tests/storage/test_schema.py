"""The schema: built by migrations, equal to the tables, and full of rules that hold without our code."""

import datetime
import importlib.resources
import pathlib
import re
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from service.commands.folding import fold
from service.ledger import Ledger
from service.storage import schema, tail
from service.storage.engine import Database
from service.storage.faults import DatabaseUnavailable, NotWritten
from service.storage.tables import allowance_use, audit, fact, journal, metadata, resident_status
from tests.builders import a_trade
from tests.conftest import Caller


def test_the_migrated_database_equals_the_tables(ledger: Ledger) -> None:
    assert schema.differences(ledger.database) == []


def test_a_table_that_was_changed_behind_the_migrations_is_named(ledger: Ledger) -> None:
    with ledger.database.writing() as connection:
        connection.execute(sa.text("ALTER TABLE cell ADD COLUMN surprise INTEGER"))
    assert "surprise" in "".join(schema.differences(ledger.database))


def test_an_empty_database_is_at_no_revision(tmp_path: pathlib.Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    assert not schema.is_current(database)
    assert "none" in schema.differences(database)[0]
    database.close()


def test_upgrading_twice_changes_nothing(ledger: Ledger) -> None:
    schema.upgrade(ledger.database, ledger.vault.macs)
    assert schema.is_current(ledger.database)


def test_the_newest_revision_is_the_one_that_the_migrations_end_at() -> None:
    scripts = ScriptDirectory(str(importlib.resources.files("service.migrations")))
    assert scripts.get_heads() == [schema.NEWEST_REVISION]


def test_constraints_have_the_names_of_the_convention(ledger: Ledger) -> None:
    with ledger.database.reading() as connection:
        found = {
            constraint["name"]
            for table in metadata.tables
            for constraint in sa.inspect(connection).get_check_constraints(table)
        }
    declared = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, sa.CheckConstraint)
    }
    assert found == declared


@pytest.fixture
def posted(admin: Caller) -> dict[str, Any]:
    """A ledger with a resident, a status, an audit record and one trade; returns the trade."""
    admin.register(1)
    status = {"status": "suspended", "reason": "test", "effective_on": "2025-01-01"}
    assert admin.post("/v1/residents/R00000001/status", status).status_code == 200
    answer: dict[str, Any] = admin.trade(a_trade()).get_json()
    return answer


@pytest.mark.parametrize("table", [journal, audit, resident_status, fact], ids=lambda table: table.name)
@pytest.mark.parametrize("change", ["update", "delete"])
def test_facts_refuse_to_be_changed(ledger: Ledger, posted: dict[str, Any], table: sa.Table, change: str) -> None:
    statement = (
        sa.delete(table) if change == "delete" else sa.update(table).values({"id" if table is fact else "resident": 2})
    )
    with pytest.raises(NotWritten, match="append-only"), ledger.database.writing() as connection:
        connection.execute(statement)


def test_without_its_trigger_the_journal_could_be_changed(
    ledger: Ledger, posted: dict[str, Any], engine_name: str
) -> None:
    """The negative control of the test above."""
    on_table = "" if engine_name == "sqlite" else " ON journal"
    name = "journal_refuses_update" if engine_name == "sqlite" else "journal_refuses_change"
    with ledger.database.writing() as connection:
        connection.execute(sa.text(f"DROP TRIGGER {name}{on_table}"))
        assert connection.execute(sa.update(journal).values(amount_fen=1, exempt_fen=1)).rowcount == 1


def test_every_entry_of_the_journal_is_in_the_tail_until_a_block_holds_it(
    ledger: Ledger, posted: dict[str, Any]
) -> None:
    def waiting() -> list[int]:
        with ledger.database.reading() as connection:
            places = list(tail.find_entries(connection))
            assert len(places) == tail.length(connection)
            return places

    assert waiting() == [1]
    fold(ledger)
    assert waiting() == []


@pytest.mark.parametrize(
    ("column", "value"),
    [("exempt_fen", 800_001), ("exempt_fen", -1), ("quantity_g", 1)],
)
def test_an_allowance_row_refuses_more_than_its_limit(
    ledger: Ledger, posted: dict[str, Any], column: str, value: int
) -> None:
    with pytest.raises(NotWritten, match="within_limit"), ledger.database.writing() as connection:
        connection.execute(sa.update(allowance_use).values({column: value}))


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"amount_fen": 0}, "parts_are_within_the_whole"),
        ({"amount_fen": -100, "exempt_fen": -100}, "parts_are_within_the_whole"),
        ({"exempt_fen": 100_001}, "parts_are_within_the_whole"),
        ({"exempt_quantity_g": 50_001}, "parts_are_within_the_whole"),
        ({"direction": "sideways"}, "direction_is_known"),
        ({"direction": "export", "exempt_fen": 0}, "export_uses_nothing"),
        ({"reason": "no reversal"}, "reversal_has_a_reason"),
    ],
)
def test_the_journal_refuses_an_entry_that_breaks_the_rule(
    ledger: Ledger, posted: dict[str, Any], changes: dict[str, object], constraint: str
) -> None:
    with ledger.database.reading() as connection:
        row = dict(connection.execute(sa.select(journal)).mappings().one())
    del row["seq"]
    row["transaction_id"] = ledger.new_id()
    with pytest.raises(NotWritten, match=constraint), ledger.database.writing() as connection:
        connection.execute(sa.insert(journal).values({**row, **changes}))


def test_a_reader_can_not_write(ledger: Ledger) -> None:
    insertion = sa.update(resident_status).values(reason="x")
    with pytest.raises((DatabaseUnavailable, sa.exc.DBAPIError)) as caught, ledger.database.reading() as connection:
        connection.execute(insertion)
    assert re.search("readonly|read-only", str(caught.value.__cause__))


def test_sqlite_is_set_to_survive_a_power_cut(ledger: Ledger, engine_name: str) -> None:
    with ledger.database.writing() as connection:
        if engine_name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        else:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_days_and_instants_survive_the_round_trip(ledger: Ledger, posted: dict[str, Any]) -> None:
    with ledger.database.reading() as connection:
        row = connection.execute(sa.select(journal.c.day, journal.c.traded_at)).one()
        raw = connection.exec_driver_sql("SELECT day, traded_at FROM journal").one()
    assert row.day == datetime.date(2024, 6, 30)
    assert row.traded_at.isoformat() == "2024-06-30T09:30:00+08:00"
    assert raw == (20240630, 1_719_711_000_000_000)
