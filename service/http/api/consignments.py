"""Consignments (批次): registering, looking up, proposing a split and posting it."""

from typing import Any
from urllib.parse import quote

from schemas import consignments as wire
from schemas.consignments_shown import consignment_document, proposal_document
from schemas.transactions import TransactionWriter
from service.commands.consignments import register_consignment as register
from service.commands.splitting import SplitRequest, post_split
from service.domain import errors
from service.domain.consignments import Consignment, ConsignmentState, LineGiven, OtherTrades, SplitTerms
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.http.attempts import attempt_of, replayed
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import consignment_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.queries import consignments as queries
from service.storage.consignments import ConsignmentFilters, ConsignmentKey
from service.storage.tail import PLACE_MAX

routes = Routes("Consignments")

CONSIGNMENTS_ROUTE = "consignments"

_TRANSACTION = TransactionWriter()
_KEY_REFUSALS = (errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)
_SPLIT_REFUSALS = (
    errors.NotFound,
    errors.UnknownResident,
    errors.ResidentNotActive,
    errors.NotMandated,
    errors.CategoryHsMismatch,
    errors.HsCodeRequired,
    errors.AllowanceExceeded,
)


@routes.post(
    "/v1/consignments",
    scope="transactions:write",
    status=201,
    body=wire.NewConsignmentSchema,
    answer=wire.ConsignmentSchema,
    refuses=[
        errors.ConsignmentExists,
        errors.CategoryHsMismatch,
        errors.HsCodeRequired,
        errors.PersonalData,
        *_KEY_REFUSALS,
    ],
    may_be_keyed=True,
)
def register_consignment(body: Consignment) -> Answer:
    """Register a truck with its lines, to be split among residents. Its name is unique at its trade point.

    A retry with the same Idempotency-Key gets the same answer; without a key it is refused with consignment-exists.
    """
    attempt = attempt_of(CONSIGNMENTS_ROUTE, body)
    registered = register(app_context().ledger, body, request_context().caller.id, attempt)
    state = ConsignmentState(registered, [LineGiven()] * len(body.lines), OtherTrades())
    return Answer(_shown(state), 201, {"Location": _location(body), **replayed(attempt)})


@routes.get(
    "/v1/consignments",
    scope="transactions:read",
    query=wire.ConsignmentsQuerySchema,
    answer=wire.ConsignmentPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_consignments(query: dict[str, Any]) -> Answer:
    """List consignments, the newest registration first, with what of each line is split and left."""
    page = read_page("consignments", wire.ConsignmentsQuerySchema, query, PLACE_MAX)
    filters = ConsignmentFilters(**page.filters)
    found, following = queries.list_consignments(app_context().ledger, filters, page.position, page.limit)
    return Answer({"items": [_shown(one) for one in found], "next_cursor": page.cursor_after(following)})


@routes.get(
    "/v1/consignments/<consignment>",
    scope="transactions:read",
    query=wire.TradePointQuerySchema,
    answer=wire.ConsignmentSchema,
    refuses=[errors.NotFound],
)
def get_consignment(consignment: str, query: dict[str, Any]) -> Answer:
    """Fetch one consignment: its lines, what of them is split and left, other trades that name it, and transfers."""
    name = ConsignmentKey(query["trade_point"], consignment_in(consignment))
    return Answer(_shown(queries.get_consignment(app_context().ledger, name)))


@routes.post(
    "/v1/consignments/<consignment>/split/proposal",
    scope="transactions:write",
    query=wire.TradePointQuerySchema,
    body=wire.SplitTermsSchema,
    answer=wire.SplitProposalSchema,
    refuses=_SPLIT_REFUSALS,
)
def propose_split(consignment: str, query: dict[str, Any], body: SplitTerms) -> Answer:
    """Who would get what of a consignment, so that each part is wholly exempt; nothing is written, no key is needed.

    Residents of a group come by id, named residents as they are named. Residents who may not trade on the day get no
    part and are told in no_room. The proposal is the token with which exactly this split is posted.
    """
    name = ConsignmentKey(query["trade_point"], consignment_in(consignment))
    return Answer(proposal_document(queries.propose_split(app_context().ledger, name, body)))


@routes.post(
    "/v1/consignments/<consignment>/split",
    scope="transactions:write",
    status=201,
    query=wire.ProposedPointQuerySchema,
    body=wire.SplitSchema,
    answer=wire.SplitAnswerSchema,
    refuses=[
        *_SPLIT_REFUSALS,
        errors.SplitOutdated,
        errors.ConsignmentNotCovered,
        errors.IdempotencyKeyMissing,
        *_KEY_REFUSALS,
        errors.Unavailable,
    ],
    keyed=True,
)
def split_consignment(consignment: str, query: dict[str, Any], body: dict[str, str]) -> Answer:
    """Post a split exactly as it was proposed: all of its parts, or none.

    When something has changed since the proposal, it is refused with split-outdated. When something is left and the
    proposal states no remainder, it is refused with consignment-not-covered. Neither is remembered, so the same key may
    be sent again.
    """
    context, name = request_context(), consignment_in(consignment)
    request = SplitRequest(
        name, body["proposal"], context.caller.id, context.checked_key, context.request_id, query["trade_point"]
    )
    posted = post_split(app_context().ledger, request)
    items = [_TRANSACTION.dump(entry, app_context().keys.name_of) for entry in posted.entries]
    headers = {"Idempotency-Replayed": "true"} if posted.replayed else {}
    return Answer({"consignment": name, "items": items}, 201, headers)


def _shown(state: ConsignmentState) -> dict[str, Any]:
    return consignment_document(state, app_context().keys.name_of)


def _location(stated: Consignment) -> str:
    query = "" if stated.trade_point == DEFAULT_TRADE_POINT else f"?trade_point={stated.trade_point}"
    return f"/v1/consignments/{quote(stated.consignment, safe='')}{query}"
