"""The tail: what is posted and not folded yet, and what the journal says is still live of a resident's day.

The tail is the end of the journal, behind the last place that a block holds (docs/decisions/0009): an entry that is in
the journal can't be missing from it, nothing moves when it is folded, and a post writes one row less.
"""

import datetime
import functools
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from service.domain.cells import CountedEntry, Key, Pair
from service.domain.chain import TEXT_FIELDS, encode_values
from service.domain.groups import group_id
from service.storage.columns import DayType, day_number, day_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import block, journal

PLACE_MAX = 2**63 - 1

_NUMBERS = (
    "resident", "day", "market_group", "quantity_g", "amount_fen", "exempt_fen", "exempt_quantity_g", "traded_at",
    "recorded_at",
)  # fmt: skip

_CUBE_COLUMNS = (
    journal.c.resident, journal.c.day, journal.c.category, journal.c.origin, journal.c.direction,
    journal.c.trade_point, journal.c.market_group, journal.c.settlement,
)  # fmt: skip
_SUMS = (journal.c.amount_fen, journal.c.exempt_fen, journal.c.quantity_g, journal.c.reverses)

_LAST_FOLDED = sa.func.coalesce(sa.func.max(block.c.last_seq), sa.literal_column("0"))
IS_WAITING = sa.and_(
    journal.c.seq > sa.select(_LAST_FOLDED).scalar_subquery(), journal.c.seq <= sa.literal_column(str(PLACE_MAX))
)
"""Whether an entry of the journal is in no block yet.

The upper end is there for PostgreSQL's planner: of "more than something unknown" it expects a third of the journal and
reads all of it, of "between" a two-hundredth and uses the index.
"""


def counted(dialect: str) -> sa.ScalarSelect[int]:
    """How many entries the tail has.

    On SQLite the places of the journal have no gaps (one writer, and what is rolled back takes none), so there is
    nothing to count; on PostgreSQL there may be some.
    """
    if dialect == "sqlite":
        newest = sa.func.coalesce(sa.select(sa.func.max(journal.c.seq)).scalar_subquery(), sa.literal_column("0"))
        return sa.select(newest - sa.select(_LAST_FOLDED).scalar_subquery()).scalar_subquery()
    return sa.select(sa.func.count()).select_from(journal).where(IS_WAITING).scalar_subquery()


def measured(dialect: str) -> sa.Subquery:
    """How many entries the tail has, and the sum of their places: entries that are others have another sum.

    On SQLite nothing overtakes: how many there are says which places they have, and the sum is always 0.
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
    """How many entries are posted and not folded yet."""
    found: int = connection.execute(sa.select(counted(connection.dialect.name))).scalar_one()
    return found


def oldest_recorded_at(connection: sa.Connection) -> datetime.datetime | None:
    """When the oldest entry of the tail was recorded; None when the tail is empty."""
    wanted = sa.select(journal.c.recorded_at).where(IS_WAITING).order_by(journal.c.seq).limit(1)
    found: datetime.datetime | None = connection.execute(wanted).scalar_one_or_none()
    return found


def find_entries(connection: sa.Connection, after: int = 0) -> dict[int, CountedEntry]:
    """What the cube needs of the entries of the tail behind a place, by their own places, in order."""
    rows = connection.execute(_ENTRIES, {"after": after})
    return {row[0]: _entry_of(row) for row in rows.all()}


class Waiting(NamedTuple):
    """An entry of the tail as a fold needs it: its place, what the cube counts of it, its canonical bytes."""

    seq: int
    entry: CountedEntry
    encoding: bytes


def find_waiting(connection: sa.Connection, up_to: int, limit: int) -> list[Waiting]:
    """The oldest entries of the tail up to a place, in order."""
    rows = connection.execute(_waiting_statement(connection.dialect.name), {"up_to": up_to, "limit": limit})
    # All at once: asking SQLAlchemy for one row after the other takes as long as what is done with it.
    return [_waiting_of(row) for row in rows.all()]


def find_live(connection: sa.Connection, pairs: Collection[Pair], up_to: int | None = None) -> dict[Pair, set[Key]]:
    """For each resident and day, the dimensions under which the journal has a live trade.

    With `up_to` as the journal was when that was its last place: a fold must not look beyond what it folds.
    """
    live: dict[Pair, set[Key]] = {pair: set() for pair in pairs}
    if pairs:
        rows = [{"resident": pair.resident, "day": day_number(pair.day)} for pair in pairs]
        found = connection.execute(
            _live_statement(connection.dialect.name),
            {"pairs": rows_parameter(rows), "up_to": PLACE_MAX if up_to is None else up_to},
        )
        for row in found:
            live[Pair(row.resident, row.day)].add(_key_of(row))
    return live


def _key_of(row: sa.Row[Any]) -> Key:
    group = None if row.market_group is None else group_id(row.market_group)
    return (row.category, row.origin, row.direction, row.trade_point, group, row.settlement)


def _entry_of(row: Sequence[Any]) -> CountedEntry:
    _, resident, day, category, origin, direction, trade_point, group, settlement = row[:9]
    amount_fen, exempt_fen, quantity_g, reverses = row[9:]
    key = (category, origin, direction, trade_point, _known_group(group), settlement)
    return CountedEntry(resident, day, key, amount_fen, exempt_fen, quantity_g, reverses is not None)


def _waiting_of(row: Sequence[Any]) -> Waiting:
    """From a row of raw values, because a fold goes through every entry of a ledger: four times faster than objects."""
    seq, reverses, resident, day, group, quantity_g, amount_fen, exempt_fen = row[0], *row[2:9]
    category, origin, direction, trade_point, settlement = row[13], row[15], row[17], row[18], row[21]
    metadata = orjson.loads(row[27]) if row[27] else {}
    encoding = encode_values(*[*row[1:12], bool(row[12]), row[13:27], metadata])
    key = (category, origin, direction, trade_point, _known_group(group), settlement)
    is_reversal = reverses is not None
    return Waiting(
        seq, CountedEntry(resident, day_of(day), key, amount_fen, exempt_fen, quantity_g, is_reversal), encoding
    )


@functools.lru_cache(maxsize=100_000)
def _known_group(ordinal: int | None) -> str | None:
    return None if ordinal is None else group_id(ordinal)


@functools.cache
def _waiting_statement(dialect: str) -> sa.Select[Any]:
    """Raw values in the order of chain.encode_values, behind the place; `_waiting_of` takes them apart by position."""
    ids: list[sa.ColumnElement[Any]] = [journal.c.transaction_id, journal.c.reverses]
    if dialect == "postgresql":
        ids = [sa.func.uuid_send(column) for column in ids]
    columns: list[sa.ColumnElement[Any]] = [
        journal.c.seq,
        *(sa.type_coerce(column, sa.LargeBinary) for column in ids),
        *(sa.type_coerce(journal.c[name], sa.BigInteger) for name in _NUMBERS),
        journal.c.refuse_over_allowance,
        *(journal.c[name] for name in TEXT_FIELDS),
        journal.c.metadata,
    ]
    return (
        sa.select(*columns)
        .where(IS_WAITING, journal.c.seq <= sa.bindparam("up_to"))
        .order_by(journal.c.seq)
        .limit(sa.bindparam("limit"))
    )


_ENTRIES = (
    sa.select(journal.c.seq, *_CUBE_COLUMNS, *_SUMS)
    .where(IS_WAITING, journal.c.seq > sa.bindparam("after"))
    .order_by(journal.c.seq)
)


@functools.cache
def _live_statement(dialect: str) -> sa.Select[Any]:
    pairs = row_set(dialect, "pairs", {"resident": sa.Integer, "day": DayType})
    reversal = journal.alias("reversal")
    up_to = sa.bindparam("up_to", type_=sa.BigInteger)
    reversed_already = (
        # A partial index serves only where its condition is stated.
        sa.select(reversal.c.seq)
        .where(
            reversal.c.reverses == journal.c.transaction_id,
            reversal.c.reverses.is_not(None),
            reversal.c.seq <= up_to,
        )
        .exists()
    )
    return (
        sa.select(*_CUBE_COLUMNS)
        .join(pairs, (pairs.c.resident == journal.c.resident) & (pairs.c.day == journal.c.day))
        .where(journal.c.reverses.is_(None), journal.c.seq <= up_to, ~reversed_already)
        .distinct()
    )
