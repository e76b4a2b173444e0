"""Looks up, under the lock of registrations, whether a request would do something a second time: then it is a retry."""

import datetime

import sqlalchemy as sa

from service.storage.tables import market_group, resident_status


def find_group_named(connection: sa.Connection, name: str, kind: str) -> int | None:
    """The ordinal of the group with this name and kind, or None; the first one when an older ledger has several."""
    wanted = sa.select(sa.func.min(market_group.c.ordinal)).where(
        market_group.c.name == name, market_group.c.kind == kind
    )
    ordinal: int | None = connection.execute(wanted).scalar_one()
    return ordinal


def newest_status(connection: sa.Connection, ordinal: int) -> tuple[datetime.date, str, str] | None:
    """The day, the status and the reason that were recorded last for a resident; None before the first."""
    newest = (
        sa.select(resident_status.c.effective_on, resident_status.c.status, resident_status.c.reason)
        .where(resident_status.c.resident == ordinal)
        .order_by(resident_status.c.id.desc())
        .limit(1)
    )
    row = connection.execute(newest).one_or_none()
    return None if row is None else (row.effective_on, row.status, row.reason)
