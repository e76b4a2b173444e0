"""Transfers (流转): recording, looking up, and reversing."""

from typing import Any

from schemas import transfers as wire
from schemas.residents import ReasonSchema
from schemas.transfers_shown import listed_transfer_document, transfer_document
from service.commands.transfers import post_transfer, reverse_transfer
from service.domain import errors
from service.domain.transfers import TRANSFER_NUMBER_MAX
from service.figures.posting import ENTRIES_ACCEPTED
from service.http.attempts import attempt_of, replayed
from service.http.bodies import TRANSFER_BYTES_MAX
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import transfer_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.http.trade_points import own_trade_point
from service.queries import transfers as queries
from service.storage.transfers import TransferFilters

routes = Routes("After the market")

TRANSFERS_ROUTE = "transfers"
REVERSAL_ROUTE = "transfers/reversal"

_KEY_REFUSALS = (errors.IdempotencyKeyMissing, errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)


@routes.post(
    "/v1/transfers",
    scope="transactions:write",
    status=201,
    body=wire.NewTransferSchema,
    body_bytes_max=TRANSFER_BYTES_MAX,
    answer=wire.TransferSchema,
    refuses=[
        errors.NotFound,
        errors.AlreadyReversed,
        errors.EnterpriseNotActive,
        errors.QuantityExceeded,
        errors.PersonalData,
        *_KEY_REFUSALS,
    ],
    keyed=True,
)
def record_transfer(body: dict[str, Any]) -> Answer:
    """Record that goods go on to an enterprise: of up to 10,000 trades, or all that is left of a consignment.

    All lines are recorded, or none. Never more of a trade goes on than there is.
    """
    attempt = attempt_of(TRANSFERS_ROUTE, body)
    posted = post_transfer(
        app_context().ledger, body["stated"], body["goods"], request_context().caller.id, attempt, own_trade_point()
    )
    if attempt is None or attempt.told is None:
        ENTRIES_ACCEPTED.add(1, "transfer")
    location = f"/v1/transfers/{posted.transfer.public_id}"
    shown = transfer_document(posted, app_context().keys.name_of)
    return Answer(shown, 201, {"Location": location, **replayed(attempt)})


@routes.get(
    "/v1/transfers",
    scope="transactions:read",
    query=wire.TransfersQuerySchema,
    answer=wire.TransferPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_transfers(query: dict[str, Any]) -> Answer:
    """List transfers, the newest first: of an enterprise, a purpose, a consignment, a trade, or of days."""
    page = read_page("transfers", wire.TransfersQuerySchema, query, TRANSFER_NUMBER_MAX)
    filters = TransferFilters(**page.filters)
    found, following = queries.list_transfers(app_context().ledger, filters, page.position, page.limit)
    items = [listed_transfer_document(one, app_context().keys.name_of) for one in found]
    return Answer({"items": items, "next_cursor": page.cursor_after(following)})


@routes.get(
    "/v1/transfers/<transfer_id>",
    scope="transactions:read",
    answer=wire.TransferSchema,
    refuses=[errors.NotFound],
)
def get_transfer(transfer_id: str) -> Answer:
    """Fetch one transfer with its lines, goods and trucks."""
    found = queries.get_transfer(app_context().ledger, transfer_in(transfer_id), own_trade_point())
    return Answer(transfer_document(found, app_context().keys.name_of))


@routes.post(
    "/v1/transfers/<transfer_id>/reversal",
    scope="transactions:write",
    status=201,
    body=ReasonSchema,
    answer=wire.TransferSchema,
    refuses=[
        errors.NotFound,
        errors.AlreadyReversed,
        errors.TransferInBatch,
        errors.PersonalData,
        *_KEY_REFUSALS,
    ],
    keyed=True,
)
def reverse_a_transfer(transfer_id: str, body: str) -> Answer:
    """Reverse a transfer whole, once: its goods may go on again, and its trades may be reversed.

    A transfer that another key has recorded needs the scope transactions:reverse_any.
    """
    number = transfer_in(transfer_id)
    attempt = attempt_of(REVERSAL_ROUTE, number, body)
    caller = request_context().caller
    found = reverse_transfer(app_context().ledger, number, body, caller.id, caller.reversal_rights, attempt)
    if attempt is None or attempt.told is None:
        ENTRIES_ACCEPTED.add(1, "transfer_reversal")
    return Answer(transfer_document(found, app_context().keys.name_of), 201, replayed(attempt))
