"""Stores what the self-check has found, the repairs of cells, and which days there are to be checked."""

import datetime
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa

from service.domain.cells import GRAINS
from service.domain.integrity import FiguresState, WrongFigure
from service.domain.processing_cells import ALL_GRAINS
from service.storage.columns import as_stored, day_of
from service.storage.tables import cell, cell_repair, journal, processing_cell, self_check, transfer

CHANGES_NAMED_MAX = 100
_SELF_CHECK_LOCK = 0x4855534B
_ONLY_ROW = 1


class SelfCheck(NamedTuple):
    """How many days were recounted, how many were wrong, and the fault that is known now, if any."""

    checks: int = 0
    mismatches: int = 0
    fault: WrongFigure | None = None


def read(connection: sa.Connection) -> SelfCheck:
    """What the checks have found so far."""
    column = self_check.c
    row = connection.execute(sa.select(column.checks, column.mismatches, column.fault)).one_or_none()
    return SelfCheck() if row is None else SelfCheck(row.checks, row.mismatches, _fault_of(row.fault))


def lock(connection: sa.Connection) -> SelfCheck:
    """What the checks have found so far; it stays so until the transaction ends, because no other can change it.

    A check and a repair take this lock first. So the one that comes second sees what the first has written. Before the
    first check there is no row that could be locked. On SQLite the writer has the lock already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SELF_CHECK_LOCK)))
    return read(connection)


def newest_repair(connection: sa.Connection) -> int:
    """The number of the newest repair of cells; 0 before the first."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(cell_repair.c.id), 0))).scalar_one())


def _fault_of(text: str | None) -> WrongFigure | None:
    if text is None:
        return None
    told: dict[str, Any] = orjson.loads(text)
    return WrongFigure(**{**told, "day": datetime.date.fromisoformat(told["day"])})


def record(
    connection: sa.Connection, checked_at: datetime.datetime, day: datetime.date, fault: WrongFigure | None
) -> None:
    """Notes a check of a day. The first fault stays until `clear`."""
    text = None if fault is None else orjson.dumps(fault._asdict()).decode()
    found = int(fault is not None)
    values = {"checked_at": checked_at, "day": day}
    column = self_check.c
    changed = connection.execute(
        sa.update(self_check).values(
            checks=column.checks + 1,
            mismatches=column.mismatches + found,
            fault=sa.func.coalesce(column.fault, text),
            **values,
        )
    )
    if changed.rowcount == 0:
        connection.execute(sa.insert(self_check).values(id=_ONLY_ROW, checks=1, mismatches=found, fault=text, **values))


def clear(connection: sa.Connection) -> None:
    """Forgets the known fault, because all cells were found right or were repaired."""
    connection.execute(sa.update(self_check).values(fault=None))


def record_repair(
    connection: sa.Connection, repaired_at: datetime.datetime, at: tuple[int, int], counts: tuple[int, int],
    changes: list[str],
) -> None:  # fmt: skip
    """Records a repair: the newest block and fact, how many cells of each kind were changed, what was wrong."""
    block, fact = at
    cells, of_processing = counts
    connection.execute(
        sa.insert(cell_repair).values(
            repaired_at=repaired_at,
            block=block,
            fact=fact,
            cells=cells,
            processing_cells=of_processing,
            changes=orjson.dumps(changes[:CHANGES_NAMED_MAX]).decode(),
        )
    )


def figures_columns() -> list[sa.ColumnElement[Any]]:
    """The columns of `figures_state` for a statement that reads more."""
    return [
        sa.select(sa.func.max(cell_repair.c.id)).scalar_subquery(),
        sa.select(sa.func.count(self_check.c.fault)).scalar_subquery(),
    ]


def figures_state(newest_repair: int | None, faults: int) -> FiguresState:
    """The state of the figures from the values of `figures_columns`."""
    return FiguresState(newest_repair or 0, faults > 0)


_DAYS = (
    (journal.c.day, sa.true()),
    (transfer.c.transferred_on, sa.true()),
    # A cell's index begins with its grain.
    *((cell.c.day, cell.c.grain == grain.number) for grain in GRAINS),
    *((processing_cell.c.day, processing_cell.c.grain == grain.number) for grain in ALL_GRAINS),
)
"""Where the days stand on which anything is counted, each with the rows that count."""


def list_days(connection: sa.Connection) -> list[datetime.date]:
    """The days of the coarsest cells, which are few, in order."""
    coarsest, *_ = GRAINS
    wanted = sa.select(cell.c.day).where(cell.c.grain == coarsest.number).distinct().order_by(cell.c.day)
    return list(connection.execute(wanted).scalars())


def find_span(connection: sa.Connection) -> tuple[datetime.date, datetime.date] | None:
    """The first and the last day on which anything is counted; None in a ledger where nothing is."""
    first, last = (
        [day for column, counts in _DAYS if (day := _end(connection, end(column), counts)) is not None]
        for end in (sa.func.min, sa.func.max)
    )
    return (min(first), max(last)) if first else None


def find_day_from(connection: sa.Connection, day: datetime.date) -> datetime.date | None:
    """The first day from this one on, on which anything is counted; None when there is none."""
    found = [_end(connection, sa.func.min(column), counts & (column >= day)) for column, counts in _DAYS]
    return min((one for one in found if one is not None), default=None)


def _end(connection: sa.Connection, end: sa.ColumnElement[Any], counts: sa.ColumnElement[bool]) -> datetime.date | None:
    found: int | None = connection.execute(sa.select(as_stored(end)).where(counts)).scalar_one()
    return None if found is None else day_of(found)
