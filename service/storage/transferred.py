"""What of each trade has gone on by live transfers: the trades that a transfer names, their locks, and the sums.

A transfer locks the allowance rows of its trades, as the reversals of these trades do, so that one of the two sees what
the other has written. The sums change under the lock of registrations only, so no two transfers write one row at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from service.domain.allowance import NO_LIST_GROUP
from service.domain.transfer_lines import MarketTrade, TradeState
from service.domain.transfers import GoneOn, TransferLine
from service.storage import allowance
from service.storage.columns import Uuid
from service.storage.rowsets import BulkInsert, row_set, rows_parameter
from service.storage.tables import journal, transfer_line, transfer_reversal, transferred

_reversal = journal.alias("reversal")
_TRADE = (
    journal.c.seq, journal.c.transaction_id, journal.c.resident, journal.c.day, journal.c.trade_point,
    journal.c.direction == "import", journal.c.reverses.is_not(None), journal.c.quantity_g, journal.c.amount_fen,
)  # fmt: skip
"""The columns of a MarketTrade, in its order."""
_SUMS = {"place": sa.BigInteger, "gone_g": sa.BigInteger, "gone_fen": sa.BigInteger}
_INSERT = BulkInsert(transferred, ("place", "quantity_g", "amount_fen", "gone_g", "gone_fen"))
IS_LIVE = ~sa.exists().where(transfer_reversal.c.transfer == transfer_line.c.transfer)
"""Whether the transfer of a line is not reversed."""


def find_trades(connection: sa.Connection, transaction_ids: Collection[UUID]) -> dict[UUID, MarketTrade]:
    """Those of these entries that are in the journal."""
    ids = row_set(connection.dialect.name, "ids", {"id": Uuid})
    wanted = sa.select(*_TRADE).join(ids, ids.c.id == journal.c.transaction_id)
    rows = connection.execute(wanted, {"ids": rows_parameter({"id": one} for one in transaction_ids)})
    return {trade.transaction_id: trade for trade in map(MarketTrade._make, rows)}


def find_left(connection: sa.Connection, trade_point: str, consignment: str, limit: int) -> list[MarketTrade]:
    """The live import trades of a consignment that have not gone on whole, at most `limit`, in order."""
    wanted = (
        sa.select(*_TRADE)
        .outerjoin(transferred, transferred.c.place == journal.c.seq)
        .where(*_imports_of(trade_point, consignment), _IS_NOT_REVERSED)
        .where(sa.func.coalesce(transferred.c.gone_g, 0) < journal.c.quantity_g)
        .order_by(journal.c.seq)
        .limit(limit)
    )
    return [MarketTrade._make(row) for row in connection.execute(wanted)]


def find_newest_import(
    connection: sa.Connection, trade_point: str, consignment: str
) -> tuple[UUID, UUID | None] | None:
    """The newest import trade of a consignment, a live one if there is one, and the id of its reversal, or None."""
    wanted = (
        sa.select(journal.c.transaction_id, _reversal.c.transaction_id.label("reversal_id"))
        .outerjoin(_reversal, _reversal.c.reverses == journal.c.transaction_id)
        .where(*_imports_of(trade_point, consignment))
        .order_by(_reversal.c.seq.is_not(None), journal.c.seq.desc())
        .limit(1)
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else (row.transaction_id, row.reversal_id)


def lock(connection: sa.Connection, trades: Iterable[MarketTrade]) -> None:
    """Locks the value rows of these trades' residents and days until the transaction ends, in sorted order.

    Each import trade has opened its row, and a reversal of the trade locks the same row before it looks for transfers.
    """
    allowance.lock(connection, sorted({(trade.resident, trade.day, NO_LIST_GROUP) for trade in trades}))


def read_states(connection: sa.Connection, trades: Sequence[MarketTrade]) -> dict[int, TradeState]:
    """The states of those of these trades that were reversed, or were ever in a transfer, by their places."""
    dialect = connection.dialect.name
    asked = row_set(dialect, "trades", {"place": sa.BigInteger, "id": Uuid})
    wanted = (
        sa.select(
            asked.c.place, _reversal.c.transaction_id, transferred.c.place.is_not(None),
            transferred.c.gone_g, transferred.c.gone_fen,
        )
        .select_from(asked)
        .outerjoin(_reversal, _reversal.c.reverses == asked.c.id)
        .outerjoin(transferred, transferred.c.place == asked.c.place)
        .where(_reversal.c.seq.is_not(None) | transferred.c.place.is_not(None))
    )  # fmt: skip
    parameters = rows_parameter({"place": trade.place, "id": trade.transaction_id} for trade in trades)
    return {
        place: TradeState(reversal, GoneOn(gone_g or 0, gone_fen or 0), bool(is_recorded))
        for place, reversal, is_recorded, gone_g, gone_fen in connection.execute(wanted, {"trades": parameters})
    }


def add(
    connection: sa.Connection,
    trades: Sequence[MarketTrade],
    states: Mapping[int, TradeState],
    lines: Sequence[TransferLine],
) -> None:
    """Adds lines to what of their trades has gone on, and opens the rows of the trades that have none, in order.

    Raises sqlalchemy.exc.IntegrityError when more would go on than there is: the table states the rule a second time.
    """
    pairs = sorted(zip(trades, lines, strict=True))
    known = {place for place, state in states.items() if state.is_recorded}
    _change(connection, [line for trade, line in pairs if trade.place in known], 1)
    opened = [
        (trade.place, trade.quantity_g, trade.amount_fen, line.quantity_g, line.amount_fen)
        for trade, line in pairs
        if trade.place not in known
    ]
    _INSERT.run(connection, opened)


def give_back(connection: sa.Connection, lines: Sequence[TransferLine]) -> None:
    """Subtracts the lines of a transfer that is reversed from what of their trades has gone on."""
    _change(connection, sorted(lines, key=lambda line: line.place), -1)


def _change(connection: sa.Connection, lines: Sequence[TransferLine], sign: int) -> None:
    if not lines:
        return
    changes = row_set(connection.dialect.name, "changes", _SUMS)
    statement = (
        sa.update(transferred)
        .where(transferred.c.place == changes.c.place)
        .values(
            gone_g=transferred.c.gone_g + changes.c.gone_g,
            gone_fen=transferred.c.gone_fen + changes.c.gone_fen,
        )
    )
    rows = (
        {"place": line.place, "gone_g": sign * line.quantity_g, "gone_fen": sign * line.amount_fen} for line in lines
    )
    changed = connection.execute(statement, {"changes": rows_parameter(rows)}).rowcount
    assert changed == len(lines), "a trade in a transfer has no row that counts what has gone on"


def find_gone(connection: sa.Connection, places: Collection[int]) -> dict[int, GoneOn]:
    """What has gone on of those of these trades that were ever in a transfer, by their places."""
    asked = row_set(connection.dialect.name, "asked", {"place": sa.BigInteger})
    wanted = sa.select(transferred.c.place, transferred.c.gone_g, transferred.c.gone_fen).join(
        asked, asked.c.place == transferred.c.place
    )
    rows = connection.execute(wanted, {"asked": rows_parameter({"place": place} for place in places)})
    return {place: GoneOn(gone_g, gone_fen) for place, gone_g, gone_fen in rows}


def find_live_transfers(connection: sa.Connection, transaction_ids: Collection[UUID]) -> dict[UUID, list[int]]:
    """The numbers of the live transfers of those of these trades that are in one, ascending."""
    ids = row_set(connection.dialect.name, "ids", {"id": Uuid})
    wanted: sa.Select[Any] = (
        sa.select(journal.c.transaction_id, transfer_line.c.transfer)
        .select_from(ids)
        .join(journal, journal.c.transaction_id == ids.c.id)
        .join(transfer_line, transfer_line.c.place == journal.c.seq)
        .where(IS_LIVE)
        .order_by(transfer_line.c.transfer)
    )
    found: dict[UUID, list[int]] = {}
    rows = connection.execute(wanted, {"ids": rows_parameter({"id": one} for one in transaction_ids)})
    for transaction_id, number in rows:
        found.setdefault(transaction_id, []).append(number)
    return found


def _imports_of(trade_point: str, consignment: str) -> list[sa.ColumnElement[bool]]:
    return [
        journal.c.consignment == consignment, journal.c.trade_point == trade_point,
        journal.c.reverses.is_(None), journal.c.direction == "import",
    ]  # fmt: skip


_IS_NOT_REVERSED = ~sa.exists().where(_reversal.c.reverses == journal.c.transaction_id)
