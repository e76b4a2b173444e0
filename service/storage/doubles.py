"""Finds live trades that say the same as trades that are being judged: perhaps one trade was recorded twice."""

import datetime
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.transactions import Trade, Transaction
from service.storage.columns import day_number, day_of
from service.storage.prepared import Prepared, uuid_of
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import journal

_SAID = ("resident", "day", "category", "commodity", "quantity_g", "amount_fen", "direction")
SameTrade = tuple[int, datetime.date, str, str, int, int, str]
"""What two trades have in common that look like one: the values of _SAID."""

same_trade: Callable[[Trade | Transaction], SameTrade] = operator.attrgetter(*_SAID)
"""What another trade must say to look like this one. (A plain tuple, because a batch makes ten thousand.)"""


def find_doubles(connection: sa.Connection, wanted: Collection[SameTrade]) -> dict[SameTrade, UUID]:
    """The oldest live trade that says each of these; no entry where there is none. It asks nothing for no trade."""
    if not wanted:
        return {}
    rows: Iterable[Any] = _DOUBLES.run(connection, wanted=rows_parameter(_row(one) for one in wanted))
    found: dict[SameTrade, UUID] = {}
    for transaction_id, resident, day, *said in rows:
        found.setdefault((resident, day_of(day), *said), uuid_of(transaction_id))
    return found


def _row(said: SameTrade) -> dict[str, object]:
    return {**dict(zip(_SAID, said, strict=True)), "day": day_number(said[1])}


_TYPES: Mapping[str, Any] = {
    "resident": sa.Integer, "day": sa.Integer, "category": sa.Text, "commodity": sa.Text,
    "quantity_g": sa.BigInteger, "amount_fen": sa.BigInteger, "direction": sa.Text,
}  # fmt: skip


def _doubles(dialect: str) -> sa.Select[Any]:
    wanted = row_set(dialect, "wanted", _TYPES)
    reversal = journal.alias("reversal")
    raw = [sa.type_coerce(journal.c[name], kind) for name, kind in _TYPES.items()]
    is_same = sa.and_(*(column == wanted.c[name] for column, name in zip(raw, _TYPES, strict=True)))
    is_reversed = sa.exists().where(reversal.c.reverses == journal.c.transaction_id)
    return (
        sa.select(journal.c.transaction_id, *raw)
        .join(wanted, is_same)
        .where(journal.c.reverses.is_(None), ~is_reversed)
        .order_by(journal.c.seq)
    )


_DOUBLES = Prepared(_doubles)
