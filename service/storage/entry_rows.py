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
from service.storage.columns import DayType, InstantType, Uuid, day_number, day_of, instant_of, known_microseconds
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
WRITERS_KNOWN_MAX = 256
_NULL_WHEN_EMPTY = (ValueKind.FLAG, ValueKind.PAIRS)
"""The kinds whose empty values are stored as NULL, because most entries have none, and NULL takes no room in a row."""


def entry_columns() -> Iterable[sa.Column[Any]]:
    """Makes the columns of an entry for the journal's table."""
    for field in IN_ORDER:
        is_nullable = field.is_optional or field.kind in _NULL_WHEN_EMPTY
        is_unique = field.kind is ValueKind.ID and not field.is_optional
        yield sa.Column(field.column, _TYPES[field.kind], nullable=is_nullable, unique=is_unique or None)


def rows_of(transactions: Iterable[Transaction], dialect: str) -> list[tuple[object, ...]]:
    """The raw rows of entries; each row has a value for each of COLUMNS."""
    return list(map(_writer(dialect, COLUMNS), transactions))


def short_rows_of(
    transactions: Sequence[Transaction], dialect: str
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """The columns that have a value in any of these entries, and the raw rows of the entries in these columns.

    The other columns of the journal may be null, and a database is faster when it needs not look at their nulls.
    """
    empty = {name for name, value_of in _MAY_BE_NULL if _ONLY_NULL.issuperset(map(value_of, transactions))}
    columns = tuple(name for name in COLUMNS if name not in empty)
    return columns, list(map(_writer(dialect, columns), transactions))


_ONLY_NULL = frozenset([None])
_MAY_BE_NULL = [(field.column, operator.attrgetter(field.name)) for field in FIELDS if field.is_optional]


@functools.lru_cache(WRITERS_KNOWN_MAX)
def _writer(dialect: str, columns: Sequence[str]) -> Callable[[Transaction], tuple[object, ...]]:
    """The function that makes the row of an entry in these columns.

    Its text is put together here from the fields: a loop over them would take twice the time.
    """
    uuid = "{0}.hex" if dialect == "postgresql" else "{0}.bytes"
    written: Mapping[ValueKind, str] = {
        ValueKind.ID: uuid,
        ValueKind.DAY: "day_number({0})",
        ValueKind.INSTANT: "microseconds[{0}]",
        ValueKind.FLAG: "True if {0} else None",
        ValueKind.PAIRS: "pairs_text({0}) if {0} else None",
    }
    values = [f"value{place}" for place in range(len(FIELDS))]
    made: dict[str, str] = {}
    for value, field in zip(values, FIELDS, strict=True):
        made[field.column] = written.get(field.kind, "{0}").format(value)
        if field.is_optional:
            is_as_stored = field.kind is ValueKind.FLAG or field.kind not in written
            made[field.column] = value if is_as_stored else f"None if {value} is None else {made[field.column]}"
    used: dict[str, Any] = {"day_number": day_number, "microseconds": known_microseconds, "pairs_text": _pairs_text}
    source = (
        f"def row_of(entry):\n"
        f"    {', '.join(values)} = entry\n"
        f"    return ({''.join(f'{made[name]}, ' for name in columns)})\n"
    )
    exec(source, used)  # noqa: S102 (the source is made above from the fields, and no caller's text is in it)
    row_of: Callable[[Transaction], tuple[object, ...]] = used["row_of"]
    return row_of


def _pairs_text(pairs: Mapping[str, str]) -> str:
    return orjson.dumps(pairs).decode()


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
