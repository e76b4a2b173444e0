"""`hushi verify` finds each column that was changed, and each row that was deleted, inserted or exchanged, of what
happens after the market. tests.verifying.sent_on tells what the ledger of these tests has."""

import pytest
import sqlalchemy as sa

from service.ledger import Ledger
from service.queries.verifying import verify
from service.storage import facts
from service.storage.tables import metadata, transfer_line, transferred
from tests.tampering import RIGHT, blob, verdict_after

FACTS = (
    "enterprise", "enterprise_status", "transfer", "transfer_reversal", "processing_batch", "processing_input",
    "processing_output", "processing_batch_reversal",
)  # fmt: skip
UNBOUND = {"sqlite": ["PRAGMA defer_foreign_keys = ON"], "postgresql": ["SET LOCAL session_replication_role = replica"]}
"""Lets rows name rows that are not there."""


def columns_of(*tables: str) -> list[tuple[str, str]]:
    """Each table with each of its columns."""
    return [(table, column.name) for table in tables for column in metadata.tables[table].columns]


def verdict(ledger: Ledger, *statements: str) -> str:
    """What `hushi verify` says after statements that no constraint between tables stops."""
    return verdict_after(ledger, *UNBOUND["sqlite" if ledger.database.is_sqlite else "postgresql"], *statements)


def other_value(ledger: Ledger, table: str, name: str) -> str:
    """SQL for another value of a column, which its own CHECK accepts."""
    column = metadata.tables[table].columns[name]
    by_name = {
        "purpose": "'secondary_market'",
        "status": "'cancelled'",
        "credit_code": "'91350100M000100Y43'",
        "id": "id + 90",
        "place": "place + 90",
        "transfer": "transfer + 90",
        "processing_batch": "processing_batch + 90",
        "batch": "batch + 90",
        "nth": "nth + 90",
        "no": "no + 90",
        "gone_g": "gone_g - 1",
        "gone_fen": "gone_fen - 1",
    }
    if name in by_name:
        return by_name[name]
    if isinstance(column.type, sa.Boolean):
        return f"NOT {name}"
    if isinstance(column.type, sa.LargeBinary):
        return blob(ledger, bytes(32))
    return "'x'" if isinstance(column.type, sa.Text) else f"coalesce({name}, 0) + 1"


def test_what_the_commands_have_recorded_is_right(sent_on: Ledger) -> None:
    assert verdict_after(sent_on) == RIGHT
    assert verify(sent_on).transfers == 6


@pytest.mark.parametrize(("table", "column"), columns_of(*FACTS))
def test_a_changed_column_is_found_and_its_row_named(sent_on: Ledger, table: str, column: str) -> None:
    change = f"UPDATE {table} SET {column} = {other_value(sent_on, table, column)} WHERE id = 1"
    assert verdict(sent_on, change).startswith(f"Row 1 of {table} ")


@pytest.mark.parametrize("column", [column.name for column in transfer_line.columns])
def test_a_changed_column_of_a_line_is_found_by_the_digest(sent_on: Ledger, column: str) -> None:
    value = "4" if column == "transfer" else other_value(sent_on, "transfer_line", column)
    said = verdict(sent_on, f"UPDATE transfer_line SET {column} = {value} WHERE transfer = 1 AND no = 2")
    assert said == "Transfer T00000001 was recorded with other lines than those that are there."


@pytest.mark.parametrize("column", [column.name for column in transferred.columns])
def test_a_changed_column_of_what_has_gone_on_is_found(sent_on: Ledger, column: str) -> None:
    change = f"UPDATE transferred SET {column} = {other_value(sent_on, 'transferred', column)} WHERE place = 3"
    said = verdict(sent_on, change)
    assert said.startswith("The trade at place 3 of the journal is ")


@pytest.mark.parametrize("end", ["min", "max"])
@pytest.mark.parametrize("table", FACTS)
def test_a_deleted_row_is_found_and_named(sent_on: Ledger, table: str, end: str) -> None:
    said = verdict(sent_on, f"DELETE FROM {table} WHERE id = (SELECT {end}(id) FROM {table})")
    assert said.startswith("Row ")
    assert f" of {table} was recorded as fact " in said
    assert said.endswith("is not there.")


@pytest.mark.parametrize("no", [1, 2])
def test_a_deleted_line_is_found(sent_on: Ledger, no: int) -> None:
    said = verdict(sent_on, f"DELETE FROM transfer_line WHERE transfer = 3 AND no = {no}")
    assert said == "Transfer T00000003 was recorded with other lines than those that are there."


@pytest.mark.parametrize("place", [1, 4, 8])
def test_a_deleted_sum_of_what_has_gone_on_is_found(sent_on: Ledger, place: int) -> None:
    said = verdict(sent_on, f"DELETE FROM transferred WHERE place = {place}")
    assert said == f"The trade at place {place} of the journal is missing among what has gone on."


NEW_VALUES = {
    "id": "90", "credit_code": "'91350100M000100Y43'", "nth": "90", "no": "90", "transfer_reversal.transfer": "6",
    "processing_batch_reversal.processing_batch": "2",
    "processing_input.transfer": "6", "transfer_line.place": "10", "transferred.place": "10",
}  # fmt: skip
"""What a copy of a row has in place of the values that may be there once only."""


def a_copy(ledger: Ledger, table: str, where: str) -> str:
    """The statement that inserts a copy of a row."""
    columns = [column.name for column in metadata.tables[table].columns]
    values = [NEW_VALUES.get(f"{table}.{name}", NEW_VALUES.get(name, name)) for name in columns]
    overriding = "" if ledger.database.is_sqlite else "OVERRIDING SYSTEM VALUE "
    copied = f"SELECT {', '.join(values)} FROM {table} WHERE {where}"
    return f"INSERT INTO {table} ({', '.join(columns)}) {overriding}{copied}"


@pytest.mark.parametrize("table", FACTS)
def test_an_inserted_row_is_found_and_named(sent_on: Ledger, table: str) -> None:
    said = verdict(sent_on, a_copy(sent_on, table, "id = 1"))
    assert said == f"Row 90 of {table} is there, and was never recorded."


def test_an_inserted_line_is_found(sent_on: Ledger) -> None:
    said = verdict(sent_on, a_copy(sent_on, "transfer_line", "transfer = 6 AND no = 2"))
    assert said == "Transfer T00000006 was recorded with other lines than those that are there."


def test_a_line_of_a_transfer_that_there_is_not_is_found(sent_on: Ledger) -> None:
    columns = [column.name for column in transfer_line.columns]
    values = ", ".join({"transfer": "99", "place": "10"}.get(name, name) for name in columns)
    copied = f"INSERT INTO transfer_line ({', '.join(columns)}) SELECT {values} FROM transfer_line"
    said = verdict(sent_on, f"{copied} WHERE transfer = 6 AND no = 1")
    assert said == "A line is of transfer 99, which is not there."


def test_an_inserted_sum_of_what_has_gone_on_is_found(sent_on: Ledger) -> None:
    said = verdict(sent_on, a_copy(sent_on, "transferred", "place = 1"))
    assert said == "The trade at place 10 of the journal is counted among what has gone on, and no transfer has it."


@pytest.mark.parametrize("table", FACTS)
def test_exchanged_rows_are_found_and_named(sent_on: Ledger, table: str) -> None:
    moves = [(1, 95), (2, 1), (95, 2)]
    said = verdict(sent_on, *(f"UPDATE {table} SET id = {to} WHERE id = {one}" for one, to in moves))
    assert said.startswith(f"Row 1 of {table} is not what was recorded")


def test_exchanged_lines_are_found(sent_on: Ledger) -> None:
    """Two lines of one transfer, and two lines of two transfers, which have the same weights and amounts."""
    within = [(1, 95), (2, 1), (95, 2)]
    said = verdict(
        sent_on, *(f"UPDATE transfer_line SET no = {to} WHERE transfer = 6 AND no = {no}" for no, to in within)
    )
    assert said == "Transfer T00000006 was recorded with other lines than those that are there."
    between = [
        "transfer = 95 WHERE transfer = 5",
        "transfer = 5 WHERE transfer = 6",
        "transfer = 6 WHERE transfer = 95",
    ]
    said = verdict(sent_on, *(f"UPDATE transfer_line SET {move}" for move in between))
    assert said == "Transfer T00000005 was recorded with other lines than those that are there."


def test_exchanged_sums_of_what_has_gone_on_are_found(sent_on: Ledger) -> None:
    moves = [(1, 95), (3, 1), (95, 3)]
    said = verdict(sent_on, *(f"UPDATE transferred SET place = {to} WHERE place = {one}" for one, to in moves))
    assert said.startswith("The trade at place 1 of the journal is counted with")


def test_each_kind_of_fact_has_a_row_here(sent_on: Ledger) -> None:
    """Else a test above would change nothing; each kind has two rows, so that two can be exchanged."""
    with sent_on.database.reading() as connection:
        counts = [
            connection.execute(sa.select(sa.func.count()).select_from(metadata.tables[table])).scalar_one()
            for table in FACTS
        ]
    assert min(counts) >= 2
    assert set(FACTS) <= set(facts.KINDS)
