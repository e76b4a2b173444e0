"""Reads every line of the transfers again that the cells of processing hold, and the cells as they are stored."""

import datetime
from collections.abc import Generator

import sqlalchemy as sa

from service.domain.processing_cells import GRAINS, On
from service.storage.columns import as_stored
from service.storage.processing_cells import FoldedUpTo
from service.storage.processing_tail import LINES
from service.storage.raw_rows import Raw, streamed
from service.storage.tables import fact, journal, processing_cell, transfer, transfer_line, transfer_reversal

_LINE = (
    as_stored(journal.c.resident),
    *(as_stored(transfer_line.c[name]) for name in ("place", "amount_fen", "quantity_g", "paid_fen", "is_whole")),
)
_SPOT = (
    *(journal.c.day, transfer.c.transferred_on, transfer.c.enterprise, transfer.c.purpose),
    *(journal.c[name] for name in ("category", "origin", "trade_point", "market_group", "settlement")),
)


def heads_at(connection: sa.Connection, no: int) -> FoldedUpTo | None:
    """How far cells are folded that hold everything up to this fact; None when it is no fact of a transfer."""
    newest = {
        kind: sa.select(sa.func.coalesce(sa.func.max(fact.c.id), 0)).where(fact.c.kind == kind, fact.c.no <= no)
        for kind in ("transfer", "transfer_reversal")
    }
    is_one = sa.select(fact.c.no).where(fact.c.no == no, fact.c.kind.in_(newest))
    found, *heads = connection.execute(
        sa.select(is_one.scalar_subquery(), *(wanted.scalar_subquery() for wanted in newest.values()))
    ).one()
    return None if found is None else FoldedUpTo(found, *heads)


def folded_rows(connection: sa.Connection, folded: FoldedUpTo, *only: sa.ColumnElement[bool]) -> Generator[Raw]:
    """The lines of all transfers that are folded, also of those that were reversed up to there.

    A row has the fact that recorded the line, the fact that reversed it or None, what is counted of the line, and its
    spot. A caller that stops half-way must close the generator.
    """
    of_reversal = fact.alias("fact_of_reversal")
    is_reversed = (transfer_reversal.c.transfer == transfer.c.id) & (transfer_reversal.c.id <= folded.transfer_reversal)
    wanted = (
        sa.select(fact.c.no, of_reversal.c.no, *_LINE, *map(as_stored, _SPOT))
        .select_from(
            LINES.join(fact, (fact.c.kind == "transfer") & (fact.c.id == transfer.c.id))
            .outerjoin(transfer_reversal, is_reversed)
            .outerjoin(
                of_reversal,
                (of_reversal.c.kind == "transfer_reversal") & (of_reversal.c.id == transfer_reversal.c.id),
            )
        )
        .where(transfer.c.id <= folded.transfer, *only)
    )
    yield from streamed(connection, wanted)


def cell_rows(connection: sa.Connection) -> Generator[Raw]:
    """Every cell, also cells of unknown grains. A caller that stops half-way must close the generator."""
    yield from streamed(connection, sa.select(*map(as_stored, processing_cell.c)))


def folded_rows_on(connection: sa.Connection, folded: FoldedUpTo, on: On, day: datetime.date) -> Generator[Raw]:
    """The lines that are folded and count for a day, as `folded_rows` gives them."""
    column = journal.c.day if on == "traded" else transfer.c.transferred_on
    yield from folded_rows(connection, folded, column == day)


def cell_rows_on(connection: sa.Connection, on: On, day: datetime.date) -> Generator[Raw]:
    """The cells of a day, of the grains that reports by this day read."""
    grains = [grain.number for grain in GRAINS[on]]
    column = processing_cell.c
    yield from streamed(
        connection, sa.select(*map(as_stored, column)).where(column.grain.in_(grains), column.day == day)
    )
