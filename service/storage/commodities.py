"""Sums by commodity. No cell has this dimension, so the sums are computed from the journal, by its days."""

from collections.abc import Collection

import sqlalchemy as sa

from service.domain.bulletin import CommoditySums, Goods
from service.domain.periods import Period
from service.storage.tables import journal


def sums_of(
    connection: sa.Connection, period: Period, trade_points: Collection[str] | None = None
) -> dict[Goods, CommoditySums]:
    """The sums over the live trades of each commodity in a period, at these trade points or at all.

    A reversal has the negative figures of its trade on the trade's day, so the sums over all entries are those of the
    live trades.
    """
    live = sa.func.sum(sa.case((journal.c.reverses.is_(None), 1), else_=-1))
    wanted = (
        sa.select(
            journal.c.category,
            journal.c.commodity,
            sa.func.sum(journal.c.amount_fen),
            sa.func.sum(journal.c.quantity_g),
            live,
        )
        .where(journal.c.day.between(period.start, period.end))
        .group_by(journal.c.category, journal.c.commodity)
        .having(live > 0)
    )
    if trade_points is not None:
        wanted = wanted.where(journal.c.trade_point.in_(trade_points))
    return {
        (category, commodity): CommoditySums(int(amount_fen), int(quantity_g), int(transactions))
        for category, commodity, amount_fen, quantity_g, transactions in connection.execute(wanted)
    }
