"""Sums what flows from trades into transfers and batches, and reads the trades of a trace page by page.

The database adds up: a batch of 10,000 trades from 190 trucks comes as 190 rows. Only live transfers and live batches
count, and what was reversed is counted apart.
"""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.trace import TracedFlow, TracedSource, TracedTransfer
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
_LINE = (transfer_line.c.transfer, transfer_line.c.place, transfer_line.c.quantity_g, transfer_line.c.amount_fen)
_SUMS = ("quantity_g", "amount_fen")


class TracedGoods(NamedTuple):
    """What a trace is about, as tables of SQL.

    `lines` are the lines of live transfers, `trades` the places of the trades with what of each is traced.
    """

    lines: sa.FromClause
    trades: sa.FromClause


class Beside(NamedTuple):
    """How many residents the trades of a trace have, and how many reversed transfers and batches there were of them."""

    residents: int
    reversed_transfers: int
    reversed_batches: int


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
    )
    # A trade may be in several transfers of a batch, in parts.
    by_trade = lines.subquery("put_in")
    trades = sa.select(by_trade.c.place, *_sums_of(by_trade)).group_by(by_trade.c.place)
    return TracedGoods(lines.subquery("lines"), trades.subquery("trades"))


def goods_of_consignment(name: ConsignmentKey) -> TracedGoods:
    """The live imports that name a consignment."""
    return _goods_of_trades(
        journal.c.consignment.is_not(None),  # A database uses the partial index only when the query states this.
        journal.c.consignment == name.consignment,
        journal.c.trade_point == name.trade_point,
    )


def goods_of_trade(seq: int) -> TracedGoods:
    """One trade, by its place in the journal."""
    return _goods_of_trades(journal.c.seq == seq)


def _sums_of(table: sa.FromClause) -> list[sa.ColumnElement[int]]:
    # PostgreSQL's sums of integers are of any size, and come as decimals.
    return [sa.cast(sa.func.sum(table.c[name]), sa.BigInteger).label(name) for name in _SUMS]


def _goods_of_trades(*are_these: sa.ColumnElement[bool]) -> TracedGoods:
    lines = (
        sa.select(*_LINE)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .outerjoin(transfer_reversal, transfer_reversal.c.transfer == transfer_line.c.transfer)
        .where(*are_these, _IS_LIVE_IMPORT, transfer_reversal.c.id.is_(None))
    )
    trades = sa.select(journal.c.seq.label("place"), *(journal.c[name] for name in _SUMS))
    return TracedGoods(lines.subquery("lines"), trades.where(*are_these, _IS_LIVE_IMPORT).subquery("trades"))


def has_trades(connection: sa.Connection, name: ConsignmentKey) -> bool:
    """Whether an entry of the journal names this consignment."""
    named = sa.select(journal.c.seq).where(
        journal.c.consignment.is_not(None),
        journal.c.consignment == name.consignment,
        journal.c.trade_point == name.trade_point,
    )
    return connection.execute(named.limit(1)).first() is not None


def sum_sources(connection: sa.Connection, goods: TracedGoods) -> list[TracedSource]:
    """What the trades hold of the traced goods, by origin and truck."""
    trades, of = goods.trades, journal.c
    plates = sa.func.min(of.vehicle_plate), sa.func.max(of.vehicle_plate)
    plate = sa.case((plates[0] == plates[1], plates[0]))
    key = (of.origin, of.trade_point, of.consignment)
    asked = (
        sa.select(*key, plate, sa.func.count(), *_sums_of(trades))
        .select_from(trades)
        .join(journal, of.seq == trades.c.place)
        .group_by(*key)
        .order_by(*key)
    )
    return [TracedSource(*row) for row in connection.execute(asked)]


def sum_flows(connection: sa.Connection, goods: TracedGoods) -> list[TracedFlow]:
    """What of the traced goods has gone on, by origin, truck and transfer."""
    lines, of = goods.lines, journal.c
    key = (of.origin, of.trade_point, of.consignment, lines.c.transfer)
    asked = (
        sa.select(*key, *_sums_of(lines))
        .select_from(lines)
        .join(journal, of.seq == lines.c.place)
        .group_by(*key)
        .order_by(*key)
    )
    return [TracedFlow(*row) for row in connection.execute(asked)]


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
    wanted = (
        sa.select(
            of.id,
            of.enterprise,
            enterprise.c.name,
            of.purpose,
            of.transferred_on,
            of.trade_point,
            of.quantity_g,
            of.amount_fen,
            live.c.batch,
        )
        .select_from(chosen)
        .join(transfer, of.id == chosen.c.number)
        .join(enterprise, enterprise.c.id == of.enterprise)
        .outerjoin(live, live.c.transfer == of.id)
    )
    rows = connection.execute(wanted, {"chosen": rows_parameter({"number": number} for number in numbers)})
    return {row.id: TracedTransfer(*row) for row in rows}


def count_beside(connection: sa.Connection, goods: TracedGoods) -> Beside:
    """Distinct residents of the traced trades, and the reversed transfers and batches that these trades were in."""
    trades = goods.trades
    residents = (
        sa.select(sa.func.count(journal.c.resident.distinct()))
        .select_from(trades)
        .join(journal, journal.c.seq == trades.c.place)
    )
    touching = (
        sa.select(transfer_line.c.transfer.distinct().label("transfer"))
        .select_from(trades)
        .join(transfer_line, transfer_line.c.place == trades.c.place)
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
    counts = residents.scalar_subquery(), transfers.scalar_subquery(), batches.scalar_subquery()
    return Beside(*connection.execute(sa.select(*counts)).one())


def list_trades(connection: sa.Connection, goods: TracedGoods, after: int | None, limit: int) -> list[TracedTrade]:
    """Up to `limit` trades behind a place in the journal, in its order."""
    trades, of = goods.trades, journal.c
    names = TracedTrade._fields[: TracedTrade._fields.index("transferred_g")]
    wanted = (
        sa.select(
            *(of[name] for name in names),
            sa.func.coalesce(transferred.c.gone_g, 0),
            *(trades.c[name] for name in _SUMS),
        )
        .select_from(trades)
        .join(journal, of.seq == trades.c.place)
        .outerjoin(transferred, transferred.c.place == trades.c.place)
        .order_by(trades.c.place)
        .limit(limit)
    )
    if after is not None:
        wanted = wanted.where(trades.c.place > after)
    return [TracedTrade._make(row) for row in connection.execute(wanted)]
