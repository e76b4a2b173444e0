"""Reads every line of the transfers again that the cells of processing hold, and the cells as they are stored."""

from collections.abc import Generator
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.processing_cells import CountedLine
from service.storage.columns import as_stored
from service.storage.processing_cells import FoldedUpTo
from service.storage.processing_tail import COUNTED, LINES, line_of
from service.storage.recount import Raw
from service.storage.tables import fact, processing_cell, transfer, transfer_reversal

ROWS_AT_ONCE = 2000


class RecountedLine(NamedTuple):
    """A line, and the number of the newest fact up to which it was folded that changed its cells."""

    line: CountedLine
    is_live: bool
    changed_in: int


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


def folded_lines(connection: sa.Connection, folded: FoldedUpTo) -> Generator[RecountedLine]:
    """The lines of all transfers that are folded, also of those that were reversed up to there.

    A caller that stops half-way must close the generator.
    """
    of_reversal = fact.alias("fact_of_reversal")
    is_reversed = (transfer_reversal.c.transfer == transfer.c.id) & (transfer_reversal.c.id <= folded.transfer_reversal)
    wanted = (
        sa.select(fact.c.no, of_reversal.c.no, *COUNTED)
        .select_from(
            LINES.join(fact, (fact.c.kind == "transfer") & (fact.c.id == transfer.c.id))
            .outerjoin(transfer_reversal, is_reversed)
            .outerjoin(
                of_reversal,
                (of_reversal.c.kind == "transfer_reversal") & (of_reversal.c.id == transfer_reversal.c.id),
            )
        )
        .where(transfer.c.id <= folded.transfer)
    )
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        for recorded, taken_off, *values in rows:
            line = line_of(values, is_reversal=False)
            yield RecountedLine(line, taken_off is None, max(recorded, taken_off or 0))


def cell_rows(connection: sa.Connection) -> Generator[Raw]:
    """Every cell, also cells of unknown grains. A caller that stops half-way must close the generator."""
    wanted = sa.select(*map(as_stored, processing_cell.c))
    with connection.execute(wanted.execution_options(yield_per=ROWS_AT_ONCE)) as rows:
        yield from rows
