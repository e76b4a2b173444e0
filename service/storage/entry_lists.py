"""Lists of entries: pages in the order of the journal, newest or oldest first, and all entries one after the other."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.domain.transfers import GoneOn
from service.storage import transferred
from service.storage.entry_filters import TransactionFilters, conditions, within
from service.storage.entry_rows import entry_of
from service.storage.journal import RAW
from service.storage.tables import journal

Order = Literal["newest", "oldest"]

_reversal = journal.alias("reversal")
_REVERSED_BY = (
    sa.select(_reversal.c.transaction_id)
    .where(_reversal.c.reverses == journal.c.transaction_id)
    .scalar_subquery()
    .label("reversed_by")
)
"""The reversal of an entry, which the database looks up by its unique index."""

ENTRIES_AT_ONCE = 2000

FEW = 20_000
"""So many entries are found by an index and sorted for a page; where an index finds more, the page walks along the
journal in its order."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of entries, the reversal of each (None without one), and what of each has gone on.

    The following page begins behind the place `next_seq`; None at the end.
    """

    transactions: Sequence[Transaction]
    reversed_by: Sequence[UUID | None]
    gone: Sequence[GoneOn]
    next_seq: int | None


class ListedEntry(NamedTuple):
    """An entry, and the id of its reversal; None without one."""

    transaction: Transaction
    reversed_by: UUID | None


class Place(NamedTuple):
    """Where a page begins: behind the place `seq` in this order, with None at the beginning."""

    order: Order
    seq: int | None


def list_page(connection: sa.Connection, filters: TransactionFilters, place: Place, limit: int) -> Page:
    """Up to `limit` entries behind a place. An entry keeps its place for ever."""
    rows = connection.execute(page_statement(connection, filters, place, limit)).all()
    following = rows[limit - 1].seq if len(rows) > limit else None
    shown = rows[:limit]
    gone = transferred.find_gone(connection, [row.seq for row in shown])
    return Page(
        [entry_of(row) for row in shown],
        [row.reversed_by for row in shown],
        [gone.get(row.seq, GoneOn()) for row in shown],
        following,
    )


def entries(connection: sa.Connection, filters: TransactionFilters, order: Order) -> Generator[ListedEntry]:
    """All entries in this order, a few thousand in memory at a time. A caller that stops half-way must close it."""
    way = _way(connection, filters)
    seq = journal.c.seq
    wanted = sa.select(*RAW, _REVERSED_BY).where(*conditions(filters, _unused(connection, way)))
    wanted = wanted.order_by(seq.desc() if order == "newest" else seq).execution_options(yield_per=ENTRIES_AT_ONCE)
    with connection.execute(wanted) as rows:
        for row in rows:
            yield ListedEntry(entry_of(row), row.reversed_by)


def count_up_to(connection: sa.Connection, filters: TransactionFilters, limit: int) -> int:
    """How many entries the filters let through; it stops counting at `limit`."""
    some = sa.select(sa.literal_column("1")).select_from(journal).where(*conditions(filters)).limit(limit).subquery()
    counted: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return counted


def page_statement(connection: sa.Connection, filters: TransactionFilters, place: Place, limit: int) -> sa.Select[Any]:
    """The statement for a page and one entry more. It finds places first, and reads whole rows for these only."""
    seq, is_newest = journal.c.seq, place.order == "newest"
    way = _way(connection, filters)
    found = sa.select(seq).where(*conditions(filters, _unused(connection, way))).limit(limit + 1)
    if place.seq is not None:
        found = found.where(seq < place.seq if is_newest else seq > place.seq)
    # A sum has no index, so that the planner does not walk through the journal in the order of its places.
    by: sa.ColumnElement[int] = seq + sa.literal_column("0") if way.is_sorted else seq
    found = found.order_by(by.desc() if is_newest else by)
    return sa.select(*RAW, _REVERSED_BY).where(seq.in_(found)).order_by(seq.desc() if is_newest else seq)


class _Way(NamedTuple):
    """How the entries of a page are found.

    With `is_sorted` they are found by an index and sorted; otherwise the page walks along the journal, or the planner
    decides. The indexes of the columns `unused` are not used.
    """

    is_sorted: bool
    unused: Collection[str]


_RANGES = ("commodity", "day", "recorded_at")
"""The columns whose index may find a few entries or most of the journal."""


def _way(connection: sa.Connection, filters: TransactionFilters) -> _Way:
    """The way that reads least.

    SQLite has no statistics: it takes the index of days for ten years as for one day, and sorts a million entries for a
    page of a hundred. PostgreSQL does the opposite for days that are long ago.
    """
    if filters.resident is not None:
        return _Way(is_sorted=False, unused=("commodity", "recorded_at"))
    if filters.consignment is not None or filters.reference is not None:
        return _Way(is_sorted=False, unused=_RANGES)
    counted = {name: _count_some(connection, filters, name) for name in _RANGES if _narrows(filters, name)}
    few = min(counted, key=counted.__getitem__, default=None)
    if few is None or counted[few] > FEW:
        return _Way(is_sorted=False, unused=_RANGES)
    return _Way(is_sorted=True, unused=[name for name in _RANGES if name != few])


def _unused(connection: sa.Connection, way: _Way) -> Collection[str]:
    """The indexes that the way leaves aside. PostgreSQL has statistics, and needs its columns as they are for these."""
    return way.unused if connection.dialect.name == "sqlite" else ()


def _narrows(filters: TransactionFilters, name: str) -> bool:
    return filters.commodity is not None if name == "commodity" else any(True for _ in within(filters, name))


def _count_some(connection: sa.Connection, filters: TransactionFilters, name: str) -> int:
    """How many entries the index of this column finds; it stops counting above FEW."""
    wanted = [journal.c.commodity == filters.commodity] if name == "commodity" else within(filters, name)
    # The order makes the planner use the index, whatever it expects.
    by = (journal.c.commodity, journal.c.day) if name == "commodity" else (journal.c[name],)
    some = sa.select(sa.literal_column("1")).where(*wanted).order_by(*by).limit(FEW + 1).subquery()
    counted: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return counted
