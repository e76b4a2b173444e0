"""Sums what flows from trades into transfers and batches, and reads the trades of a trace page by page.

The database adds up: a batch of 10,000 trades from 190 trucks comes as 190 rows. Only live transfers and live batches
count, and what was reversed is counted apart.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
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
_LINE = [transfer_line.c[name] for name in ("transfer", "place", "quantity_g", "amount_fen", "is_whole")]
_SUMS = ("quantity_g", "amount_fen")


class TracedGoods(NamedTuple):
    """What a trace is about, as tables of SQL.

    `lines` are the lines of live transfers; `trades` the places of the trades with what of each is traced; `places` the
    places of the trades, where one may come more than once.
    """

    lines: sa.FromClause
    trades: sa.FromClause
    places: sa.FromClause


class Summed(NamedTuple):
    """The sums of a table of goods: by origin and truck (and transfer), and how many trades and residents there are."""

    sums: Sequence[TracedSum]
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
        .where(*are_these, _IS_LIVE_IMPORT, transfer_reversal.c.id.is_(None))
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


def sum_trades(connection: sa.Connection, goods: TracedGoods) -> Summed:
    """What the traced trades hold, by origin and truck."""
    asked = _sums_by(goods.trades, [], connection.dialect.name).add_columns(sa.null().label("transfer"))
    return _summed(connection, asked.add_columns(sa.func.count().label("whole"), sa.null().label("parts")))


def sum_lines(connection: sa.Connection, goods: TracedGoods) -> Summed:
    """What of the traced goods has gone on, by origin, truck and transfer."""
    lines, dialect = goods.lines, connection.dialect.name
    parts = _collected(lines.c.place, dialect).filter(~lines.c.is_whole)
    asked = _sums_by(lines, [lines.c.transfer], dialect).add_columns(lines.c.transfer)
    return _summed(
        connection,
        asked.add_columns(sa.func.count().filter(lines.c.is_whole).label("whole"), parts.label("parts")),
    )


def _sums_by(table: sa.FromClause, by: Sequence[sa.ColumnElement[Any]], dialect: str) -> sa.Select[Any]:
    of = journal.c
    key = of.origin, of.trade_point, of.consignment
    plates = sa.func.min(of.vehicle_plate), sa.func.max(of.vehicle_plate)
    plate = sa.case((plates[0] == plates[1], plates[0])).label("vehicle_plate")
    return (
        sa.select(*key, plate, *_sums_of(table), _collected(of.resident, dialect).label("residents"))
        .select_from(table)
        .join(journal, of.seq == table.c.place)
        .group_by(*key, *by)
    )


def _summed(connection: sa.Connection, asked: sa.Select[Any]) -> Summed:
    """The sums of a statement.

    The database gives the residents of each group as they are, and this function counts the distinct ones, because SQL
    would look all trades up a second time. It does the same for trades that are in several lines, in parts.
    """
    rows = connection.execute(asked).all()
    residents = {one for row in rows for one in _numbers(row.residents)}
    parts = {one for row in rows for one in _numbers(row.parts)}
    sums = [TracedSum(*(getattr(row, name) for name in TracedSum._fields)) for row in rows]
    return Summed(sums, sum(row.whole for row in rows) + len(parts), len(residents))


def _sums_of(table: sa.FromClause) -> list[sa.ColumnElement[int]]:
    # PostgreSQL's sums of integers are of any size, and come as decimals.
    return [sa.cast(sa.func.sum(table.c[name]), sa.BigInteger).label(name) for name in _SUMS]


def _collected(column: sa.ColumnElement[int], dialect: str) -> sa.FunctionElement[Any]:
    """All numbers of a group in one value, which `_numbers` reads."""
    return sa.func.array_agg(column) if dialect == "postgresql" else sa.func.json_group_array(column)


def _numbers(collected: str | Sequence[int] | None) -> Sequence[int]:
    if isinstance(collected, str):
        found: Sequence[int] = orjson.loads(collected)
        return found
    return collected or ()


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
