"""Finds trades whose declarant had no mandate, and lines of consignments whose parts are more than their goods."""

import uuid
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.storage.tables import block, consignment, consignment_line, fact, journal, mandate


class WrongLine(NamedTuple):
    """A line of a consignment, by the trade point and the name of the consignment, and its number there."""

    trade_point: str
    consignment: str
    line: int


def find_unmandated(connection: sa.Connection) -> uuid.UUID | None:
    """The id of a trade whose declarant had no mandate of the buyer for its day; None when there is none.

    The register that the trade's block names must have the mandate. Withdrawals are not compared: the trade may have
    been accepted before them, and no clock tells that.
    """
    facts_then = (
        sa.select(block.c.register_no)
        .where(block.c.last_seq >= journal.c.seq)
        .order_by(block.c.last_seq)
        .limit(1)
        # Said, because it stands two levels below the journal: otherwise it would read a journal of its own.
        .correlate(journal)
        .scalar_subquery()
    )
    recorded = (
        sa.select(mandate.c.id)
        .join(fact, (fact.c.kind == "mandate") & (fact.c.id == mandate.c.id))
        .where(
            mandate.c.representative == journal.c.declarant,
            mandate.c.resident == journal.c.resident,
            journal.c.day.between(mandate.c.valid_from, mandate.c.valid_until),
            fact.c.no <= sa.func.coalesce(facts_then, fact.c.no),
        )
        .correlate(journal)
        .exists()
    )
    is_declared_trade = journal.c.declarant.is_not(None) & journal.c.reverses.is_(None)
    found: uuid.UUID | None = (
        connection.execute(sa.select(journal.c.transaction_id).where(is_declared_trade, ~recorded)).scalars().first()
    )
    return found


def find_wrong_line(connection: sa.Connection) -> WrongLine | None:
    """A line whose parts are more than its goods, or that no registered consignment has; None when there is none."""
    split = (
        sa.select(
            journal.c.trade_point,
            journal.c.consignment,
            journal.c.consignment_line,
            sa.func.sum(journal.c.quantity_g).label("quantity_g"),
            sa.func.sum(journal.c.amount_fen).label("amount_fen"),
        )
        # The table's constraint says that such an entry names a consignment; the index of consignments needs it said.
        .where(journal.c.consignment.is_not(None), journal.c.consignment_line.is_not(None))
        .group_by(journal.c.trade_point, journal.c.consignment, journal.c.consignment_line)
        .subquery()
    )
    is_its_truck = (consignment.c.trade_point == split.c.trade_point) & (
        consignment.c.consignment == split.c.consignment
    )
    is_its_line = (consignment_line.c.consignment == consignment.c.id) & (
        consignment_line.c.no == split.c.consignment_line
    )
    fits: sa.ColumnElement[Any] = sa.and_(
        split.c.quantity_g.between(0, consignment_line.c.quantity_g),
        split.c.amount_fen.between(0, consignment_line.c.amount_fen),
    )
    wanted = (
        sa.select(split.c.trade_point, split.c.consignment, split.c.consignment_line)
        .select_from(split.outerjoin(consignment, is_its_truck).outerjoin(consignment_line, is_its_line))
        .where(consignment_line.c.id.is_(None) | ~fits)
    )
    row = connection.execute(wanted).first()
    return None if row is None else WrongLine(*row)
