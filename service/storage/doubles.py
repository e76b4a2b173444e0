"""Finds live trades that say the same as trades that are being judged: perhaps one trade was recorded twice."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Trade, Transaction
from service.storage.columns import as_stored, day_number, day_of
from service.storage.prepared import Prepared, uuid_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import journal

_SAID = ("resident", "day", "category", "commodity", "quantity_g", "amount_fen", "direction")
SameTrade = tuple[int, datetime.date, str, str, int, int, str]
"""What two trades have in common that look like one: the values of _SAID."""
FoundTrade = tuple[UUID, str]
"""A live trade: its id, and its trade point."""


def same_trade(trade: Trade | Transaction, day: datetime.date) -> SameTrade:
    """What another trade must say to look like this one, which is of this business day."""
    # A plain tuple, because a batch makes ten thousand.
    return (
        trade.resident, day, trade.category, trade.commodity, trade.quantity_g, trade.amount_fen, trade.direction,
    )  # fmt: skip


def find_doubles(connection: sa.Connection, wanted: Collection[SameTrade]) -> dict[SameTrade, FoundTrade]:
    """The oldest live trade that says each of these; no entry where there is none. It asks nothing for no trade.

    It reads all entries of each resident and day once. A join by everything that the trades say would go through them
    again for each trade of the resident, because the index knows resident and day alone.
    """
    if not wanted:
        return {}
    pairs = dict.fromkeys(said[:2] for said in wanted)
    asked = rows_parameter({"resident": resident, "day": day_number(day)} for resident, day in pairs)
    rows: Sequence[Any] = _ENTRIES.run(connection, pairs=asked).all()
    reversed_ones = {reverses for _, reverses, *_ in rows if reverses is not None}
    found: dict[SameTrade, FoundTrade] = {}
    for transaction_id, reverses, trade_point, resident, day, *rest in rows:
        said = (resident, day_of(day), *rest)
        if reverses is None and said in wanted and transaction_id not in reversed_ones:
            found.setdefault(said, (uuid_of(transaction_id), trade_point))
    return found


def _entries(dialect: str) -> sa.Select[Any]:
    pairs = row_set(dialect, "pairs", {"resident": sa.Integer, "day": sa.Integer})
    raw = [as_stored(journal.c[name]) for name in _SAID]
    day = sa.type_coerce(journal.c.day, sa.Integer)
    return (
        sa.select(journal.c.transaction_id, journal.c.reverses, journal.c.trade_point, *raw)
        .join(pairs, (journal.c.resident == pairs.c.resident) & (day == pairs.c.day))
        .order_by(journal.c.seq)
    )


_ENTRIES = Prepared(_entries)
