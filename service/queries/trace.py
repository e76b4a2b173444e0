"""Traces goods back to their origins and forward to what became of them; each time in one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from service.domain.errors import NotFound
from service.domain.processing_batches import ProcessingBatch, processing_batch_id
from service.domain.trace import TracedSum, TracedTransfer, TraceScope, TraceTotals, trace_of
from service.domain.trace_nodes import Trace
from service.domain.transactions import no_transaction
from service.ledger import Ledger
from service.queries.masked_names import masked_names
from service.storage import consignments, journal, processing_batches
from service.storage import trace as stored
from service.storage.consignments import ConsignmentKey
from service.storage.engine import Connection
from service.storage.trace import TracedGoods, TracedTrade


@dataclass(frozen=True, slots=True)
class TradesAsked:
    """The page of trades that is asked for: behind a place in the journal (None: from the first one on)."""

    after: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class TraceFound:
    """A trace, its totals, and a page of its trades with the masked names of their residents.

    `is_reversed` says that what it is about was reversed, so that nothing flows. `following` is the place behind which
    the next page begins; None at the end.
    """

    is_reversed: bool
    trace: Trace
    totals: TraceTotals
    trades: Sequence[TracedTrade]
    names: Mapping[int, str]
    following: int | None


_NOTHING_OF_A_BATCH = TraceFound(
    True, Trace((), ()), TraceTotals(0, 0, 0, 0, 0, 0, 0, 0, reversed_transfers=0, reversed_batches=1), (), {}, None
)
"""The trace of a reversed batch: its transfers are free for another one, or were reversed."""


def trace_batch(ledger: Ledger, number: int, scope: TraceScope, asked: TradesAsked) -> TraceFound:
    """The trace of a processing batch, or of one of its outputs.

    Raises NotFound, also for an output that the batch does not have, and for goods of another trade point or of several
    points when the caller sees one only.
    """
    with ledger.database.reading() as connection:
        batch = processing_batches.find(connection, number)
        if batch is None or scope.trade_point not in {None, batch.trade_point}:
            raise NotFound(f"No processing batch {processing_batch_id(number)} is recorded.")
        if scope.output is not None and scope.output > len(batch.stated.outputs):
            raise NotFound(f"{processing_batch_id(number)} has {len(batch.stated.outputs)} output(s).")
        if batch.reversal is not None:
            return _NOTHING_OF_A_BATCH
        return _found(connection, ledger, stored.goods_of_batch(number), scope, asked, batch)


def trace_consignment(ledger: Ledger, name: ConsignmentKey, scope: TraceScope, asked: TradesAsked) -> TraceFound:
    """The trace of a truck that is registered, or that an entry of the journal names. Raises NotFound."""
    with ledger.database.reading() as connection:
        if consignments.find(connection, name) is None and not stored.has_trades(connection, name):
            raise NotFound(f"{name.trade_point} has no consignment of this name.")
        return _found(connection, ledger, stored.goods_of_consignment(name), scope, asked)


def trace_trade(ledger: Ledger, transaction_id: UUID, scope: TraceScope, asked: TradesAsked) -> TraceFound:
    """The trace of one trade, both ways. Raises NotFound, also for an entry of another trade point."""
    with ledger.database.reading() as connection:
        found = journal.find_with_fate(connection, transaction_id)
        if found is None or scope.trade_point not in {None, found[0].trade_point}:
            raise NotFound(no_transaction(transaction_id, scope.trade_point))
        entry, reversed_by, seq = found
        is_reversed = reversed_by is not None or entry.reverses is not None
        scope = scope._replace(trade=entry.transaction_id)
        return _found(connection, ledger, stored.goods_of_trade(seq), scope, asked, is_reversed=is_reversed)


def _found(
    connection: Connection,
    ledger: Ledger,
    goods: TracedGoods,
    scope: TraceScope,
    asked: TradesAsked,
    batch: ProcessingBatch | None = None,
    *,
    is_reversed: bool = False,
) -> TraceFound:
    sums = stored.sum_goods(connection, goods)
    held, lines = sums.held, sums.lines
    transfers = stored.find_transfers(connection, {line.transfer for line in lines if line.transfer is not None})
    batches = {batch.number: batch} if batch else _batches(connection, transfers)
    trades = stored.list_trades(connection, goods, asked.after, asked.limit + 1)
    shown = trades[: asked.limit]
    in_batches = [line for line in lines if line.transfer and transfers[line.transfer].batch is not None]
    totals = TraceTotals(
        sums.transactions,
        sums.residents,
        *_sums(held),
        *_sums(lines),
        *_sums(in_batches),
        sums.reversed_transfers,
        sums.reversed_batches,
    )
    return TraceFound(
        is_reversed,
        trace_of(held, lines, transfers, batches, scope),
        totals,
        shown,
        masked_names(connection, ledger, {trade.resident for trade in shown}),
        shown[-1].seq if len(trades) > asked.limit else None,
    )


def _batches(connection: Connection, transfers: Mapping[int, TracedTransfer]) -> dict[int, ProcessingBatch]:
    numbers = {transfer.batch for transfer in transfers.values() if transfer.batch is not None}
    return {batch.number: batch for batch in processing_batches.find_several(connection, numbers)}


def _sums(goods: Sequence[TracedSum]) -> tuple[int, int]:
    return sum(one.quantity_g for one in goods), sum(one.amount_fen for one in goods)
