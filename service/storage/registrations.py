"""How many residents are registered: a stock on a date, and the flows of a period, by settlement or group."""

import datetime
from typing import Any

import sqlalchemy as sa

from service.domain.cells import Key
from service.domain.groups import group_id
from service.domain.periods import Period
from service.storage.tables import resident, resident_group, resident_status

Filters = dict[str, frozenset[str]]


def stock_on(connection: sa.Connection, day: datetime.date, by: tuple[str, ...], filters: Filters) -> dict[Key, int]:
    """Registered on or before the day, not cancelled on or before it, not expired before it."""
    cancelled = (
        sa.select(resident_status.c.id)
        .where(
            resident_status.c.resident == resident.c.ordinal,
            resident_status.c.status == "cancelled",
            resident_status.c.effective_on <= day,
        )
        .exists()
    )
    valid = resident.c.valid_until.is_(None) | (resident.c.valid_until >= day)
    return _count(connection, [resident.c.registered_on <= day, valid, ~cancelled], day, by, filters)


def registered_in(connection: sa.Connection, period: Period, by: tuple[str, ...], filters: Filters) -> dict[Key, int]:
    """Residents whose registration lies in the period."""
    inside = resident.c.registered_on.between(period.start, period.end)
    return _count(connection, [inside], period.end, by, filters)


def cancelled_in(connection: sa.Connection, period: Period, by: tuple[str, ...], filters: Filters) -> dict[Key, int]:
    """Residents whose cancellation takes effect in the period."""
    cancelled = (
        sa.select(resident_status.c.id)
        .where(
            resident_status.c.resident == resident.c.ordinal,
            resident_status.c.status == "cancelled",
            resident_status.c.effective_on.between(period.start, period.end),
        )
        .exists()
    )
    return _count(connection, [cancelled], period.end, by, filters)


def _count(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    day: datetime.date,
    by: tuple[str, ...],
    filters: Filters,
) -> dict[Key, int]:
    membership = _group_on(day)
    columns: dict[str, sa.ColumnElement[Any]] = {"settlement": resident.c.settlement, "group_id": membership}
    wanted = sa.select(*(columns[name].label(name) for name in by), sa.func.count().label("residents"))
    wanted = wanted.select_from(resident).where(*conditions)
    if "settlement" in filters:
        wanted = wanted.where(resident.c.settlement.in_(filters["settlement"]))
    if "group_id" in filters:
        wanted = wanted.where(membership.in_([int(text[1:]) for text in filters["group_id"]]))
    if by:
        wanted = wanted.group_by(*(sa.text(str(position)) for position in range(1, len(by) + 1)))
    found: dict[Key, int] = {}
    for row in connection.execute(wanted):
        key = tuple(_shown(name, value) for name, value in zip(by, row, strict=False))
        found[key] = row.residents
    return found


def _shown(name: str, value: Any) -> str | None:
    if value is None:
        return None
    return group_id(value) if name == "group_id" else str(value)


def _group_on(day: datetime.date) -> sa.ScalarSelect[Any]:
    return (
        sa.select(resident_group.c.market_group)
        .where(resident_group.c.resident == resident.c.ordinal, resident_group.c.effective_on <= day)
        .order_by(resident_group.c.effective_on.desc(), resident_group.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
