"""Stores consignments with their lines, and reads what of each line was split: the live parts in the journal."""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.consignments import (
    Consignment,
    ConsignmentLine,
    ConsignmentState,
    LineGiven,
    OtherTrades,
    RegisteredConsignment,
)
from service.domain.transactions import MARKET_TIME
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import consignment, consignment_line, journal

_LINE = [consignment_line.c[name] for name in ConsignmentLine._fields]


class ConsignmentKey(NamedTuple):
    """What names a consignment: its trade point, and its name there."""

    trade_point: str
    consignment: str


@dataclass(frozen=True, slots=True)
class ConsignmentFilters:
    """The filters of the list of consignments; the days are those of the arrival, both included."""

    trade_point: str | None = None
    vehicle_plate: str | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None


def insert(
    connection: sa.Connection, stated: Consignment, recorded_at: datetime.datetime, recorded_by: int
) -> tuple[int, Sequence[int]]:
    """Adds a consignment with its lines under the next number; returns the number, and the ids of its lines.

    The caller holds the lock of registrations, and has looked for a consignment of this name.
    """
    number: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(consignment.c.id), 0) + 1)).scalar_one()
    values = {name: getattr(stated, name) for name in stated._fields if name != "lines"}
    connection.execute(
        sa.insert(consignment).values(id=number, **values, recorded_at=recorded_at, recorded_by=recorded_by)
    )
    rows = [{"consignment": number, "no": no, **line._asdict()} for no, line in enumerate(stated.lines, 1)]
    lines = connection.execute(sa.insert(consignment_line).returning(consignment_line.c.id), rows)
    return number, lines.scalars().all()


def find(connection: sa.Connection, name: ConsignmentKey) -> RegisteredConsignment | None:
    """The consignment of this name; None when there is none."""
    return _first(connection, sa.select(consignment).where(*_named(name)))


def lock(connection: sa.Connection, name: ConsignmentKey) -> RegisteredConsignment | None:
    """The consignment of this name, which no other transaction can lock until this one ends (SQLite has one writer).

    What is read after this is what the transaction has written that held the lock before.
    """
    return _first(connection, sa.select(consignment).where(*_named(name)).with_for_update())


def find_number(connection: sa.Connection, number: int) -> RegisteredConsignment | None:
    """The consignment with this number; None when there is none."""
    return _first(connection, sa.select(consignment).where(consignment.c.id == number))


def list_page(
    connection: sa.Connection, filters: ConsignmentFilters, before: int | None, limit: int
) -> Sequence[RegisteredConsignment]:
    """Up to `limit` consignments with a number below `before`, the newest registration first."""
    wanted = sa.select(consignment).order_by(consignment.c.id.desc()).limit(limit).where(*_conditions(filters))
    if before is not None:
        wanted = wanted.where(consignment.c.id < before)
    return _with_lines(connection, wanted)


def _conditions(filters: ConsignmentFilters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.trade_point is not None:
        yield consignment.c.trade_point == filters.trade_point
    if filters.vehicle_plate is not None:
        yield consignment.c.vehicle_plate == filters.vehicle_plate
    if filters.from_day is not None:
        yield consignment.c.arrived_at >= _midnight(filters.from_day)
    if filters.to_day is not None:
        yield consignment.c.arrived_at < _midnight(filters.to_day + datetime.timedelta(days=1))


def _midnight(day: datetime.date) -> datetime.datetime:
    """The instant in the market at which a business day begins."""
    return datetime.datetime.combine(day, datetime.time(), MARKET_TIME)


def find_states(connection: sa.Connection, registered: Sequence[RegisteredConsignment]) -> list[ConsignmentState]:
    """What was split of each of these consignments, and the other live trades that name them, in one statement."""
    rows = connection.execute(
        _split_statement(connection.dialect.name),
        {"chosen": rows_parameter({"number": one.number} for one in registered)},
    )
    found: dict[int, dict[int | None, Any]] = {one.number: {} for one in registered}
    for row in rows:
        found[row.number][row.consignment_line] = row
    return [_state(one, found[one.number]) for one in registered]


def _state(registered: RegisteredConsignment, rows: Mapping[int | None, Any]) -> ConsignmentState:
    given = [
        LineGiven(int(rows[no].quantity_g), int(rows[no].amount_fen)) if no in rows else LineGiven()
        for no in range(1, len(registered.stated.lines) + 1)
    ]
    other = rows.get(None)
    if other is None:
        return ConsignmentState(registered, given, OtherTrades())
    return ConsignmentState(
        registered, given, OtherTrades(int(other.live), int(other.quantity_g), int(other.amount_fen))
    )


def _split_statement(dialect: str) -> sa.Select[Any]:
    chosen = row_set(dialect, "chosen", {"number": sa.BigInteger})
    is_its_trade = sa.and_(
        journal.c.consignment.is_not(None),  # A database uses the partial index only when the query states this.
        journal.c.consignment == consignment.c.consignment,
        journal.c.trade_point == consignment.c.trade_point,
    )
    return (
        sa.select(
            consignment.c.id.label("number"),
            journal.c.consignment_line,
            sa.func.sum(sa.case((journal.c.reverses.is_(None), 1), else_=-1)).label("live"),
            sa.func.sum(journal.c.quantity_g).label("quantity_g"),
            sa.func.sum(journal.c.amount_fen).label("amount_fen"),
        )
        .select_from(chosen)
        .join(consignment, consignment.c.id == chosen.c.number)
        .join(journal, is_its_trade)
        .group_by(consignment.c.id, journal.c.consignment_line)
    )


def _named(name: ConsignmentKey) -> list[sa.ColumnElement[bool]]:
    return [consignment.c.trade_point == name.trade_point, consignment.c.consignment == name.consignment]


def _first(connection: sa.Connection, wanted: sa.Select[Any]) -> RegisteredConsignment | None:
    return next(iter(_with_lines(connection, wanted)), None)


def _with_lines(connection: sa.Connection, wanted: sa.Select[Any]) -> list[RegisteredConsignment]:
    rows = connection.execute(wanted).all()
    lines: dict[int, list[ConsignmentLine]] = {row.id: [] for row in rows}
    asked = sa.select(consignment_line.c.consignment, *_LINE).where(consignment_line.c.consignment.in_(list(lines)))
    for number, *line in connection.execute(asked.order_by(consignment_line.c.no)) if lines else ():
        lines[number].append(ConsignmentLine(*line))
    return [
        RegisteredConsignment(
            row.id,
            Consignment(
                row.consignment, row.trade_point, row.vehicle_plate, row.seller, row.arrived_at, tuple(lines[row.id])
            ),
            row.recorded_at,
            row.recorded_by,
        )
        for row in rows
    ]
