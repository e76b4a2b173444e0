"""Enterprises (企业): registering, looking up, dated status."""

from typing import Any

from schemas import enterprises as wire
from schemas.enterprises_shown import enterprise_document
from service.commands import enterprises as commands
from service.commands.once import Attempt
from service.domain import errors
from service.domain.enterprises import ENTERPRISE_NUMBER_MAX, Enterprise, NewEnterprise
from service.http.attempts import attempt_of, replayed
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import enterprise_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.queries import enterprises as queries
from service.storage.enterprises import EnterpriseFilters

routes = Routes("Enterprises")

ENTERPRISES_ROUTE = "enterprises"
STATUS_ROUTE = "enterprises/status"

_KEY_REFUSALS = (errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)


@routes.post(
    "/v1/enterprises",
    scope="transactions:write",
    status=201,
    body=wire.NewEnterpriseSchema,
    answer=wire.EnterpriseSchema,
    refuses=[errors.EnterpriseExists, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def register_enterprise(body: dict[str, Any]) -> Answer:
    """Register an enterprise that takes goods for processing, for the second market, or for both.

    A credit code that is registered is refused with enterprise-exists, which names the enterprise.
    """
    attempt = attempt_of(ENTERPRISES_ROUTE, body)
    ledger, caller = app_context().ledger, request_context().caller.id
    registered = commands.register_enterprise(ledger, NewEnterprise(**body), caller, attempt)
    document = _shown(registered, attempt)
    where = {"Location": f"/v1/enterprises/{document['enterprise_id']}"}
    return Answer(document, 201, {**where, **replayed(attempt)})


@routes.get(
    "/v1/enterprises",
    scope="transactions:read",
    query=wire.EnterprisesQuerySchema,
    answer=wire.EnterprisePageSchema,
    refuses=[errors.CursorInvalid],
)
def list_enterprises(query: dict[str, Any]) -> Answer:
    """List enterprises in the order of their ids: of a kind, of a status today, or by a part of the name."""
    ledger = app_context().ledger
    page = read_page("enterprises", wire.EnterprisesQuerySchema, query, ENTERPRISE_NUMBER_MAX)
    filters = EnterpriseFilters(day=ledger.today(), **page.filters)
    found, following = queries.list_enterprises(ledger, filters, page.position or 0, page.limit)
    return Answer({"items": [_shown(one) for one in found], "next_cursor": page.cursor_after(following)})


@routes.get(
    "/v1/enterprises/<enterprise_id>",
    scope="transactions:read",
    answer=wire.EnterpriseSchema,
    refuses=[errors.NotFound],
)
def get_enterprise(enterprise_id: str) -> Answer:
    """Fetch one enterprise, with its status of today."""
    return Answer(_shown(queries.get_enterprise(app_context().ledger, enterprise_in(enterprise_id))))


@routes.post(
    "/v1/enterprises/<enterprise_id>/status",
    scope="transactions:write",
    body=wire.EnterpriseStatusSchema,
    answer=wire.EnterpriseSchema,
    refuses=[errors.NotFound, errors.EnterpriseNotActive, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def change_enterprise_status(enterprise_id: str, body: dict[str, Any]) -> Answer:
    """Suspend, reactivate or cancel an enterprise from a day on; a cancellation is final.

    Changes that would take effect on or after the day of a recorded cancellation are refused with
    enterprise-not-active; earlier days can still be changed. What has gone on to the enterprise stays as it is.
    """
    number = enterprise_in(enterprise_id)
    attempt = attempt_of(STATUS_ROUTE, number, body)
    status, reason, day = body["status"], body["reason"], body["effective_on"]
    ledger, caller = app_context().ledger, request_context().caller.id
    changed = commands.change_enterprise_status(ledger, number, status, reason, day, caller, attempt)
    return Answer(_shown(changed, attempt), headers=replayed(attempt))


def _shown(enterprise: Enterprise, attempt: Attempt | None = None) -> dict[str, Any]:
    """The document as of today; the answer to a retry has the status that the first answer had."""
    context = app_context()
    document = enterprise_document(enterprise, context.ledger.today(), context.keys.name_of)
    told = attempt.told if attempt is not None else None
    return document if told is None else {**document, "status": told["status"]}
