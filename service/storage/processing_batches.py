"""Stores processing batches with their inputs and outputs, and finds what may be put into a batch."""

import datetime
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from service.domain.processing_batches import (
    BatchReversal,
    NewProcessingBatch,
    ProcessingBatch,
    ProcessingOutput,
    TransferToProcess,
)
from service.storage.rowsets import row_set, rows_parameter
from service.storage.tables import (
    enterprise,
    processing_batch,
    processing_batch_reversal,
    processing_input,
    processing_output,
    transfer,
    transfer_reversal,
)

_OUTPUT = [processing_output.c[name] for name in ProcessingOutput._fields]
_IS_LIVE = processing_batch_reversal.c.id.is_(None)


@dataclass(frozen=True, slots=True)
class ProcessingBatchFilters:
    """The filters of the list of batches; the days are those of processing, both included.

    With a trade point, only batches all of whose goods are of that point.
    """

    enterprise: int | None = None
    from_day: datetime.date | None = None
    to_day: datetime.date | None = None
    trade_point: str | None = None


class InsertedBatch(NamedTuple):
    """The number of a batch, and the ids of its rows of inputs and outputs."""

    number: int
    inputs: Sequence[int]
    outputs: Sequence[int]


def find_to_process(connection: sa.Connection, numbers: Collection[int]) -> dict[int, TransferToProcess]:
    """Those of these transfers that exist, with the live batch that each is in. The caller locks registrations."""
    chosen = row_set(connection.dialect.name, "chosen", {"number": sa.BigInteger})
    batches = (
        sa.select(
            processing_input.c.transfer,
            sa.func.max(sa.case((_IS_LIVE, processing_input.c.batch))).label("live_batch"),
            sa.func.count().label("times"),
        )
        .join(chosen, chosen.c.number == processing_input.c.transfer)
        .outerjoin(processing_batch_reversal, processing_batch_reversal.c.processing_batch == processing_input.c.batch)
        .group_by(processing_input.c.transfer)
        .subquery()
    )
    again = row_set(connection.dialect.name, "again", {"number": sa.BigInteger})
    wanted = (
        sa.select(
            transfer.c.id,
            transfer.c.enterprise,
            transfer.c.purpose,
            transfer.c.transferred_on,
            transfer.c.trade_point,
            transfer_reversal.c.id.is_not(None),
            batches.c.live_batch,
            sa.func.coalesce(batches.c.times, 0) + 1,
        )
        .join(again, again.c.number == transfer.c.id)
        .outerjoin(transfer_reversal, transfer_reversal.c.transfer == transfer.c.id)
        .outerjoin(batches, batches.c.transfer == transfer.c.id)
    )
    rows = rows_parameter({"number": number} for number in numbers)
    return {row[0]: TransferToProcess(*row) for row in connection.execute(wanted, {"chosen": rows, "again": rows})}


def insert(
    connection: sa.Connection,
    stated: NewProcessingBatch,
    transfers: Mapping[int, TransferToProcess],
    recorded_at: datetime.datetime,
    recorded_by: int,
) -> InsertedBatch:
    """Adds a batch under the next number. The caller holds the lock of registrations, and has judged the batch."""
    next_number = sa.select(sa.func.coalesce(sa.func.max(processing_batch.c.id), 0) + 1)
    number: int = connection.execute(next_number).scalar_one()
    recorded = {"recorded_at": recorded_at, "recorded_by": recorded_by}
    connection.execute(
        sa.insert(processing_batch).values(
            id=number, enterprise=stated.enterprise, processed_on=stated.processed_on, **recorded
        )
    )
    put_in = [{"batch": number, "transfer": one, "nth": transfers[one].nth} for one in stated.transfers]
    came_out = [{"batch": number, "no": no, **output._asdict()} for no, output in enumerate(stated.outputs, 1)]
    inputs = connection.execute(sa.insert(processing_input).returning(processing_input.c.id), put_in)
    outputs = connection.execute(sa.insert(processing_output).returning(processing_output.c.id), came_out)
    return InsertedBatch(number, inputs.scalars().all(), outputs.scalars().all())


def insert_reversal(
    connection: sa.Connection, number: int, reason: str, recorded_at: datetime.datetime, recorded_by: int
) -> int:
    """Adds the reversal of a batch, and returns its id. The caller has looked for an earlier one, under the lock."""
    added = sa.insert(processing_batch_reversal).values(
        processing_batch=number, reason=reason, recorded_at=recorded_at, recorded_by=recorded_by
    )
    reversal_id: int = connection.execute(added.returning(processing_batch_reversal.c.id)).scalar_one()
    return reversal_id


def find(connection: sa.Connection, number: int) -> ProcessingBatch | None:
    """The batch with this number; None when there is none."""
    return next(iter(_with_rows(connection, _batches().where(processing_batch.c.id == number))), None)


def list_page(
    connection: sa.Connection, filters: ProcessingBatchFilters, before: int | None, limit: int
) -> Sequence[ProcessingBatch]:
    """Up to `limit` batches with a number below `before`, the newest first."""
    wanted = _batches().order_by(processing_batch.c.id.desc()).limit(limit).where(*_conditions(filters))
    if before is not None:
        wanted = wanted.where(processing_batch.c.id < before)
    return _with_rows(connection, wanted)


def _conditions(filters: ProcessingBatchFilters) -> Iterable[sa.ColumnElement[bool]]:
    if filters.enterprise is not None:
        yield processing_batch.c.enterprise == filters.enterprise
    if filters.from_day is not None:
        yield processing_batch.c.processed_on >= filters.from_day
    if filters.to_day is not None:
        yield processing_batch.c.processed_on <= filters.to_day
    if filters.trade_point is not None:
        of_another = (
            sa.select(processing_input.c.id)
            .join(transfer, transfer.c.id == processing_input.c.transfer)
            .where(
                processing_input.c.batch == processing_batch.c.id,
                transfer.c.trade_point.is_distinct_from(filters.trade_point),
            )
        )
        yield ~of_another.exists()


def _batches() -> sa.Select[Any]:
    reversal = processing_batch_reversal
    return (
        sa.select(
            processing_batch,
            enterprise.c.name,
            reversal.c.reason,
            reversal.c.recorded_at.label("reversed_at"),
            reversal.c.recorded_by.label("reversed_by"),
        )
        .join(enterprise, enterprise.c.id == processing_batch.c.enterprise)
        .outerjoin(reversal, reversal.c.processing_batch == processing_batch.c.id)
    )


def _with_rows(connection: sa.Connection, wanted: sa.Select[Any]) -> list[ProcessingBatch]:
    rows = connection.execute(wanted).all()
    numbers = [row.id for row in rows]
    inputs: dict[int, list[Any]] = {number: [] for number in numbers}
    outputs: dict[int, list[ProcessingOutput]] = {number: [] for number in numbers}
    if numbers:
        asked = (
            sa.select(
                processing_input.c.batch,
                transfer.c.id,
                transfer.c.trade_point,
                transfer.c.quantity_g,
                transfer.c.amount_fen,
            )
            .join(transfer, transfer.c.id == processing_input.c.transfer)
            .where(processing_input.c.batch.in_(numbers))
            .order_by(processing_input.c.id)
        )
        for one in connection.execute(asked):
            inputs[one.batch].append(one)
        came_out = sa.select(processing_output.c.batch, *_OUTPUT).where(processing_output.c.batch.in_(numbers))
        for number, *output in connection.execute(came_out.order_by(processing_output.c.no)):
            outputs[number].append(ProcessingOutput(*output))
    return [_batch_of(row, inputs[row.id], outputs[row.id]) for row in rows]


def _batch_of(row: Any, inputs: Sequence[Any], outputs: Sequence[ProcessingOutput]) -> ProcessingBatch:
    points = {one.trade_point for one in inputs}
    transfers = tuple(one.id for one in inputs)
    return ProcessingBatch(
        number=row.id,
        stated=NewProcessingBatch(row.enterprise, transfers, row.processed_on, tuple(outputs)),
        enterprise_name=row.name,
        trade_point=points.pop() if len(points) == 1 else None,
        input_g=sum(one.quantity_g for one in inputs),
        input_fen=sum(one.amount_fen for one in inputs),
        reversal=None if row.reason is None else BatchReversal(row.reason, row.reversed_at, row.reversed_by),
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
    )
