"""The fields of an entry are listed once, in the class `Transaction`; everything else agrees with it."""

import datetime
import re
from typing import Annotated, NamedTuple
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given

from schemas.ledger import SealedExtraSchema
from schemas.strict import StrictSchema
from schemas.transactions import TradeSchema, TransactionSchema
from service.domain import chain
from service.domain.cells import DIMENSION_FIELDS, DIMENSIONS, key_of
from service.domain.fields import FIRST_VERSION, Mark, ValueKind, fields_of, in_column_order, in_sealed_order
from service.domain.idempotency import stated_trade
from service.domain.transactions import FIELDS, NEGATED, Trade, Transaction, reverse
from service.ledger import Ledger
from service.storage.entry_rows import COLUMNS, entry_of, rows_of
from service.storage.tables import journal
from tests.domain.chain_vectors import DOCS, transactions

NOT_IN_A_ROW = {ValueKind.FLAG, ValueKind.TEXT, ValueKind.PAIRS}
DERIVED = {"kind", "taxable_fen", "verdict", "warnings"}
SHOWN_AS = {"over_allowance": "refuse_over_allowance", "declared_by": "declarant"}
NOT_IN_A_BODY = {"declarant", "consignment_line"}
"""What is stated, but not by the caller of a post: a split states it."""
"""What an answer says that follows from other fields."""


def attributes(schema: type[StrictSchema]) -> list[str]:
    """The fields of the domain that a schema reads or shows, in its order."""
    names = [field.attribute or name for name, field in schema().fields.items()]
    return [SHOWN_AS.get(name, name) for name in names]


def test_the_journal_has_a_column_for_each_field_in_the_order_of_the_definition(ledger: Ledger) -> None:
    assert tuple(journal.c.keys()) == ("seq", *COLUMNS)
    assert sorted(COLUMNS) == sorted(field.column for field in FIELDS)
    with ledger.database.reading() as connection:
        found = [(column["name"], column["nullable"]) for column in sa.inspect(connection).get_columns("journal")]
    assert found == [(column.name, column.nullable) for column in journal.c]


def test_every_field_is_sealed_once_and_the_page_of_the_chain_names_them_in_this_order() -> None:
    assert sorted(chain.PLACES) == sorted(Transaction._fields)
    page = (DOCS / "CHAIN.md").read_text("utf-8")
    table = page[page.index("## An entry as bytes") : page.index("## The tree")]
    rows = re.findall(r"^\| \d+ \| 8 \| `(\w+)`|^\| \d+ \| 16 \| `(\w+)`", table, re.MULTILINE)
    first = [field for field in chain.SEALED if field.since == FIRST_VERSION]
    numbers = [field.name for field in first if field.kind not in NOT_IN_A_ROW]
    assert [one or other for one, other in rows] == numbers
    assert ", ".join(f"`{name}`" for name in chain.TEXT_FIELDS) in table
    later = [(field.since, field.name) for field in chain.SEALED if field.since > FIRST_VERSION]
    named = [(int(version), name) for version, name in re.findall(r"from version (\d+) on: `(\w+)`", table)]
    assert named == later


def test_an_answer_shows_every_field_in_the_order_of_the_definition_or_the_proof_does() -> None:
    extra = attributes(SealedExtraSchema)
    shown = [name for name in attributes(TransactionSchema) if name not in DERIVED]
    assert shown == [field.name for field in FIELDS if field.name not in extra]


def test_what_a_caller_states_is_a_field_of_the_entry_of_the_same_kind() -> None:
    kinds = {field.name: (field.kind, field.is_optional) for field in FIELDS}
    stated = {field.name: (field.kind, field.is_optional) for field in fields_of(Trade)}
    assert stated.items() <= kinds.items()
    assert sorted(attributes(TradeSchema)) == sorted(set(Trade._fields) - NOT_IN_A_BODY)


def test_reports_tell_the_fields_apart_that_the_definition_says() -> None:
    assert list(zip(DIMENSION_FIELDS, DIMENSIONS, strict=True)) == [
        (field.name, field.dimension) for field in FIELDS if field.dimension is not None
    ]
    assert dict(zip(DIMENSIONS, key_of((*DIMENSION_FIELDS[:4], 7, "乌兰")), strict=True))["group_id"] == "G000007"


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@given(entry=transactions)
def test_an_entry_is_read_from_its_row_as_it_was_written(dialect: str, entry: Transaction) -> None:
    row = rows_of([entry], dialect)[0]
    # PostgreSQL's driver makes a UUID of the text that it was sent.
    read = [UUID(value) if name in {"transaction_id", "reverses"} and isinstance(value, str) else value
            for name, value in zip(COLUMNS, row, strict=True)]  # fmt: skip
    assert entry_of([1, *read]) == entry
    assert rows_of([], dialect) == []


@given(transactions)
def test_a_reversal_takes_over_what_the_definition_says(entry: Transaction) -> None:
    reversal = reverse(entry, "x", transaction_id=UUID(int=1), recorded_at=entry.traded_at, recorded_by=7)
    for field in FIELDS:
        own, trades = getattr(reversal, field.name), getattr(entry, field.name)
        if field.name in NEGATED:
            assert own == -trades
        elif not field.is_own:
            assert own == trades
    assert stated_trade(reversal).commodity == entry.commodity


def test_the_page_about_adding_a_field_names_files_that_there_are() -> None:
    page = (DOCS / "adding-a-field.md").read_text("utf-8")
    named = set(re.findall(r"`((?:service|schemas|tests|docs)/[\w/.-]+\.(?:py|md|json))`", page))
    assert len(named) > 10
    assert "service/importing/recognised.json" in named
    assert {name for name in named if not (DOCS.parent / name).exists()} == {"service/migrations/versions/NNNN_name.py"}


class _Grown(NamedTuple):
    """A definition to which somebody has added fields, wherever they stand."""

    new_text: Annotated[str | None, Mark(since=3)]
    new_number: Annotated[int | None, Mark(since=2)]
    transaction_id: UUID
    day: datetime.date
    commodity: str


def test_a_field_that_was_added_later_comes_behind_all_others() -> None:
    """In the journal, where a database adds it, and in the bytes, where no older entry has it."""
    expected = ["transaction_id", "day", "commodity", "new_number", "new_text"]
    for ordered in (in_column_order, in_sealed_order):
        assert [field.name for field in ordered(fields_of(_Grown))] == expected


def test_a_field_of_no_known_kind_is_refused() -> None:
    class Strange(NamedTuple):
        share: float

    with pytest.raises(TypeError, match="share is a <class 'float'>"):
        fields_of(Strange)
