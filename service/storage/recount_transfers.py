"""Reads enterprises, transfers and processing batches again for verification, as they are stored, with their facts.

Rows come with the numbers of their facts in the register, because the register tells in which order the ledger has
recorded them. No clock does.
"""

from collections.abc import Generator
from typing import NamedTuple

import sqlalchemy as sa

from service.domain.transfers import TransferLine
from service.storage.columns import as_stored
from service.storage.raw_rows import Raw, streamed
from service.storage.tables import (
    enterprise,
    enterprise_status,
    fact,
    journal,
    processing_batch,
    processing_batch_reversal,
    processing_input,
    processing_output,
    transfer,
    transfer_line,
    transfer_reversal,
    transferred,
)


class StoredEnterprise(NamedTuple):
    """An enterprise, and the number of its fact; days are integers such as 20240630."""

    id: int
    name: str
    credit_code: str
    processor: bool
    trader: bool
    valid_from: int
    valid_until: int | None
    fact_no: int


class StoredStatus(NamedTuple):
    """A dated status of an enterprise, and the number of its fact."""

    enterprise: int
    effective_on: int
    status: str
    fact_no: int


class StoredTransfer(NamedTuple):
    """The row of a transfer, and the number of its fact."""

    id: int
    enterprise: int
    purpose: str
    transferred_on: int
    trade_point: str | None
    consignment: str | None
    paid_fen: int | None
    lines: int
    residents: int
    quantity_g: int
    amount_fen: int
    lines_digest: bytes
    fact_no: int


class StoredLine(NamedTuple):
    """A line of a transfer, and what the journal says of its trade; `trade_seq` is None when there is no such entry."""

    transfer: int
    line: TransferLine
    trade_seq: int | None
    resident: int
    day: int
    trade_point: str
    consignment: str | None
    is_import: bool
    is_reversal: bool
    trade_quantity_g: int


class LineInOrder(NamedTuple):
    """A line among all lines of its trade: the facts that recorded it and reversed it, and what its trade is."""

    place: int
    transfer: int
    no: int
    quantity_g: int
    amount_fen: int
    fact_no: int
    reversed_by: int | None
    trade_quantity_g: int
    trade_amount_fen: int
    trade_is_reversed: bool


class TransferredRow(NamedTuple):
    """What the ledger counts as gone on of a trade."""

    place: int
    quantity_g: int
    amount_fen: int
    gone_g: int
    gone_fen: int


class StoredInput(NamedTuple):
    """A transfer in a processing batch, with the facts that recorded and reversed both; None where not reversed."""

    transfer: int
    batch: int
    nth: int
    batch_enterprise: int
    processed_on: int
    batch_no: int
    batch_reversed_by: int | None
    enterprise: int
    purpose: str
    transferred_on: int
    transfer_no: int
    transfer_reversed_by: int | None


def _fact_of(kind: str, name: str) -> sa.FromClause:
    """The facts of a kind, under a name of their own."""
    return sa.select(fact.c.no, fact.c.id).where(fact.c.kind == kind).subquery(name)


def read_enterprises(connection: sa.Connection) -> Generator[StoredEnterprise]:
    """Every enterprise, in order. A caller that stops half-way must close the generator, as for the others here."""
    recorded = _fact_of("enterprise", "recorded")
    columns = [as_stored(enterprise.c[name]) for name in StoredEnterprise._fields[:-1]]
    wanted = sa.select(*columns, recorded.c.no).join(recorded, recorded.c.id == enterprise.c.id)
    for row in streamed(connection, wanted.order_by(enterprise.c.id)):
        yield StoredEnterprise(*row)


def read_statuses(connection: sa.Connection) -> Generator[StoredStatus]:
    """Every dated status of the enterprises, in the order in which they were recorded."""
    recorded = _fact_of("enterprise_status", "recorded")
    columns = [as_stored(enterprise_status.c[name]) for name in StoredStatus._fields[:-1]]
    wanted = sa.select(*columns, recorded.c.no).join(recorded, recorded.c.id == enterprise_status.c.id)
    for row in streamed(connection, wanted.order_by(recorded.c.no)):
        yield StoredStatus(*row)


def read_transfers(connection: sa.Connection) -> Generator[StoredTransfer]:
    """Every transfer, in the order of the numbers."""
    recorded = _fact_of("transfer", "recorded")
    columns = [as_stored(transfer.c[name]) for name in StoredTransfer._fields[:-1]]
    wanted = sa.select(*columns, recorded.c.no).join(recorded, recorded.c.id == transfer.c.id)
    for row in streamed(connection, wanted.order_by(transfer.c.id)):
        yield StoredTransfer(*row)


def read_lines(connection: sa.Connection) -> Generator[StoredLine]:
    """Every line with its trade, in the order of the transfers, and within one in the order of the lines."""
    own = [as_stored(transfer_line.c[name]) for name in TransferLine._fields]
    trade = [as_stored(journal.c[name]) for name in ("seq", "resident", "day", "trade_point", "consignment")]
    kinds = [journal.c.direction == "import", journal.c.reverses.is_not(None)]
    wanted = (
        sa.select(transfer_line.c.transfer, *trade, *kinds, as_stored(journal.c.quantity_g), *own)
        .outerjoin(journal, journal.c.seq == transfer_line.c.place)
        .order_by(transfer_line.c.transfer, transfer_line.c.no)
    )
    for row in streamed(connection, wanted):
        number, seq, resident, day, point, consignment, is_import, is_reversal, quantity_g, *line = row
        yield StoredLine(
            number, TransferLine(*line), seq, resident, day, point, consignment, is_import, is_reversal, quantity_g
        )


def read_lines_by_trade(connection: sa.Connection) -> Generator[Raw]:
    """The values of a LineInOrder of every line, by its trade, and then in the order of the transfers' facts."""
    recorded, reversed_ = _fact_of("transfer", "recorded"), _fact_of("transfer_reversal", "reversed")
    other = journal.alias("other")
    line = transfer_line.c
    wanted = (
        sa.select(
            *(as_stored(line[name]) for name in ("place", "transfer", "no", "quantity_g", "amount_fen")),
            recorded.c.no,
            reversed_.c.no,
            as_stored(journal.c.quantity_g),
            as_stored(journal.c.amount_fen),
            other.c.seq.is_not(None),
        )
        .select_from(transfer_line)
        .join(recorded, recorded.c.id == line.transfer)
        .join(journal, journal.c.seq == line.place)
        .outerjoin(transfer_reversal, transfer_reversal.c.transfer == line.transfer)
        .outerjoin(reversed_, reversed_.c.id == transfer_reversal.c.id)
        .outerjoin(other, other.c.reverses == journal.c.transaction_id)
        .order_by(line.place, recorded.c.no)
    )
    return streamed(connection, wanted)


def read_transferred(connection: sa.Connection) -> Generator[Raw]:
    """The values of a TransferredRow of every row of what has gone on of a trade, ordered by the trade."""
    wanted = sa.select(*map(as_stored, transferred.c)).order_by(transferred.c.place)
    return streamed(connection, wanted)


def read_inputs(connection: sa.Connection) -> Generator[StoredInput]:
    """Every transfer that was put into a batch, ordered by the transfer, and then as the batches were recorded."""
    batch_fact, transfer_fact = _fact_of("processing_batch", "batch_fact"), _fact_of("transfer", "transfer_fact")
    batch_end = _fact_of("processing_batch_reversal", "batch_end")
    transfer_end = _fact_of("transfer_reversal", "transfer_end")
    put_in, batch, gone = processing_input.c, processing_batch.c, transfer.c
    batch_reversal, reversal = processing_batch_reversal.c, transfer_reversal.c
    wanted = (
        sa.select(
            *map(as_stored, (put_in.transfer, put_in.batch, put_in.nth, batch.enterprise, batch.processed_on)),
            batch_fact.c.no,
            batch_end.c.no,
            *map(as_stored, (gone.enterprise, gone.purpose, gone.transferred_on)),
            transfer_fact.c.no,
            transfer_end.c.no,
        )
        .select_from(processing_input)
        .join(processing_batch, batch.id == put_in.batch)
        .join(batch_fact, batch_fact.c.id == put_in.batch)
        .outerjoin(processing_batch_reversal, batch_reversal.processing_batch == put_in.batch)
        .outerjoin(batch_end, batch_end.c.id == batch_reversal.id)
        .join(transfer, gone.id == put_in.transfer)
        .join(transfer_fact, transfer_fact.c.id == put_in.transfer)
        .outerjoin(transfer_reversal, reversal.transfer == put_in.transfer)
        .outerjoin(transfer_end, transfer_end.c.id == reversal.id)
        .order_by(put_in.transfer, batch_fact.c.no)
    )
    for row in streamed(connection, wanted):
        yield StoredInput(*row)


def find_incomplete_batch(connection: sa.Connection) -> int | None:
    """The number of a batch without inputs, or whose outputs are not numbered from 1; None when there is none."""
    outputs = (
        sa.select(
            processing_output.c.batch,
            sa.func.count().label("count"),
            sa.func.max(processing_output.c.no).label("last"),
        )
        .group_by(processing_output.c.batch)
        .subquery()
    )
    has_input = sa.exists().where(processing_input.c.batch == processing_batch.c.id)
    wanted = (
        sa.select(processing_batch.c.id)
        .outerjoin(outputs, outputs.c.batch == processing_batch.c.id)
        .where(~has_input | outputs.c.batch.is_(None) | (outputs.c.count != outputs.c.last))
    )
    found: int | None = connection.execute(wanted).scalars().first()
    return found
