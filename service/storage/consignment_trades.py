"""Finds the trades of a consignment in the journal, by the index of consignments."""

from uuid import UUID

import sqlalchemy as sa

from service.storage.tables import journal

_reversal = journal.alias("reversal")
_IS_LIVE = ~sa.exists().where(_reversal.c.reverses == journal.c.transaction_id)


def find_live(connection: sa.Connection, trade_point: str, consignment: str, limit: int) -> list[UUID]:
    """The ids of the live trades of a consignment at a trade point, at most `limit`, in the journal's order."""
    wanted = (
        sa.select(journal.c.transaction_id)
        .where(journal.c.consignment == consignment, journal.c.trade_point == trade_point)
        .where(journal.c.reverses.is_(None), _IS_LIVE)
        .order_by(journal.c.seq)
        .limit(limit)
    )
    return list(connection.execute(wanted).scalars())


def find_reversal(connection: sa.Connection, trade_point: str, consignment: str) -> UUID | None:
    """The id of the newest reversal of a trade of a consignment; None when it has none."""
    wanted = (
        sa.select(journal.c.transaction_id)
        .where(journal.c.consignment == consignment, journal.c.trade_point == trade_point)
        .where(journal.c.reverses.is_not(None))
        .order_by(journal.c.seq.desc())
        .limit(1)
    )
    found: UUID | None = connection.execute(wanted).scalar_one_or_none()
    return found
