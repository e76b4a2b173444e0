"""Allowance rows: how much each resident has used, by business day and list group, and how these rows are locked.

Rows that exist are locked, in sorted order, before anything is judged. A row that does not exist is inserted with what
the batch has used of it. When two batches insert the same row at once, the primary key lets one of them in; the other
is rolled back whole, and judges again by what the first one has used. (On SQLite the one writer holds the lock already,
so that this does not happen.)
"""

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from service.domain.allowance import Use, UseKey
from service.storage.columns import day_number, day_of
from service.storage.prepared import Prepared
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import allowance_use

_KEY = {"resident": sa.Integer, "day": sa.Integer, "list_group": sa.Text}
_USED = dict.fromkeys(("exempt_fen", "quantity_g", "limit_fen", "limit_g"), sa.Integer)
_INSERT = BulkInsert(allowance_use, (*_KEY, *_USED))


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits of an allowance row. When the row has limits already, it keeps the greater ones."""

    limit_fen: int
    limit_g: int


def lock(connection: sa.Connection, keys: Collection[UseKey]) -> dict[UseKey, Use]:
    """Locks those of the rows that exist until the transaction ends; returns what is used of every row asked for."""
    return _uses(connection, _LOCK, keys)


def find(connection: sa.Connection, keys: Collection[UseKey]) -> dict[UseKey, Use]:
    """Returns what is used of rows, without a lock; nothing is used of a row that does not exist."""
    return _uses(connection, _FIND, keys)


def used_on(connection: sa.Connection, resident: int, day: datetime.date) -> dict[UseKey, Use]:
    """All allowance rows of one resident on one business day."""
    rows = connection.execute(
        sa.select(allowance_use).where(allowance_use.c.resident == resident, allowance_use.c.day == day)
    )
    return {(r.resident, r.day, r.list_group): Use(r.exempt_fen, r.quantity_g, True) for r in rows}


def save(connection: sa.Connection, uses: Mapping[UseKey, Use], limits: Mapping[UseKey, Limit]) -> None:
    """Writes what is used now of the rows that this transaction has locked, and inserts the rows that were missing.

    Raises sqlalchemy.exc.IntegrityError when a value is outside of its limit (the tables state the rule a second time),
    and when another transaction has inserted the same row in the meantime.
    """
    changed: list[tuple[object, ...]] = []
    opened: list[tuple[object, ...]] = []
    for key in sorted(uses):
        resident, day, list_group = key
        use, limit = uses[key], limits[key]
        row = (resident, day_number(day), list_group, use.exempt_fen, use.quantity_g, limit.limit_fen, limit.limit_g)
        (changed if use.is_recorded else opened).append(row)
    if changed:
        names = (*_KEY, *_USED)
        _UPDATE.run(connection, uses=rows_parameter(dict(zip(names, row, strict=True)) for row in changed))
    _INSERT.run(connection, opened)


def _uses(connection: sa.Connection, statement: Prepared, keys: Collection[UseKey]) -> dict[UseKey, Use]:
    uses = {key: Use() for key in keys}
    if uses:
        asked = [{"resident": resident, "day": day_number(day), "list_group": name} for resident, day, name in uses]
        for resident, day, name, exempt_fen, quantity_g in statement.rows(connection, keys=rows_parameter(asked)):
            uses[resident, day_of(day), name] = Use(exempt_fen, quantity_g, True)
    return uses


def _same_key(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    raw = {"resident": allowance_use.c.resident, "day": _DAY, "list_group": allowance_use.c.list_group}
    return sa.and_(*(raw[name] == rows.c[name] for name in _KEY))


_DAY = sa.type_coerce(allowance_use.c.day, sa.Integer)
_ROW = (
    allowance_use.c.resident, _DAY, allowance_use.c.list_group, allowance_use.c.exempt_fen, allowance_use.c.quantity_g,
)  # fmt: skip


def _reading(dialect: str) -> sa.Select[tuple[int, int, str, int, int]]:
    keys = row_set(dialect, "keys", _KEY)
    return sa.select(*_ROW).join_from(allowance_use, keys, _same_key(keys))


def _locking(dialect: str) -> sa.Select[tuple[int, int, str, int, int]]:
    # Every process takes the locks in the order of the rows, so that no two batches wait for each other.
    return _reading(dialect).order_by(*_ROW[:3]).with_for_update(of=allowance_use)


def _updating(dialect: str) -> sa.Update:
    uses = row_set(dialect, "uses", {**_KEY, **_USED})
    greatest = sa.func.greatest if dialect == "postgresql" else sa.func.max
    return (
        sa.update(allowance_use)
        .where(_same_key(uses))
        .values(
            exempt_fen=uses.c.exempt_fen,
            quantity_g=uses.c.quantity_g,
            limit_fen=greatest(allowance_use.c.limit_fen, uses.c.limit_fen),
            limit_g=greatest(allowance_use.c.limit_g, uses.c.limit_g),
        )
    )


_FIND, _LOCK, _UPDATE = Prepared(_reading), Prepared(_locking), Prepared(_updating)
