"""Stores the times at which the whole ledger was verified."""

import datetime

import sqlalchemy as sa

from service.storage.tables import verification


def newest(connection: sa.Connection) -> datetime.datetime | None:
    """The instant of the newest verification that found nothing wrong; None before the first."""
    wanted = sa.select(verification.c.verified_at).order_by(verification.c.id.desc()).limit(1)
    found: datetime.datetime | None = connection.execute(wanted).scalar_one_or_none()
    return found


def insert(connection: sa.Connection, verified_at: datetime.datetime, block: int) -> None:
    """Records that everything up to a block was recounted and is right."""
    connection.execute(sa.insert(verification).values(verified_at=verified_at, block=block))
