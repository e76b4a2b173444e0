"""Mandates (委托): giving, listing and withdrawing."""

from typing import Any

from schemas import mandates as wire
from schemas.mandates_shown import mandate_document
from service.commands.mandates import MandateTerms, withdraw_mandate
from service.commands.mandates import give_mandates as give
from service.domain import errors
from service.domain.mandates import MANDATE_NUMBER_MAX, Mandate
from service.http.attempts import attempt_of, replayed
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import mandate_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.queries import mandates as queries
from service.storage.mandates import MandateFilters

routes = Routes("Mandates")

MANDATES_ROUTE = "mandates"
WITHDRAWAL_ROUTE = "mandates/withdrawal"

_KEY_REFUSALS = (errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)


@routes.post(
    "/v1/mandates",
    scope="residents:write",
    status=201,
    body=wire.NewMandateSchema,
    answer=wire.MandatesSchema,
    refuses=[errors.UnknownResident, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def give_mandates(body: dict[str, Any]) -> Answer:
    """Let a representative declare for residents, or for all members of a group, from a day to a day.

    The members are those on the first day. A mandate holds for a year at most.
    """
    attempt = attempt_of(MANDATES_ROUTE, body)
    terms = MandateTerms(**{**body, "residents": tuple(body["residents"] or ())})
    given = give(app_context().ledger, terms, request_context().caller.id, attempt)
    return Answer({"items": [_shown(one) for one in given]}, 201, replayed(attempt))


@routes.get(
    "/v1/mandates",
    scope="residents:read",
    query=wire.MandatesQuerySchema,
    answer=wire.MandatePageSchema,
    refuses=[errors.CursorInvalid],
)
def list_mandates(query: dict[str, Any]) -> Answer:
    """List mandates, newest first: of a representative, of a resident, or those that hold on a day."""
    page = read_page("mandates", wire.MandatesQuerySchema, query, MANDATE_NUMBER_MAX)
    filters = MandateFilters(**page.filters)
    found, following = queries.list_mandates(app_context().ledger, filters, page.position, page.limit)
    return Answer({"items": [_shown(one) for one in found], "next_cursor": page.cursor_after(following)})


@routes.post(
    "/v1/mandates/<mandate_id>/withdrawal",
    scope="residents:write",
    status=201,
    body=wire.WithdrawalSchema,
    answer=wire.MandateSchema,
    refuses=[errors.NotFound, errors.AlreadyWithdrawn, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def withdraw_a_mandate(mandate_id: str, body: dict[str, Any]) -> Answer:
    """End a mandate from a day on, once; what was declared under it before stays as it is."""
    number = mandate_in(mandate_id)
    attempt = attempt_of(WITHDRAWAL_ROUTE, number, body)
    effective_on, reason = body["effective_on"], body["reason"]
    ledger, caller = app_context().ledger, request_context().caller.id
    ended = withdraw_mandate(ledger, number, effective_on, reason, caller, attempt)
    return Answer(_shown(ended), 201, replayed(attempt))


def _shown(mandate: Mandate) -> dict[str, Any]:
    return mandate_document(mandate, app_context().keys.name_of)
