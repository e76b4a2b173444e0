"""Allowance rows: what each resident has used, per business day and list group, and the lock recipe of the ledger.

A row that may not exist yet is inserted as zero and then locked, in sorted order: one code path for SQLite (where the
writer holds the lock already) and PostgreSQL. Summing first and inserting after lets residents past the limit.
"""

import datetime
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.domain.allowance import Use, UseKey
from service.storage.columns import Day, day_number
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import allowance_use

_KEY = {"resident": sa.Integer, "day": Day, "list_group": sa.Text}
_OPEN = BulkInsert(
    allowance_use,
    ("resident", "day", "list_group", "exempt_fen", "quantity_g", "limit_fen", "limit_g"),
    or_ignore=True,
)


@dataclass(frozen=True, slots=True)
class Limit:
    """The limits by which a row is judged; the row keeps the greater of these and its own."""

    limit_fen: int
    limit_g: int


def lock(connection: sa.Connection, limits: Mapping[UseKey, Limit]) -> dict[UseKey, Use]:
    """Opens the rows that do not exist, locks all of them until the transaction ends, and returns what is used."""
    rows = sorted((*_raw(key), 0, 0, limit.limit_fen, limit.limit_g) for key, limit in limits.items())
    _OPEN.run(connection, rows)
    return _uses(connection, _locking_statement(connection.dialect.name), limits)


def find(connection: sa.Connection, keys: Sequence[UseKey]) -> dict[UseKey, Use]:
    """What is used of rows, without a lock; a row that does not exist is unused."""
    return _uses(connection, _reading_statement(connection.dialect.name), keys)


def used_on(connection: sa.Connection, resident: int, day: datetime.date) -> dict[UseKey, Use]:
    """Every allowance row of one resident and business day."""
    rows = connection.execute(
        sa.select(allowance_use).where(allowance_use.c.resident == resident, allowance_use.c.day == day)
    )
    return {UseKey(r.resident, r.day, r.list_group): Use(r.exempt_fen, r.quantity_g) for r in rows}


def save(connection: sa.Connection, uses: Mapping[UseKey, Use], limits: Mapping[UseKey, Limit]) -> None:
    """Writes what is used now of rows that this transaction has locked.

    Raises sqlalchemy.exc.IntegrityError when a value is outside of its limit: the rule, stated a second time.
    """
    rows = [
        {**_named(key), "exempt_fen": use.exempt_fen, "quantity_g": use.quantity_g,
         "limit_fen": limits[key].limit_fen, "limit_g": limits[key].limit_g}
        for key, use in uses.items()
    ]  # fmt: skip
    if rows:
        connection.execute(_saving_statement(connection.dialect.name), {"uses": rows_parameter(rows)})


def _raw(key: UseKey) -> tuple[int, int, str]:
    return key.resident, day_number(key.day), key.list_group


def _named(key: UseKey) -> dict[str, object]:
    return {"resident": key.resident, "day": day_number(key.day), "list_group": key.list_group}


def _uses(connection: sa.Connection, statement: sa.Select[Any], keys: Iterable[UseKey]) -> dict[UseKey, Use]:
    wanted = list(keys)
    uses = {key: Use() for key in wanted}
    if wanted:
        found = connection.execute(statement, {"keys": rows_parameter(_named(key) for key in wanted)})
        uses.update({UseKey(r.resident, r.day, r.list_group): Use(r.exempt_fen, r.quantity_g) for r in found})
    return uses


def _same_key(rows: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(allowance_use.c[name] == rows.c[name] for name in _KEY))


@functools.cache
def _reading_statement(dialect: str) -> sa.Select[Any]:
    keys = row_set(dialect, "keys", _KEY)
    return sa.select(allowance_use).join(keys, _same_key(keys))


@functools.cache
def _locking_statement(dialect: str) -> sa.Select[Any]:
    # Locks are taken in the order of the rows, the same in every process: no two batches wait for each other.
    order = (allowance_use.c.resident, allowance_use.c.day, allowance_use.c.list_group)
    return _reading_statement(dialect).order_by(*order).with_for_update(of=allowance_use)


@functools.cache
def _saving_statement(dialect: str) -> sa.Update:
    columns = ("exempt_fen", "quantity_g", "limit_fen", "limit_g")
    uses = row_set(dialect, "uses", {**_KEY, **dict.fromkeys(columns, sa.Integer)})
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
