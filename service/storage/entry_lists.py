"""Lists of entries: pages in the order of the journal, newest or oldest first, and all entries one after the other."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.storage.entry_filters import TransactionFilters, conditions, days
from service.storage.entry_rows import entry_of
from service.storage.journal import RAW
from service.storage.tables import journal

Order = Literal["newest", "oldest"]

FEW = 20_000
"""So many entries of some days are found by the index of days and sorted; of more, a page walks along the journal."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of entries. The following page begins behind the place `next_seq`; None at the end."""

    transactions: Sequence[Transaction]
    next_seq: int | None


class Place(NamedTuple):
    """Where a page begins: behind the place `seq` in this order, with None at the beginning."""

    order: Order
    seq: int | None


def list_page(connection: sa.Connection, filters: TransactionFilters, place: Place, limit: int) -> Page:
    """Up to `limit` entries behind a place. An entry keeps its place for ever."""
    rows = connection.execute(page_statement(connection, filters, place, limit)).all()
    following = rows[limit - 1].seq if len(rows) > limit else None
    return Page([entry_of(row) for row in rows[:limit]], following)


def page_statement(connection: sa.Connection, filters: TransactionFilters, place: Place, limit: int) -> sa.Select[Any]:
    """The statement for a page and one entry more. It finds places first, and reads whole rows for these only."""
    seq, is_newest = journal.c.seq, place.order == "newest"
    way = _way(connection, filters)
    found = sa.select(seq).where(*conditions(filters, uses_days=way is not _Way.PLACES)).limit(limit + 1)
    if place.seq is not None:
        found = found.where(seq < place.seq if is_newest else seq > place.seq)
    # A sum has no index, so that the planner does not walk through the journal in the order of its places.
    by: sa.ColumnElement[int] = seq + sa.literal_column("0") if way is _Way.DAYS else seq
    found = found.order_by(by.desc() if is_newest else by)
    return sa.select(*RAW).where(seq.in_(found)).order_by(seq.desc() if is_newest else seq)


class _Way(enum.Enum):
    """How the entries of a page are found: by the index of days, in the order of places, or as the planner likes."""

    DAYS = enum.auto()
    PLACES = enum.auto()
    ANY = enum.auto()


def _way(connection: sa.Connection, filters: TransactionFilters) -> _Way:
    """The way that reads least for days.

    SQLite has no statistics: it takes the index of days for ten years as for one day, and sorts a million entries for a
    page of a hundred. PostgreSQL does the opposite for days that are long ago.
    """
    has_days = filters.from_day is not None or filters.to_day is not None
    if not has_days or any(one is not None for one in (filters.resident, filters.consignment, filters.reference)):
        return _Way.ANY
    some = sa.select(sa.literal_column("1")).where(*days(filters)).order_by(journal.c.day).limit(FEW + 1).subquery()
    counted: int = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return _Way.DAYS if counted <= FEW else _Way.PLACES
