"""Looks up processing batches."""

from collections.abc import Sequence

from service.domain.errors import NotFound
from service.domain.processing_batches import ProcessingBatch, processing_batch_id
from service.ledger import Ledger
from service.storage import processing_batches
from service.storage.processing_batches import ProcessingBatchFilters


def get_processing_batch(ledger: Ledger, number: int, trade_point: str | None = None) -> ProcessingBatch:
    """The batch with this number. Raises NotFound, also for goods of another trade point than the caller's."""
    with ledger.database.reading() as connection:
        batch = processing_batches.find(connection, number)
    if batch is None or trade_point not in {None, batch.trade_point}:
        raise NotFound(f"No processing batch {processing_batch_id(number)} is recorded.")
    return batch


def list_processing_batches(
    ledger: Ledger, filters: ProcessingBatchFilters, before: int | None, limit: int
) -> tuple[Sequence[ProcessingBatch], int | None]:
    """A page of batches, the newest first, and the number before which the next page begins."""
    with ledger.database.reading() as connection:
        found = processing_batches.list_page(connection, filters, before, limit + 1)
    following = found[limit - 1].number if len(found) > limit else None
    return found[:limit], following
