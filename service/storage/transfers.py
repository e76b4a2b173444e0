"""Stores transfers with their lines and their reversals, and reads them with what became of them since."""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from service.domain.recorded_transfers import (
    MovedGoods,
    RecordedTransfer,
    ShownLine,
    TransferReversal,
    TransferTruck,
    TransferWithLines,
)
from service.domain.transfers import NewTransfer, Purpose, TransferLine, lines_digest
from service.storage.rowsets import BulkInsert
from service.storage.tables import (
    enterprise,
    journal,
    processing_batch_reversal,
    processing_input,
    transfer,
    transfer_line,
    transfer_reversal,
)

_INSERT_LINES = BulkInsert(transfer_line, ("transfer", *TransferLine._fields))


@dataclass(frozen=True, slots=True)
class TransferFilters:
    """The filters of the list of transfers; the days are those of the transfers, both included.

    `consignment` and `transaction_id` keep the transfers with goods of that consignment, or of that trade. With a trade
    point, only transfers all of whose trades are of that point.
    """

    enterprise: int | None = None
    purpose: Purpose | None = None
    trade_point: str | None = None
    consignment: str | None = None
    transaction_id: UUID | None = None
    is_reversed: bool | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None


class Parties(NamedTuple):
    """What a transfer's row says of its trades: their trade point (None for several), consignment, and residents."""

    trade_point: str | None
    consignment: str | None
    residents: int


def insert(
    connection: sa.Connection,
    stated: NewTransfer,
    parties: Parties,
    lines: Sequence[TransferLine],
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> int:
    """Adds a transfer with its lines under the next number, and returns the number.

    The caller holds the lock of registrations, and has judged the lines behind the locks of their trades.
    """
    number = _next_number(connection)
    added = {
        **stated._asdict(),
        **parties._asdict(),
        "lines": len(lines),
        "quantity_g": sum(line.quantity_g for line in lines),
        "amount_fen": sum(line.amount_fen for line in lines),
        "lines_digest": lines_digest(lines),
    }
    connection.execute(sa.insert(transfer).values(id=number, **added, recorded_at=recorded_at, recorded_by=recorded_by))
    _INSERT_LINES.run(connection, [(number, *line) for line in lines])
    return number


def _next_number(connection: sa.Connection) -> int:
    number: int = connection.execute(sa.select(sa.func.coalesce(sa.func.max(transfer.c.id), 0) + 1)).scalar_one()
    return number


def insert_reversal(
    connection: sa.Connection, number: int, reason: str, recorded_at: datetime.datetime, recorded_by: int
) -> int:
    """Adds the reversal of a transfer, and returns its id. The caller has looked for an earlier one, under the lock."""
    added = sa.insert(transfer_reversal).values(
        transfer=number, reason=reason, recorded_at=recorded_at, recorded_by=recorded_by
    )
    reversal_id: int = connection.execute(added.returning(transfer_reversal.c.id)).scalar_one()
    return reversal_id


def find(connection: sa.Connection, number: int) -> RecordedTransfer | None:
    """The transfer with this number; None when there is none."""
    row = connection.execute(all_transfers().where(transfer.c.id == number)).one_or_none()
    return None if row is None else transfer_of(row)


def find_with_lines(connection: sa.Connection, number: int) -> TransferWithLines | None:
    """The transfer with this number, its lines, goods and trucks; None when there is none."""
    found = find(connection, number)
    if found is None:
        return None
    lines = find_shown_lines(connection, number)
    return TransferWithLines(found, lines, find_goods(connection, number), find_trucks(connection, number))


def find_lines(connection: sa.Connection, number: int) -> list[TransferLine]:
    """The lines of a transfer, in their order."""
    columns = [transfer_line.c[name] for name in TransferLine._fields]
    wanted = sa.select(*columns).where(transfer_line.c.transfer == number).order_by(transfer_line.c.no)
    return [TransferLine._make(row) for row in connection.execute(wanted)]


def find_shown_lines(connection: sa.Connection, number: int) -> list[ShownLine]:
    """The lines of a transfer with the ids of their trades, in their order."""
    line = transfer_line.c
    wanted = (
        sa.select(line.no, journal.c.transaction_id, line.quantity_g, line.amount_fen, line.paid_fen)
        .join(journal, journal.c.seq == line.place)
        .where(line.transfer == number)
        .order_by(line.no)
    )
    return [ShownLine._make(row) for row in connection.execute(wanted)]


def find_goods(connection: sa.Connection, number: int) -> list[MovedGoods]:
    """What a transfer holds, summed by kind of goods and origin."""
    kind = (journal.c.category, journal.c.commodity, journal.c.hs_code, journal.c.origin)
    wanted = (
        sa.select(
            *kind,
            sa.func.count(),
            sa.func.sum(transfer_line.c.quantity_g),
            sa.func.sum(transfer_line.c.amount_fen),
        )
        .select_from(transfer_line)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .where(transfer_line.c.transfer == number)
        .group_by(*kind)
    )
    rows = map(MovedGoods._make, connection.execute(wanted))
    # PostgreSQL sums whole numbers as decimals.
    goods = [one._replace(quantity_g=int(one.quantity_g), amount_fen=int(one.amount_fen)) for one in rows]
    # The engines sort texts and nulls differently, so Python does it.
    return sorted(goods, key=lambda one: (one.category, one.commodity, one.hs_code or "", one.origin))


def find_trucks(connection: sa.Connection, number: int) -> list[TransferTruck]:
    """The trucks and lots that the goods of a transfer came with, each once."""
    wanted = (
        sa.select(journal.c.consignment, journal.c.vehicle_plate)
        .select_from(transfer_line)
        .join(journal, journal.c.seq == transfer_line.c.place)
        .where(transfer_line.c.transfer == number)
        .where(journal.c.consignment.is_not(None) | journal.c.vehicle_plate.is_not(None))
        .distinct()
    )
    trucks = [TransferTruck._make(row) for row in connection.execute(wanted)]
    return sorted(trucks, key=lambda one: (one.consignment or "", one.vehicle_plate or ""))


def list_page(
    connection: sa.Connection, filters: TransferFilters, before: int | None, limit: int
) -> list[RecordedTransfer]:
    """Up to `limit` transfers with a number below `before`, the newest first."""
    wanted = all_transfers().order_by(transfer.c.id.desc()).limit(limit).where(*_conditions(filters))
    if before is not None:
        wanted = wanted.where(transfer.c.id < before)
    return [transfer_of(row) for row in connection.execute(wanted)]


def _conditions(filters: TransferFilters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.enterprise is not None:
        yield transfer.c.enterprise == filters.enterprise
    if filters.purpose is not None:
        yield transfer.c.purpose == filters.purpose
    if filters.trade_point is not None:
        yield transfer.c.trade_point == filters.trade_point
    if filters.consignment is not None:
        yield _has_line_with(journal.c.consignment == filters.consignment)
    if filters.transaction_id is not None:
        yield _has_line_with(journal.c.transaction_id == filters.transaction_id)
    if filters.is_reversed is not None:
        yield transfer_reversal.c.id.is_not(None) if filters.is_reversed else transfer_reversal.c.id.is_(None)
    if filters.from_day is not None:
        yield transfer.c.transferred_on >= filters.from_day
    if filters.to_day is not None:
        yield transfer.c.transferred_on <= filters.to_day


def _has_line_with(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether a transfer has a line of a trade for which a condition holds."""
    of_the_trades = sa.select(transfer_line.c.transfer).join(journal, journal.c.seq == transfer_line.c.place)
    return transfer.c.id.in_(of_the_trades.where(condition))


def all_transfers() -> sa.Select[Any]:
    """The statement that reads all transfers as `transfer_of` takes them."""
    reversal = transfer_reversal.c
    is_open = ~sa.exists().where(processing_batch_reversal.c.processing_batch == processing_input.c.batch)
    live_batch = (
        sa.select(sa.func.max(processing_input.c.batch))
        .where(processing_input.c.transfer == transfer.c.id, is_open)
        .correlate(transfer)
        .scalar_subquery()
    )
    return (
        sa.select(
            transfer,
            enterprise.c.name.label("enterprise_name"),
            reversal.reason,
            reversal.recorded_at.label("reversed_at"),
            reversal.recorded_by.label("reversed_by"),
            live_batch.label("live_batch"),
        )
        .select_from(transfer)
        .join(enterprise, enterprise.c.id == transfer.c.enterprise)
        .outerjoin(transfer_reversal, reversal.transfer == transfer.c.id)
    )


def transfer_of(row: Any) -> RecordedTransfer:
    """The transfer of a row of `all_transfers`."""
    return RecordedTransfer(
        number=row.id,
        enterprise=row.enterprise,
        enterprise_name=row.enterprise_name,
        purpose=row.purpose,
        transferred_on=row.transferred_on,
        trade_point=row.trade_point,
        consignment=row.consignment,
        contract=row.contract,
        invoice=row.invoice,
        paid_fen=row.paid_fen,
        transactions=row.lines,
        residents=row.residents,
        quantity_g=row.quantity_g,
        amount_fen=row.amount_fen,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        reversal=None if row.reason is None else TransferReversal(row.reason, row.reversed_at, row.reversed_by),
        processing_batch=row.live_batch,
    )
