"""The rows of a long batch leave out the columns that would be null in all of them, and nothing else."""

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.fields import EntryField, ValueKind
from service.domain.transactions import FIELDS, MARKET_TIME, Transaction
from service.storage.entry_rows import COLUMNS, IN_ORDER, rows_of, short_rows_of
from tests.domain.chain_vectors import transactions

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC).astimezone(MARKET_TIME)


def _stored(field: EntryField, value: Any, dialect: str) -> object:
    """A value as the journal keeps it, kind by kind."""
    kinds: Mapping[ValueKind, Callable[[Any], object]] = {
        ValueKind.ID: lambda one: one.hex if dialect == "postgresql" else one.bytes,
        ValueKind.DAY: lambda one: int(one.strftime("%Y%m%d")),
        ValueKind.INSTANT: lambda one: (one - EPOCH) // datetime.timedelta(microseconds=1),
        ValueKind.PAIRS: lambda one: one or None,
        ValueKind.FLAG: lambda one: one if field.is_optional else one or None,
    }
    stored = kinds.get(field.kind)
    return value if value is None or stored is None else stored(value)


def _row(entry: Transaction, dialect: str) -> list[object]:
    return [_stored(field, getattr(entry, field.name), dialect) for field in IN_ORDER]


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@given(st.lists(transactions, min_size=1, max_size=4))
def test_short_rows_and_whole_rows_say_the_same(dialect: str, entries: list[Transaction]) -> None:
    pairs = [place for place, field in enumerate(IN_ORDER) if field.kind is ValueKind.PAIRS]
    whole = [list(row) for row in rows_of(entries, dialect)]
    columns, short = short_rows_of(entries, dialect)
    named = [dict(zip(columns, row, strict=True)) for row in short]
    assert [[row.get(column) for column in COLUMNS] for row in named] == whole
    for row in whole:
        for place in pairs:
            row[place] = json.loads(str(row[place])) if row[place] else None
    assert whole == [_row(entry, dialect) for entry in entries]


@given(st.lists(transactions, min_size=1, max_size=4))
def test_only_columns_without_any_value_are_left_out(entries: list[Transaction]) -> None:
    columns, _ = short_rows_of(entries, "sqlite")
    empty = {
        field.column for field in FIELDS if field.is_optional and all(getattr(e, field.name) is None for e in entries)
    }
    assert set(COLUMNS) - set(columns) == empty
