"""Processing batches (加工批次): recording, looking up, and reversing."""

from typing import Any

from schemas import processing_batches as wire
from service.commands.processing_batches import post_processing_batch, reverse_processing_batch
from service.domain import errors
from service.domain.processing_batches import PROCESSING_BATCH_NUMBER_MAX, NewProcessingBatch, ProcessingBatch
from service.http.attempts import attempt_of, replayed
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import processing_batch_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.http.trade_points import own_trade_point
from service.queries import processing_batches as queries
from service.storage.processing_batches import ProcessingBatchFilters

routes = Routes("After the market")

BATCHES_ROUTE = "processing-batches"
REVERSAL_ROUTE = "processing-batches/reversal"

_KEY_REFUSALS = (errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)


@routes.post(
    "/v1/processing-batches",
    scope="transactions:write",
    status=201,
    body=wire.NewProcessingBatchSchema,
    answer=wire.ProcessingBatchSchema,
    refuses=[errors.NotFound, errors.TransferInBatch, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def record_processing_batch(body: NewProcessingBatch) -> Answer:
    """Put transfers of an enterprise into a processing batch, and name the goods that come out.

    A transfer is in one batch only. A retry with the same Idempotency-Key gets the same answer; without a key it is
    refused with transfer-in-batch.
    """
    attempt = attempt_of(BATCHES_ROUTE, body)
    caller = request_context().caller.id
    batch = post_processing_batch(app_context().ledger, body, caller, attempt, own_trade_point())
    shown = _shown(batch)
    return Answer(
        shown, 201, {"Location": f"/v1/processing-batches/{shown['processing_batch_id']}", **replayed(attempt)}
    )


@routes.get(
    "/v1/processing-batches",
    scope="transactions:read",
    query=wire.ProcessingBatchesQuerySchema,
    answer=wire.ProcessingBatchPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_processing_batches(query: dict[str, Any]) -> Answer:
    """List processing batches, the newest first: of an enterprise, or of days."""
    page = read_page("processing-batches", wire.ProcessingBatchesQuerySchema, query, PROCESSING_BATCH_NUMBER_MAX)
    filters = ProcessingBatchFilters(**page.filters, trade_point=own_trade_point())
    found, following = queries.list_processing_batches(app_context().ledger, filters, page.position, page.limit)
    return Answer({"items": [_shown(one) for one in found], "next_cursor": page.cursor_after(following)})


@routes.get(
    "/v1/processing-batches/<processing_batch_id>",
    scope="transactions:read",
    answer=wire.ProcessingBatchSchema,
    refuses=[errors.NotFound],
)
def get_processing_batch(processing_batch_id: str) -> Answer:
    """Fetch one processing batch: its transfers, its outputs, and its yield."""
    number = processing_batch_in(processing_batch_id)
    return Answer(_shown(queries.get_processing_batch(app_context().ledger, number, own_trade_point())))


@routes.post(
    "/v1/processing-batches/<processing_batch_id>/reversal",
    scope="transactions:write",
    status=201,
    body=wire.ProcessingReversalReasonSchema,
    answer=wire.ProcessingBatchSchema,
    refuses=[errors.NotFound, errors.AlreadyReversed, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def reverse_a_processing_batch(processing_batch_id: str, body: dict[str, str]) -> Answer:
    """Reverse a processing batch whole, once. Its transfers may be put into another batch then, or be reversed.

    A batch that another key has recorded needs the scope transactions:reverse_any.
    """
    number = processing_batch_in(processing_batch_id)
    attempt = attempt_of(REVERSAL_ROUTE, number, body)
    caller = request_context().caller
    batch = reverse_processing_batch(
        app_context().ledger, number, body["reason"], caller.id, caller.reversal_rights, attempt
    )
    return Answer(_shown(batch), 201, replayed(attempt))


def _shown(batch: ProcessingBatch) -> dict[str, Any]:
    return wire.processing_batch_document(batch, app_context().keys.name_of)
