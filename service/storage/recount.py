"""Reading the whole ledger again, for verification: the journal in order, and the rows that do not fit each other."""

import uuid
from collections.abc import Generator, Iterator
from typing import Any

import sqlalchemy as sa

from service.domain.allowance import UseKey
from service.domain.transactions import Transaction
from service.storage.journal import transaction_of
from service.storage.tables import allowance_use, idempotency, journal

ROWS_AT_ONCE = 2000


def entries_between(
    connection: sa.Connection, first_seq: int, last_seq: int | None
) -> Iterator[tuple[int, Transaction]]:
    """The entries of a range of places, both included (None: to the end), in order, each with its place."""
    wanted = sa.select(journal).where(journal.c.seq >= first_seq).order_by(journal.c.seq)
    if last_seq is not None:
        wanted = wanted.where(journal.c.seq <= last_seq)
    for row in connection.execute(wanted):
        yield row.seq, transaction_of(row)


def find_place_before(connection: sa.Connection, first_seq: int) -> int | None:
    """A place of the journal before the one with which it begins; None when there is none."""
    found: int | None = connection.execute(
        sa.select(sa.func.min(journal.c.seq)).where(journal.c.seq < first_seq)
    ).scalar_one()
    return found


def reversed_ids(connection: sa.Connection, up_to: int) -> set[uuid.UUID]:
    """The trades that an entry up to this place reverses."""
    wanted = sa.select(journal.c.reverses).where(journal.c.reverses.is_not(None), journal.c.seq <= up_to)
    return set(connection.execute(wanted).scalars())


def allowance_rows(connection: sa.Connection) -> Generator[tuple[UseKey, int, int]]:
    """Every allowance row: its key, the exempt fen and the grams. To be closed by whoever stops half-way."""
    with connection.execute(sa.select(allowance_use).execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for row in rows:
            yield UseKey(row.resident, row.day, row.list_group), row.exempt_fen, row.quantity_g


def find_entry_without_key(connection: sa.Connection) -> uuid.UUID | None:
    """An entry that was not accepted under exactly one idempotency key; None when there is none."""
    counted = (
        sa.select(idempotency.c.transaction_id, sa.func.count().label("times"))
        .where(idempotency.c.transaction_id.is_not(None))
        .group_by(idempotency.c.transaction_id)
        .subquery()
    )
    wanted = (
        sa.select(journal.c.transaction_id)
        .outerjoin(counted, counted.c.transaction_id == journal.c.transaction_id)
        .where(sa.func.coalesce(counted.c.times, 0) != 1)
    )
    return _first(connection, wanted)


def find_key_without_entry(connection: sa.Connection) -> uuid.UUID | None:
    """The entry that an idempotency key was answered with and that is not in the journal; None when there is none."""
    wanted = (
        sa.select(idempotency.c.transaction_id)
        .outerjoin(journal, journal.c.transaction_id == idempotency.c.transaction_id)
        .where(idempotency.c.transaction_id.is_not(None), journal.c.transaction_id.is_(None))
    )
    return _first(connection, wanted)


def find_wrong_reversal(connection: sa.Connection) -> uuid.UUID | None:
    """A reversal that is not exactly the negative of one trade, or one of two of the same; None when there is none."""
    trade, other = journal.alias("trade"), journal.alias("other")
    same = [
        trade.c.reverses.is_(None),
        trade.c.resident == journal.c.resident,
        trade.c.day == journal.c.day,
        *(
            trade.c[name] == -journal.c[name]
            for name in ("amount_fen", "exempt_fen", "quantity_g", "exempt_quantity_g")
        ),
    ]
    twin = sa.select(other.c.seq).where(other.c.reverses == journal.c.reverses, other.c.seq != journal.c.seq).exists()
    wanted = (
        sa.select(journal.c.transaction_id)
        .outerjoin(trade, sa.and_(trade.c.transaction_id == journal.c.reverses, *same))
        .where(journal.c.reverses.is_not(None), trade.c.seq.is_(None) | twin)
    )
    return _first(connection, wanted)


def _first(connection: sa.Connection, wanted: sa.Select[Any]) -> uuid.UUID | None:
    """The first of what should not be there. No LIMIT: with one, PostgreSQL chooses a loop for every row.

    A sound ledger has none, so nothing is fetched in vain.
    """
    found: uuid.UUID | None = connection.execute(wanted).scalars().first()
    return found
