"""Inserts entries into the journal, and finds the entries that a batch depends on."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Transaction
from service.storage.columns import Uuid, as_stored
from service.storage.entry_rows import COLUMNS, entry_of, rows_of, short_rows_of
from service.storage.prepared import Prepared
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import journal

ENTRIES_TO_SHORTEN_MIN = 32
"""Fewer entries are inserted in all columns, so that most commits run one and the same statement."""
INSERTS_KNOWN_MAX = 256
RAW = tuple(map(as_stored, journal.c))
"""The journal's columns as the driver's own values and not as the domain's objects; `entry_of` reads such rows."""


@dataclass(frozen=True, slots=True)
class Related:
    """Entries of the journal that a batch depends on: by their id, by the trade that they reverse, by reference."""

    by_id: Mapping[UUID, Transaction]
    reversals: Mapping[UUID, Transaction]
    by_reference: Mapping[tuple[str, str], Transaction]


def insert(connection: sa.Connection, transactions: Sequence[Transaction]) -> None:
    """Adds entries in the order in which they were accepted; they belong to the tail until they are folded.

    Raises sqlalchemy.exc.IntegrityError when another process took a reference or reversed a trade in the meantime.
    """
    dialect = connection.dialect.name
    if len(transactions) < ENTRIES_TO_SHORTEN_MIN:
        _insert_into(COLUMNS).run(connection, rows_of(transactions, dialect))
    else:
        columns, rows = short_rows_of(transactions, dialect)
        _insert_into(columns).run(connection, rows)


@functools.lru_cache(INSERTS_KNOWN_MAX)
def _insert_into(columns: Sequence[str]) -> BulkInsert:
    return BulkInsert(journal, columns)


def find_related(
    connection: sa.Connection, transaction_ids: Iterable[UUID], references: Iterable[tuple[str, str]]
) -> Related:
    """The entries with these ids, their reversals, and the entries with these pairs (trade point, reference)."""
    found = _RELATED.run(
        connection,
        ids=rows_parameter({"id": transaction_id} for transaction_id in transaction_ids),
        marks=rows_parameter({"trade_point": point, "reference": mark} for point, mark in references),
    )
    transactions = [entry_of(row) for row in found]
    return Related(
        by_id={t.transaction_id: t for t in transactions},
        reversals={t.reverses: t for t in transactions if t.reverses is not None},
        by_reference={(t.trade_point, t.reference): t for t in transactions if t.reference is not None},
    )


def _related(dialect: str) -> sa.Select[Any]:
    ids = row_set(dialect, "ids", {"id": Uuid})
    marks = row_set(dialect, "marks", {"trade_point": sa.Text, "reference": sa.Text})
    same_mark = (journal.c.trade_point == marks.c.trade_point) & (journal.c.reference == marks.c.reference)
    wanted = sa.union_all(
        sa.select(journal.c.seq).join(ids, journal.c.transaction_id == ids.c.id),
        sa.select(journal.c.seq).join(ids, journal.c.reverses == ids.c.id),
        # A database uses the partial index only when the query states the index's condition.
        sa.select(journal.c.seq).join(marks, same_mark).where(journal.c.reference.is_not(None)),
    ).subquery("wanted")
    # An entry may come twice, which changes nothing. A query for distinct entries would read the whole journal.
    return sa.select(journal).join(wanted, wanted.c.seq == journal.c.seq)


_RELATED = Prepared(_related)


def find_with_fate(connection: sa.Connection, transaction_id: UUID) -> tuple[Transaction, UUID | None, int] | None:
    """One entry, the id of its reversal (None without one), and its place; None when there is no such entry."""
    reversal = journal.alias("reversal")
    row = connection.execute(
        sa.select(*RAW, reversal.c.transaction_id.label("reversed_by"))
        .outerjoin(reversal, reversal.c.reverses == journal.c.transaction_id)
        .where(journal.c.transaction_id == transaction_id)
    ).one_or_none()
    return None if row is None else (entry_of(row), row.reversed_by, row.seq)


def newest_seq(connection: sa.Connection) -> int:
    """The highest place in the journal; zero when there is no entry."""
    found: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(journal.c.seq), 0))).scalar_one()
    return found


def find_range(connection: sa.Connection, first_seq: int, last_seq: int) -> list[Transaction]:
    """The entries of a range of places, both included, in order."""
    wanted = sa.select(*RAW).where(journal.c.seq.between(first_seq, last_seq)).order_by(journal.c.seq)
    return [entry_of(row) for row in connection.execute(wanted)]
