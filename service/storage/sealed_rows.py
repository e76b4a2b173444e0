"""Reads entries as the plain values of their canonical bytes, in the order of `chain.SEALED`, without making entries.

A fold and `hushi verify` go through every entry of a ledger, and plain values are four times faster than objects.
"""

import datetime
import operator
from collections.abc import Callable, Generator, Sequence
from typing import Any

import sqlalchemy as sa

from service.domain.chain import PLACES, SEALED
from service.domain.fields import ValueKind
from service.domain.transactions import FIELDS
from service.storage.cell_tables import known_day
from service.storage.columns import as_stored, microseconds
from service.storage.entry_rows import COLUMN_OF, pairs_of
from service.storage.prepared import digest_of
from service.storage.raw_rows import Raw, streamed
from service.storage.tables import journal

UUID_BYTES = 16
_EARLIEST = microseconds(datetime.datetime.min.replace(tzinfo=datetime.UTC) + datetime.timedelta(days=1))
_LATEST = microseconds(datetime.datetime.max.replace(tzinfo=datetime.UTC) - datetime.timedelta(days=1))

_METADATA, _DAY = PLACES["metadata"], PLACES["day"]
_ids_of: Callable[[Sequence[Any]], tuple[Any, ...]] = operator.itemgetter(
    *(PLACES[field.name] for field in FIELDS if field.kind is ValueKind.ID)
)
_instants_of: Callable[[Sequence[Any]], tuple[Any, ...]] = operator.itemgetter(
    *(PLACES[field.name] for field in FIELDS if field.kind is ValueKind.INSTANT)
)


def sealed_columns(dialect: str) -> list[sa.ColumnElement[Any]]:
    """The columns of an entry's place and of its plain values: UUIDs are 16 bytes on both engines."""
    columns: list[sa.ColumnElement[Any]] = [journal.c.seq]
    for field, name in zip(SEALED, PLACES, strict=True):
        column = as_stored(journal.c[COLUMN_OF[name]])
        is_native = field.kind is ValueKind.ID and dialect == "postgresql"
        columns.append(sa.func.uuid_send(column) if is_native else column)
    return columns


def sealed_between(connection: sa.Connection, first_seq: int, last_seq: int) -> Generator[Raw]:
    """The entries of a range of places, both included, in order: the place, and the values as they are stored.

    A caller that stops half-way must close the generator.
    """
    wanted = sa.select(*sealed_columns(connection.dialect.name)).where(journal.c.seq.between(first_seq, last_seq))
    yield from streamed(connection, wanted.order_by(journal.c.seq))


def sealed_on(connection: sa.Connection, day: datetime.date, up_to: int) -> Generator[Raw]:
    """The entries of a business day up to a place, as `sealed_between` gives them, in any order."""
    wanted = sa.select(*sealed_columns(connection.dialect.name)).where(journal.c.day == day, journal.c.seq <= up_to)
    yield from streamed(connection, wanted)


def reversed_on(connection: sa.Connection, day: datetime.date, up_to: int) -> set[bytes]:
    """The ids of the trades of a business day that entries up to a place reverse; a reversal is of its trade's day."""
    wanted = sa.select(as_stored(journal.c.reverses)).where(
        journal.c.day == day, journal.c.seq <= up_to, journal.c.reverses.is_not(None)
    )
    return {digest_of(raw) for raw in connection.execute(wanted).scalars()}


def with_pairs(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values with the metadata as a mapping; None when the entry has none, as most have."""
    if values[_METADATA] is None:
        return values
    return (*values[:_METADATA], pairs_of(values[_METADATA]), *values[_METADATA + 1 :])


def plain_values(values: Any) -> tuple[Any, ...]:
    """The plain values of stored values. Raises ValueError, TypeError or OverflowError for values that can't be any.

    The canonical bytes have places of a fixed width, so a UUID of another length must not get into them.
    """
    known_day(values[_DAY])
    for instant in _instants_of(values):
        if not _EARLIEST <= instant <= _LATEST:
            raise OverflowError(f"{instant} is no instant")
    for one_id in _ids_of(values):
        if one_id is not None and len(one_id) != UUID_BYTES:
            raise ValueError(f"a UUID has {UUID_BYTES} bytes")
    return with_pairs(values)
