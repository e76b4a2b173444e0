"""Converts an entry to a row of the journal and back; it holds the columns and their order.

All of it follows from the fields of an entry (service.domain.transactions): a new field needs a migration and no line
here. Rows are raw (the driver's own values), because a batch and a verification go through very many of them.
"""

import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from service.domain.fields import ValueKind, in_column_order, unless_null
from service.domain.transactions import FIELDS, NO_METADATA, Transaction
from service.storage.columns import DayType, InstantType, Uuid, day_number, day_of, instant_of, microseconds, raw_uuid
from service.storage.prepared import uuid_of

IN_ORDER = in_column_order(FIELDS)
COLUMNS = tuple(field.column for field in IN_ORDER)
"""The columns of an entry. In the journal they stand behind the column of its place."""

COLUMN_OF: Mapping[str, str] = {field.name: field.column for field in FIELDS}

_TYPES: Mapping[ValueKind, Any] = {
    ValueKind.ID: Uuid,
    ValueKind.ORDINAL: sa.Integer,
    ValueKind.DAY: DayType,
    ValueKind.MEASURE: sa.BigInteger,
    ValueKind.INSTANT: InstantType,
    ValueKind.FLAG: sa.Boolean,
    ValueKind.TEXT: sa.Text,
    ValueKind.PAIRS: sa.Text,
}
_NULL_WHEN_EMPTY = (ValueKind.FLAG, ValueKind.PAIRS)
"""The kinds whose empty values are stored as NULL, because most entries have none, and NULL takes no room in a row."""


def entry_columns() -> Iterable[sa.Column[Any]]:
    """Makes the columns of an entry for the journal's table."""
    for field in IN_ORDER:
        is_nullable = field.is_optional or field.kind in _NULL_WHEN_EMPTY
        is_unique = field.kind is ValueKind.ID and not field.is_optional
        yield sa.Column(field.column, _TYPES[field.kind], nullable=is_nullable, unique=is_unique or None)


_to_columns = operator.itemgetter(*(Transaction._fields.index(field.name) for field in IN_ORDER))


def rows_of(transactions: Iterable[Transaction], dialect: str) -> list[tuple[object, ...]]:
    """The raw rows of entries; each row has a value for each of COLUMNS."""
    writers = _writers(dialect)
    rows = []
    for transaction in transactions:
        values = list(_to_columns(transaction))
        for place, write in writers:
            values[place] = write(values[place])
        rows.append(tuple(values))
    return rows


@functools.cache
def _writers(dialect: str) -> Sequence[tuple[int, Callable[[Any], object]]]:
    """The places in a row whose values are stored in another form than the domain's, each with its conversion."""
    written: Mapping[ValueKind, Callable[[Any], object]] = {
        ValueKind.ID: raw_uuid(dialect),
        ValueKind.DAY: day_number,
        ValueKind.INSTANT: microseconds,
        ValueKind.FLAG: lambda flag: True if flag else None,
        ValueKind.PAIRS: lambda pairs: orjson.dumps(pairs).decode() if pairs else None,
    }
    return [
        (place, unless_null(written[field.kind], field))
        for place, field in enumerate(IN_ORDER)
        if field.kind in written and not (field.kind is ValueKind.FLAG and field.is_optional)
    ]


def pairs_of(text: str | None) -> Mapping[str, str]:
    """The metadata of an entry from its raw value."""
    found: Mapping[str, str] = orjson.loads(text) if text else NO_METADATA
    return found


_READERS: Mapping[ValueKind, Callable[[Any], Any]] = {
    ValueKind.ID: uuid_of,
    ValueKind.DAY: day_of,
    ValueKind.INSTANT: instant_of,
    ValueKind.FLAG: bool,
    ValueKind.PAIRS: pairs_of,
}
_in_order = operator.itemgetter(*(COLUMNS.index(field.column) + 1 for field in FIELDS))
_READ = [
    (place, unless_null(_READERS[field.kind], field)) for place, field in enumerate(FIELDS) if field.kind in _READERS
]


def entry_of(row: Sequence[Any]) -> Transaction:
    """Makes the entry of a raw row: the entry's place, the values of COLUMNS, and more values that are not read."""
    values = list(_in_order(row))
    for place, read in _READ:
        values[place] = read(values[place])
    return Transaction._make(values)
