"""Reads the tail (the entries that are posted and not folded yet), and which trades of a resident's day are live.

The tail is the end of the journal, behind the last place that a block holds (docs/decisions/0009). So an entry of the
journal can't be missing from it, no row moves when it is folded, and a post writes one row less.
"""

import datetime
import functools
import operator
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.cells import DIMENSION_FIELDS, CountedEntry, Key, Pair, key_of
from service.domain.chain import PLACES, encode_values
from service.storage.columns import DayType, as_stored, day_number, day_of
from service.storage.entry_rows import COLUMN_OF
from service.storage.rowsets import row_set, rows_parameter
from service.storage.sealed_rows import sealed_columns, with_pairs
from service.storage.tables import block, journal

PLACE_MAX = 2**63 - 1

_COUNTED = ("resident", "day", "amount_fen", "exempt_fen", "quantity_g", "reverses")
"""The fields of an entry that the cube needs, beside its dimensions."""


def _stored(names: Iterable[str]) -> list[sa.ColumnElement[Any]]:
    """The columns of these fields as the driver's own values and not as the domain's objects."""
    return [as_stored(journal.c[COLUMN_OF[name]]) for name in names]


_LAST_FOLDED = sa.func.coalesce(sa.func.max(block.c.last_seq), sa.literal_column("0"))
IS_WAITING = sa.and_(
    journal.c.seq > sa.select(_LAST_FOLDED).scalar_subquery(), journal.c.seq <= sa.literal_column(str(PLACE_MAX))
)
"""Whether an entry of the journal is in no block yet.

The upper end is there for PostgreSQL's planner. For "more than something unknown" it expects a third of the journal and
reads all of it; for "between" it expects a two-hundredth and uses the index.
"""


def counted(dialect: str) -> sa.ScalarSelect[int]:
    """The number of entries in the tail, as a part of a query.

    On SQLite the places of the journal have no gaps, because there is one writer and a transaction that is rolled back
    takes no place. So the number is a difference of two places. On PostgreSQL there may be gaps, so the query counts.
    """
    if dialect == "sqlite":
        newest = sa.func.coalesce(sa.select(sa.func.max(journal.c.seq)).scalar_subquery(), sa.literal_column("0"))
        return sa.select(newest - sa.select(_LAST_FOLDED).scalar_subquery()).scalar_subquery()
    return sa.select(sa.func.count()).select_from(journal).where(IS_WAITING).scalar_subquery()


def measured(dialect: str) -> sa.Subquery:
    """The number of entries in the tail, and the sum of their places: other entries have another sum.

    On SQLite no entry overtakes another, so that the number alone says which places they have. The sum is 0 there.
    """
    if dialect == "sqlite":
        return sa.select(counted(dialect).label("length"), sa.literal_column("0").label("places")).subquery("tail")
    places = sa.cast(sa.func.coalesce(sa.func.sum(journal.c.seq), sa.literal_column("0")), sa.BigInteger)
    return (
        sa.select(sa.func.count().label("length"), places.label("places"))
        .select_from(journal)
        .where(IS_WAITING)
        .subquery("tail")
    )


def newest_seq(connection: sa.Connection) -> int | None:
    """The highest place in the tail; None when it is empty."""
    found: int | None = connection.execute(sa.select(sa.func.max(journal.c.seq)).where(IS_WAITING)).scalar_one()
    return found


def length(connection: sa.Connection) -> int:
    """The number of entries that are posted and not folded yet."""
    found: int = connection.execute(sa.select(counted(connection.dialect.name))).scalar_one()
    return found


def newest_recorded_at(connection: sa.Connection) -> datetime.datetime | None:
    """When the newest entry of the journal was recorded, in a block or not; None without an entry."""
    found: datetime.datetime | None = connection.execute(sa.select(sa.func.max(journal.c.recorded_at))).scalar_one()
    return found


def oldest_recorded_at(connection: sa.Connection) -> datetime.datetime | None:
    """The instant at which the oldest entry of the tail was recorded; None when the tail is empty."""
    wanted = sa.select(journal.c.recorded_at).where(IS_WAITING).order_by(journal.c.seq).limit(1)
    found: datetime.datetime | None = connection.execute(wanted).scalar_one_or_none()
    return found


def find_entries(connection: sa.Connection, after: int = 0) -> dict[int, CountedEntry]:
    """The entries of the tail behind a place, as the cube needs them, each under its own place, in order."""
    rows = connection.execute(_ENTRIES, {"after": after})
    return {seq: _entry_of(values[:_COUNTED_END], values[_COUNTED_END:]) for seq, *values in rows.all()}


def find_between(connection: sa.Connection, first_seq: int, last_seq: int) -> list[CountedEntry]:
    """The entries of a range of places, both included, as the cube needs them, in order; a block may hold them."""
    wanted = sa.select(*_stored(_COUNTED), *_stored(DIMENSION_FIELDS)).where(journal.c.seq.between(first_seq, last_seq))
    rows = connection.execute(wanted.order_by(journal.c.seq)).all()
    return [_entry_of(values[:_COUNTED_END], values[_COUNTED_END:]) for values in rows]


class Waiting(NamedTuple):
    """An entry of the tail as a fold needs it: its place, what the cube counts of it, its canonical bytes."""

    seq: int
    entry: CountedEntry
    encoding: bytes


def find_waiting(connection: sa.Connection, up_to: int, limit: int) -> list[Waiting]:
    """The oldest entries of the tail up to a place, in order."""
    rows = connection.execute(_waiting_statement(connection.dialect.name), {"up_to": up_to, "limit": limit})
    # All rows are fetched at once: asking SQLAlchemy for one row after the other takes as long as the work on the rows.
    # On SQLite the driver's own tuples are taken, which SQLAlchemy would put into its own kind of rows.
    found = rows.cursor.fetchall() if connection.dialect.name == "sqlite" else map(tuple, rows.all())
    return [_waiting_of(row) for row in found]


def find_live(connection: sa.Connection, pairs: Collection[Pair], up_to: int | None = None) -> dict[Pair, set[Key]]:
    """For each resident and day, the dimensions under which the journal has a live trade.

    With `up_to` it answers as if that were the last place of the journal: a fold must not look beyond what it folds.
    """
    live: dict[Pair, set[Key]] = {pair: set() for pair in pairs}
    if pairs:
        rows = [{"resident": pair.resident, "day": day_number(pair.day)} for pair in pairs]
        found = connection.execute(
            _live_statement(connection.dialect.name),
            {"pairs": rows_parameter(rows), "up_to": PLACE_MAX if up_to is None else up_to},
        )
        for resident, day, *dimensions in found:
            live[Pair(resident, day_of(day))].add(key_of(tuple(dimensions)))
    return live


def _entry_of(counted: Sequence[Any], dimensions: Sequence[Any]) -> CountedEntry:
    """Makes the cube's entry from the raw values of _COUNTED and of the dimensions."""
    resident, day, amount_fen, exempt_fen, quantity_g, reverses = counted
    key = key_of(tuple(dimensions))
    return CountedEntry(resident, day_of(day), key, amount_fen, exempt_fen, quantity_g, reverses is not None)


_COUNTED_END = len(_COUNTED)
_counted_of = operator.itemgetter(*(PLACES[name] for name in _COUNTED))
_dimensions_of = operator.itemgetter(*(PLACES[name] for name in DIMENSION_FIELDS))


def _waiting_of(row: tuple[Any, ...]) -> Waiting:
    """Makes a waiting entry from a row of raw values: its place, and the values of sealed_rows."""
    values = with_pairs(row[1:])
    resident, day, amount_fen, exempt_fen, quantity_g, reverses = _counted_of(values)
    key = key_of(_dimensions_of(values))
    entry = CountedEntry(resident, day_of(day), key, amount_fen, exempt_fen, quantity_g, reverses is not None)
    return Waiting(row[0], entry, encode_values(values))


@functools.cache
def _waiting_statement(dialect: str) -> sa.Select[Any]:
    return (
        sa.select(*sealed_columns(dialect))
        .where(IS_WAITING, journal.c.seq <= sa.bindparam("up_to"))
        .order_by(journal.c.seq)
        .limit(sa.bindparam("limit"))
    )


_ENTRIES = (
    sa.select(journal.c.seq, *_stored(_COUNTED), *_stored(DIMENSION_FIELDS))
    .where(IS_WAITING, journal.c.seq > sa.bindparam("after"))
    .order_by(journal.c.seq)
)


@functools.cache
def _live_statement(dialect: str) -> sa.Select[Any]:
    pairs = row_set(dialect, "pairs", {"resident": sa.Integer, "day": DayType})
    reversal = journal.alias("reversal")
    up_to = sa.bindparam("up_to", type_=sa.BigInteger)
    reversed_already = (
        # A database uses a partial index only when the query states the index's condition.
        sa.select(reversal.c.seq)
        .where(
            reversal.c.reverses == journal.c.transaction_id,
            reversal.c.reverses.is_not(None),
            reversal.c.seq <= up_to,
        )
        .exists()
    )
    return (
        sa.select(*_stored(("resident", "day")), *_stored(DIMENSION_FIELDS))
        .join(pairs, (pairs.c.resident == journal.c.resident) & (pairs.c.day == journal.c.day))
        .where(journal.c.reverses.is_(None), journal.c.seq <= up_to, ~reversed_already)
        .distinct()
    )
