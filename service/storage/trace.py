"""Sums what flows from trades into transfers and batches, and reads the trades of a trace page by page.

The database adds up: a batch of 10,000 trades from 190 trucks comes as 190 rows. Only live transfers and live batches
count, and what was reversed is counted apart.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.trace import TracedSum, TracedTransfer
from service.storage.consignments import ConsignmentKey
from service.storage.entry_filters import IS_REVERSED
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import (
    enterprise,
    journal,
    processing_batch_reversal,
    processing_input,
    transfer,
    transfer_line,
    transfer_reversal,
    transferred,
)

_IS_LIVE_IMPORT = sa.and_(journal.c.reverses.is_(None), journal.c.direction == "import", ~IS_REVERSED)
_IS_NOT_REVERSED = transfer_reversal.c.id.is_(None)
_LINE = [transfer_line.c[name] for name in ("transfer", "place", "quantity_g", "amount_fen")]
_SUMS = ("quantity_g", "amount_fen")


class TracedGoods(NamedTuple):
    """What a trace is about, as tables of SQL.

    `lines` are the lines of live transfers; `trades` the places of the trades with what of each is traced; `places` the
    places of the trades, where one may come more than once.
    """

    lines: sa.FromClause
    trades: sa.FromClause
    places: sa.FromClause


class TradeCounts(NamedTuple):
    """How many trades are traced, and how many distinct residents they are of."""

    transactions: int
    residents: int


class ReversedBefore(NamedTuple):
    """How many reversed transfers and reversed batches the traced trades were in."""

    transfers: int
    batches: int


class TracedTrade(NamedTuple):
    """A trade of a trace.

    `transferred_g` has gone on by live transfers, `traced_*` is what of the trade the trace is about.
    """

    seq: int
    transaction_id: UUID
    resident: int
    day: Any
    category: str
    commodity: str
    origin: str
    trade_point: str
    consignment: str | None
    vehicle_plate: str | None
    quantity_g: int
    amount_fen: int
    transferred_g: int
    traced_g: int
    traced_fen: int


def goods_of_batch(number: int) -> TracedGoods:
    """What was put into a live batch. Its transfers are live, because a transfer in a live batch can't be reversed."""
    lines = (
        sa.select(*_LINE)
        .join(processing_input, processing_input.c.transfer == transfer_line.c.transfer)
        .where(processing_input.c.batch == number)
        .subquery("lines")
    )
    # A trade may be in several transfers of a batch, in parts.
    trades = sa.select(lines.c.place, *_sums_of(lines)).group_by(lines.c.place)
    return TracedGoods(lines, trades.subquery("trades"), places=lines)


def goods_of_consignment(name: ConsignmentKey) -> TracedGoods:
    """The live imports that name a consignment."""
    return _goods_of_trades(*_naming(name))


def goods_of_trade(seq: int) -> TracedGoods:
    """One trade, by its place in the journal."""
    return _goods_of_trades(journal.c.seq == seq)


def _goods_of_trades(*are_these: sa.ColumnElement[bool]) -> TracedGoods:
    lines = (
        sa.select(*_LINE)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .outerjoin(transfer_reversal, transfer_reversal.c.transfer == transfer_line.c.transfer)
        .where(*are_these, _IS_LIVE_IMPORT, _IS_NOT_REVERSED)
    )
    held = sa.select(journal.c.seq.label("place"), *(journal.c[name] for name in _SUMS))
    trades = held.where(*are_these, _IS_LIVE_IMPORT).subquery("trades")
    return TracedGoods(lines.subquery("lines"), trades, places=trades)


def _naming(name: ConsignmentKey) -> list[sa.ColumnElement[bool]]:
    return [
        journal.c.consignment.is_not(None),  # A database uses the partial index only when the query states this.
        journal.c.consignment == name.consignment,
        journal.c.trade_point == name.trade_point,
    ]


def has_trades(connection: sa.Connection, name: ConsignmentKey) -> bool:
    """Whether an entry of the journal names this consignment."""
    return connection.execute(sa.select(journal.c.seq).where(*_naming(name)).limit(1)).first() is not None


def sum_trades(connection: sa.Connection, goods: TracedGoods) -> list[TracedSum]:
    """What the traced trades hold, by origin and truck."""
    return _summed(connection, goods.trades)


def sum_lines(connection: sa.Connection, goods: TracedGoods) -> list[TracedSum]:
    """What of the traced goods has gone on, by transfer, origin and truck."""
    return _summed(connection, goods.lines, goods.lines.c.transfer)


def _summed(connection: sa.Connection, table: sa.FromClause, *by: sa.ColumnElement[int]) -> list[TracedSum]:
    of = journal.c
    # What differs most comes first, because PostgreSQL may sort by it.
    key = (*by, of.consignment, of.origin, of.trade_point)
    plates = sa.func.min(of.vehicle_plate), sa.func.max(of.vehicle_plate)
    plate = sa.case((plates[0] == plates[1], plates[0]))
    transfer = by[0] if by else sa.null()
    asked = (
        sa.select(of.origin, of.trade_point, of.consignment, plate, transfer, *_sums_of(table))
        .select_from(table)
        .join(journal, of.seq == table.c.place)
        .group_by(*key)
    )
    return [TracedSum._make(row) for row in connection.execute(asked)]


def _sums_of(table: sa.FromClause) -> list[sa.ColumnElement[int]]:
    # PostgreSQL's sums of integers are of any size, and come as decimals.
    return [sa.cast(sa.func.sum(table.c[name]), sa.BigInteger).label(name) for name in _SUMS]


def count_trades(connection: sa.Connection, goods: TracedGoods) -> TradeCounts:
    """How many trades and distinct residents the traced goods are of."""
    place = goods.places.c.place
    asked = (
        sa.select(sa.func.count(place.distinct()), sa.func.count(journal.c.resident.distinct()))
        .select_from(goods.places)
        .join(journal, journal.c.seq == place)
    )
    return TradeCounts._make(connection.execute(asked).one())


def find_transfers(connection: sa.Connection, numbers: Collection[int]) -> dict[int, TracedTransfer]:
    """These transfers whole, each with its enterprise and with the live batch that it is in."""
    chosen = row_set(connection.dialect.name, "chosen", {"number": sa.BigInteger})
    live = (
        sa.select(processing_input.c.transfer, processing_input.c.batch)
        .outerjoin(processing_batch_reversal, processing_batch_reversal.c.processing_batch == processing_input.c.batch)
        .where(processing_batch_reversal.c.id.is_(None))
        .subquery("live")
    )
    of = transfer.c
    figures = (of.purpose, of.transferred_on, of.trade_point, of.quantity_g, of.amount_fen)
    wanted = (
        sa.select(of.id, of.enterprise, enterprise.c.name, *figures, live.c.batch)
        .select_from(chosen)
        .join(transfer, of.id == chosen.c.number)
        .join(enterprise, enterprise.c.id == of.enterprise)
        .outerjoin(live, live.c.transfer == of.id)
    )
    rows = connection.execute(wanted, {"chosen": rows_parameter({"number": number} for number in numbers)})
    return {row.id: TracedTransfer(*row) for row in rows}


def count_reversed(connection: sa.Connection, goods: TracedGoods) -> ReversedBefore:
    """How many transfers and batches the traced trades were in that have been reversed."""
    touching = (
        sa.select(transfer_line.c.transfer)
        .distinct()
        .select_from(goods.places)
        .join(transfer_line, transfer_line.c.place == goods.places.c.place)
        .cte("touching")
    )
    transfers = (
        sa.select(sa.func.count())
        .select_from(touching)
        .join(transfer_reversal, transfer_reversal.c.transfer == touching.c.transfer)
    )
    batches = (
        sa.select(sa.func.count(processing_input.c.batch.distinct()))
        .select_from(touching)
        .join(processing_input, processing_input.c.transfer == touching.c.transfer)
        .join(processing_batch_reversal, processing_batch_reversal.c.processing_batch == processing_input.c.batch)
    )
    counts = sa.select(transfers.scalar_subquery(), batches.scalar_subquery())
    return ReversedBefore(*connection.execute(counts).one())


def list_trades(connection: sa.Connection, goods: TracedGoods, after: int | None, limit: int) -> list[TracedTrade]:
    """Up to `limit` trades behind a place in the journal, in its order."""
    some = sa.select(goods.trades).order_by(goods.trades.c.place).limit(limit)
    if after is not None:
        some = some.where(goods.trades.c.place > after)
    # The database finds the page first, and reads whole rows for these places only.
    page, of = some.subquery("page"), journal.c
    names = TracedTrade._fields[: TracedTrade._fields.index("transferred_g")]
    wanted = (
        sa.select(
            *(of[name] for name in names),
            sa.func.coalesce(transferred.c.gone_g, 0),
            *(page.c[name] for name in _SUMS),
        )
        .select_from(page)
        .join(journal, of.seq == page.c.place)
        .outerjoin(transferred, transferred.c.place == page.c.place)
        .order_by(page.c.place)
    )
    return [TracedTrade._make(row) for row in connection.execute(wanted)]
