"""Counts loads: consignments, and plates on a day, with many residents at the limit, and who is behind all of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from service.domain.signal_rules import Load, Sameness, Taken, one_buyer
from service.domain.signals import CONSIGNMENT_RESIDENTS_MIN, BuyerKind, EntryScope
from service.storage.columns import DayType, as_stored
from service.storage.signal_entries import BY_CONSIGNMENT, BY_PLATE, EntryWay, behind
from service.storage.signals import IS_AT_LIMIT, IS_ITS_DAY, LIMIT_FEN, USED_FEN, is_live_in
from service.storage.tables import allowance_use, journal
from service.storage.transfer_tables import enterprise, transfer, transfer_line, transfer_reversal


def count_loads(connection: sa.Connection, asked: EntryScope) -> list[Load]:
    """The loads with many residents at the limit: consignments, and plates on a day where no consignment is named."""
    named = journal.c.consignment
    plate, day = (
        sa.case((named.is_(None), column)).label(name)
        for name, column in (("plate", journal.c.vehicle_plate), ("plate_day", as_stored(journal.c.day)))
    )
    at_limit = sa.func.count(sa.case((IS_AT_LIMIT, journal.c.resident)).distinct())
    wanted = (
        sa.select(
            journal.c.trade_point,
            named,
            plate,
            sa.type_coerce(day, DayType),
            at_limit.label("at_limit"),
            sa.func.min(sa.case((IS_AT_LIMIT, USED_FEN * 10_000 // LIMIT_FEN))).label("least_used"),
            sa.func.sum(sa.case((IS_AT_LIMIT, 1), else_=0)).label("trades"),
            *_sameness("declarant", sa.func.coalesce(journal.c.declarant, journal.c.resident)),
            *_sameness("seller", journal.c.seller),
        )
        .join(allowance_use, IS_ITS_DAY, isouter=True)
        .where(
            *is_live_in(asked),
            journal.c.direction == "import",
            named.is_not(None) | journal.c.vehicle_plate.is_not(None),
        )
        .group_by(journal.c.trade_point, named, plate, day)
        .having(at_limit >= CONSIGNMENT_RESIDENTS_MIN)
    )
    rows = connection.execute(wanted).all()
    loads = [_load_of(row, asked) for row in rows]
    taken = _taken_of(connection, [load.scope for load in loads])
    return [
        load._replace(buyer=one_buyer(load.at_limit, row.trades, taken.get(no, ()), _stated(row)))
        for no, (load, row) in enumerate(zip(loads, rows, strict=True))
    ]


def _sameness(name: str, value: sa.ColumnElement[Any]) -> Iterator[sa.ColumnElement[Any]]:
    """The columns of a Sameness over the trades of residents at the limit."""
    compared = sa.case((IS_AT_LIMIT, value))
    yield sa.func.min(compared).label(f"{name}_lowest")
    yield sa.func.max(compared).label(f"{name}_highest")
    yield sa.func.count(compared).label(f"{name}_trades")


def _load_of(row: Any, asked: EntryScope) -> Load:
    first, last = row.plate_day or asked.first_day, row.plate_day or asked.last_day
    return Load(row.trade_point, row.consignment, row.plate, first, last, row.at_limit, row.least_used)


def _stated(row: Any) -> dict[BuyerKind, Sameness]:
    """What the trades of residents at the limit say of who declared them and who sold the goods."""
    return {
        "declarant": Sameness(row.declarant_lowest, row.declarant_highest, row.declarant_trades),
        "seller": Sameness(row.seller_lowest, row.seller_highest, row.seller_trades),
    }


def _taken_of(connection: sa.Connection, scopes: Sequence[EntryScope]) -> dict[int, list[Taken]]:
    """What each enterprise has taken from residents at the limit by live transfers, by the number of the scope."""
    found: dict[int, list[Taken]] = {}
    for way in (BY_CONSIGNMENT, BY_PLATE):
        own = {no: scope for no, scope in enumerate(scopes) if (scope.consignment is None) == (way is BY_PLATE)}
        if own:
            found |= _taken_by(connection, way, own)
    return found


def _taken_by(connection: sa.Connection, way: EntryWay, scopes: Mapping[int, EntryScope]) -> dict[int, list[Taken]]:
    own = behind(connection, way, scopes)
    is_reversed = sa.exists().where(transfer_reversal.c.transfer == transfer.c.id)
    gone = (
        own.rows.join(journal, own.condition)
        .join(allowance_use, IS_ITS_DAY)
        .join(transfer_line, transfer_line.c.place == journal.c.seq)
        .join(transfer, transfer.c.id == transfer_line.c.transfer)
    )
    wanted = (
        sa.select(
            own.rows.c.no,
            transfer.c.enterprise,
            sa.func.count(journal.c.resident.distinct()),
            sa.func.sum(transfer_line.c.amount_fen),
        )
        .select_from(gone)
        .where(IS_AT_LIMIT, ~is_reversed)
        .group_by(own.rows.c.no, transfer.c.enterprise)
    )
    found: dict[int, list[Taken]] = {}
    for no, taker, residents, amount_fen in connection.execute(wanted, own.parameters):
        found.setdefault(no, []).append(Taken(taker, residents, int(amount_fen)))
    return found


def enterprise_names(connection: sa.Connection, numbers: Collection[int]) -> dict[int, str]:
    """The names of enterprises by their numbers."""
    wanted = sa.select(enterprise.c.id, enterprise.c.name).where(enterprise.c.id.in_(sorted(numbers)))
    return {row.id: row.name for row in connection.execute(wanted)}
