"""Sums what flows from trades into transfers and batches, and reads the trades of a trace page by page.

The database adds up: a batch of 10,000 trades from 190 trucks comes as 190 rows. Only live transfers and live batches
count, and what was reversed is counted apart.
"""

from collections.abc import Collection, Sequence
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
_SUMS = ("quantity_g", "amount_fen")
_LINE = [transfer_line.c[name] for name in ("transfer", "place", *_SUMS)]
_FROM = [journal.c[name] for name in ("resident", "origin", "trade_point", "consignment", "vehicle_plate")]
"""What a trace tells of a trade's origin, and whose it was."""


class TracedGoods(NamedTuple):
    """What a trace is about, as tables of SQL.

    `rows` are lines of a batch, or whole trades (`are_lines`), each with its place, grams and fen and with what the
    journal says of its trade; `trades` are the places of the trades with what of each is traced.
    """

    rows: sa.CTE
    are_lines: bool
    trades: sa.FromClause


class GoodsSummed(NamedTuple):
    """What is traced by origin and truck (`held`), and what of it has gone on by transfer, origin and truck (`lines`).

    `transactions` and `residents` count the distinct trades and residents, `reversed_*` the reversed transfers and the
    reversed batches that the trades were in.
    """

    held: Sequence[TracedSum]
    lines: Sequence[TracedSum]
    transactions: int
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
    put_in = (
        sa.select(*_LINE)
        .join(processing_input, processing_input.c.transfer == transfer_line.c.transfer)
        .where(processing_input.c.batch == number)
    )
    lines = put_in.subquery("lines")
    rows = sa.select(lines, *_FROM).join(journal, journal.c.seq == lines.c.place)
    # A trade may be in several transfers of a batch, in parts. The rows come in order, so that a page ends early.
    ordered = put_in.order_by(transfer_line.c.place).subquery("ordered")
    trades = sa.select(ordered.c.place, *_sums_of(ordered)).group_by(ordered.c.place)
    return TracedGoods(_kept("goods", rows), True, trades.subquery("trades"))


def _kept(name: str, rows: sa.Select[Any]) -> sa.CTE:
    """Rows that the database reads once and keeps while it uses them several times."""
    return rows.cte(name).prefix_with("MATERIALIZED")


def goods_of_consignment(name: ConsignmentKey) -> TracedGoods:
    """The live imports that name a consignment."""
    return _goods_of_trades(*_naming(name))


def goods_of_trade(seq: int) -> TracedGoods:
    """One trade, by its place in the journal."""
    return _goods_of_trades(journal.c.seq == seq)


def _goods_of_trades(*are_these: sa.ColumnElement[bool]) -> TracedGoods:
    place = journal.c.seq.label("place")
    sums = [journal.c[name] for name in _SUMS]
    trades = sa.select(place, *sums).where(*are_these, _IS_LIVE_IMPORT).subquery("trades")
    rows = sa.select(place, *sums, *_FROM).where(*are_these, _IS_LIVE_IMPORT)
    return TracedGoods(_kept("goods", rows), False, trades)


def _naming(name: ConsignmentKey) -> list[sa.ColumnElement[bool]]:
    return [
        journal.c.consignment.is_not(None),  # A database uses the partial index only when the query states this.
        journal.c.consignment == name.consignment,
        journal.c.trade_point == name.trade_point,
    ]


def has_trades(connection: sa.Connection, name: ConsignmentKey) -> bool:
    """Whether an entry of the journal names this consignment."""
    return connection.execute(sa.select(journal.c.seq).where(*_naming(name)).limit(1)).first() is not None


def sum_goods(connection: sa.Connection, goods: TracedGoods) -> GoodsSummed:
    """What is traced, what of it has gone on, and how many trades and residents it is of, in one statement."""
    rows = goods.rows.c
    if goods.are_lines:
        summed = _summed(goods.rows, goods.rows, rows.transfer).subquery("summed")
    else:
        gone = goods.rows.join(transfer_line, transfer_line.c.place == rows.place).outerjoin(
            transfer_reversal, transfer_reversal.c.transfer == transfer_line.c.transfer
        )
        of_lines = _summed(goods.rows, transfer_line, transfer_line.c.transfer)
        gone_on = of_lines.select_from(gone).where(_IS_NOT_REVERSED)
        summed = sa.union_all(_summed(goods.rows, goods.rows), gone_on).subquery("summed")
    counts = _counts(goods)
    found = connection.execute(sa.select(summed, *counts)).all()
    sums = [TracedSum._make(row[: -len(counts)]) for row in found]
    lines = [one for one in sums if one.transfer is not None]
    held = lines if goods.are_lines else [one for one in sums if one.transfer is None]
    # Without rows there is nothing to count.
    return GoodsSummed(held, lines, *(found[0][-len(counts) :] if found else (0, 0, 0, 0)))


def _summed(goods: sa.CTE, sums: sa.FromClause, *by: sa.ColumnElement[int]) -> sa.Select[Any]:
    """The sums of rows by origin and truck, in the order of the fields of TracedSum."""
    of = goods.c
    # What differs most comes first, because PostgreSQL may sort by it.
    key = (*by, of.consignment, of.origin, of.trade_point)
    plates = sa.func.min(of.vehicle_plate), sa.func.max(of.vehicle_plate)
    plate = sa.case((plates[0] == plates[1], plates[0])).label("plate")
    transfer = by[0] if by else sa.cast(sa.null(), sa.Integer).label("transfer")
    return sa.select(of.origin, of.trade_point, of.consignment, plate, transfer, *_sums_of(sums)).group_by(*key)


def _counts(goods: TracedGoods) -> list[sa.ScalarSelect[int]]:
    """The distinct trades and residents of rows, and the reversed transfers and batches that these trades were in."""
    rows, line, into = goods.rows, transfer_line.c, processing_input.c
    # A whole trade is one row.
    trades = sa.select(rows.c.place).distinct() if goods.are_lines else sa.select(rows.c.place)
    # Without this condition, a database that has no statistics looks for reversed transfers also when there are none.
    has_reversals = sa.or_(
        sa.exists(sa.select(transfer_reversal.c.id)), sa.exists(sa.select(processing_batch_reversal.c.id))
    )
    named = sa.select(line.transfer).distinct().join(rows, rows.c.place == line.place).where(has_reversals)
    touching = _kept("touching", named)
    is_touching = sa.select(touching.c.transfer)
    transfers = sa.select(transfer_reversal.c.id).where(transfer_reversal.c.transfer.in_(is_touching))
    batches = (
        sa.select(into.batch)
        .join(processing_batch_reversal, processing_batch_reversal.c.processing_batch == into.batch)
        .where(into.transfer.in_(is_touching))
    )
    # PostgreSQL counts rows of a DISTINCT by hashing, and sorts for count(DISTINCT …).
    counted = (trades, sa.select(rows.c.resident).distinct(), transfers, batches.distinct())
    return [sa.select(sa.func.count()).select_from(one.subquery()).scalar_subquery() for one in counted]


def _sums_of(table: sa.FromClause) -> list[sa.ColumnElement[int]]:
    # PostgreSQL's sums of integers are of any size, and come as decimals.
    return [sa.cast(sa.func.sum(table.c[name]), sa.BigInteger).label(name) for name in _SUMS]


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
