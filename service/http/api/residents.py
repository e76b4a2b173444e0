"""Residents and groups: registering, looking up, dated status, the audited reveal, the allowance of a day."""

from dataclasses import replace
from typing import Any

from schemas import residents as wire
from service.commands import residents as commands
from service.commands.auditing import Caller
from service.commands.groups import create_group as make_group
from service.commands.residents import Registration
from service.domain import errors, groups
from service.domain.residents import ORDINAL_MAX
from service.http.attempts import attempt_of, replayed
from service.http.context import app_context
from service.http.paging import read_page
from service.http.path_ids import group_in, resident_in
from service.http.request_context import request_context
from service.http.routes import Answer, Routes
from service.queries import residents as queries
from service.storage.residents import ResidentFilters

routes = Routes("Residents")

GROUPS_ROUTE = "groups"
MEMBERS_ROUTE = "groups/members"
STATUS_ROUTE = "residents/status"

_RESIDENT = wire.ResidentSchema()
_ALLOWANCE = wire.AllowanceSchema()
_GROUP = wire.GroupSchema()
_KEY_REFUSALS = (errors.IdempotencyKeyInvalid, errors.IdempotencyKeyReused)


@routes.post(
    "/v1/residents",
    scope="residents:write",
    status=201,
    body=wire.RegistrationSchema,
    answer=wire.ResidentSchema,
    refuses=[errors.ResidentExists, errors.PersonalData],
)
def register_resident(body: dict[str, Any]) -> Answer:
    """Register a resident; the answer shows name and number masked."""
    ledger, group = app_context().ledger, body.pop("group_id")
    registration, caller = Registration(group=group, **body), request_context().caller
    view = queries.view(ledger, commands.register(ledger, registration, recorded_by=caller.id))
    return Answer(_RESIDENT.dump(view), 201, {"Location": f"/v1/residents/{view.resident_id}"})


@routes.get(
    "/v1/residents",
    scope="residents:read",
    query=wire.ResidentListQuerySchema,
    answer=wire.ResidentPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_residents(query: dict[str, Any]) -> Answer:
    """List residents in the order of their ids, masked."""
    ledger = app_context().ledger
    page = read_page("residents", wire.ResidentListQuerySchema, query, ORDINAL_MAX)
    status, settlement, group = map(page.filters.get, ("status", "settlement", "group_id"))
    wanted = ResidentFilters(ledger.today(), status, settlement, group)
    views, following = queries.list_residents(ledger, wanted, page.position or 0, page.limit)
    return Answer({"items": _RESIDENT.dump(views, many=True), "next_cursor": page.cursor_after(following)})


@routes.get(
    "/v1/residents/<resident_id>", scope="residents:read", answer=wire.ResidentSchema, refuses=[errors.NotFound]
)
def get_resident(resident_id: str) -> Answer:
    """Fetch one resident, masked, with status and group as of today."""
    return Answer(_RESIDENT.dump(queries.get_resident(app_context().ledger, resident_in(resident_id))))


@routes.post(
    "/v1/residents/lookup",
    scope="residents:read",
    body=wire.LookupSchema,
    answer=wire.ResidentSchema,
    refuses=[errors.NotFound],
)
def look_up_resident(body: dict[str, str]) -> Answer:
    """Find a resident by citizen number; a POST, so that no number ends up in a log."""
    return Answer(_RESIDENT.dump(queries.find_resident(app_context().ledger, body["id_number"])))


@routes.post(
    "/v1/residents/search",
    scope="residents:read",
    body=wire.NameSearchSchema,
    answer=wire.FoundResidentsSchema,
)
def search_residents(body: dict[str, Any]) -> Answer:
    """Find residents by a part of their name, equal names first; a POST, so that no name ends up in a log.

    The ledger holds names encrypted. Each process decrypts them once into its memory, so its first search takes longer.
    """
    views, has_more = queries.search_residents(app_context().ledger, body["name"], body["limit"])
    return Answer({"items": _RESIDENT.dump(views, many=True), "has_more": has_more})


@routes.post(
    "/v1/residents/<resident_id>/status",
    scope="residents:write",
    body=wire.StatusChangeSchema,
    answer=wire.ResidentSchema,
    refuses=[errors.NotFound, errors.ResidentNotActive, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def change_resident_status(resident_id: str, body: dict[str, Any]) -> Answer:
    """Suspend, reactivate or cancel a resident from a day on; a cancellation is final.

    Changes that would take effect on or after the day of a recorded cancellation are refused with
    resident-not-active; earlier days can still be changed.
    """
    ledger, ordinal = app_context().ledger, resident_in(resident_id)
    attempt = attempt_of(STATUS_ROUTE, ordinal, body)
    status, reason, day = body["status"], body["reason"], body["effective_on"]
    row = commands.change_status(ledger, ordinal, status, reason, day, _caller(), attempt)
    view = queries.view(ledger, row)
    told = attempt.told if attempt is not None else None
    return Answer(_RESIDENT.dump(view if told is None else replace(view, **told)), headers=replayed(attempt))


@routes.post(
    "/v1/residents/<resident_id>/reveal",
    scope="residents:reveal",
    body=wire.ReasonSchema,
    answer=wire.RevealedSchema,
    refuses=[errors.NotFound, errors.PersonalData],
)
def reveal_resident(resident_id: str, body: str) -> Answer:
    """Show name and citizen number in full; writes one audit record with the reason."""
    name, id_number = commands.reveal(app_context().ledger, resident_in(resident_id), body, _caller())
    return Answer(
        {"resident_id": resident_id, "name": name, "id_number": id_number}, headers={"Cache-Control": "no-store"}
    )


@routes.get(
    "/v1/residents/<resident_id>/allowance",
    scope="residents:read",
    query=wire.AllowanceQuerySchema,
    answer=wire.AllowanceSchema,
    refuses=[errors.NotFound],
)
def get_resident_allowance(resident_id: str, query: dict[str, Any]) -> Answer:
    """What the resident has used and has left on a business day, by value and by list group."""
    return Answer(_ALLOWANCE.dump(queries.get_allowance(app_context().ledger, resident_in(resident_id), query["day"])))


@routes.post(
    "/v1/groups",
    scope="residents:write",
    status=201,
    body=wire.NewGroupSchema,
    answer=wire.GroupSchema,
    refuses=[errors.GroupExists, errors.PersonalData, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def create_group(body: dict[str, str]) -> Answer:
    """Create a group, without members.

    A retry with the same Idempotency-Key gets the same answer; without a key it is refused with group-exists, which
    names the group, as is another group of the same name and kind.
    """
    attempt = attempt_of(GROUPS_ROUTE, body)
    caller = request_context().caller
    made = make_group(app_context().ledger, body["name"], body["kind"], attempt, recorded_by=caller.id)
    return Answer(_GROUP.dump(made), 201, replayed(attempt))


@routes.get(
    "/v1/groups",
    scope="residents:read",
    query=wire.PageQuerySchema,
    answer=wire.GroupPageSchema,
    refuses=[errors.CursorInvalid],
)
def list_groups(query: dict[str, Any]) -> Answer:
    """List groups in the order of their ids, with the number of members today."""
    page = read_page("groups", wire.PageQuerySchema, query, groups.ORDINAL_MAX)
    found, following = queries.list_groups(app_context().ledger, page.position or 0, page.limit)
    return Answer({"items": _GROUP.dump(found, many=True), "next_cursor": page.cursor_after(following)})


@routes.post(
    "/v1/groups/<group_id>/members",
    scope="residents:write",
    body=wire.MembersSchema,
    answer=wire.GroupSchema,
    refuses=[errors.NotFound, errors.UnknownResident, *_KEY_REFUSALS],
    may_be_keyed=True,
)
def add_group_members(group_id: str, body: dict[str, Any]) -> Answer:
    """Add residents to a group; each leaves the group it was in from that day on."""
    group = group_in(group_id)
    attempt = attempt_of(MEMBERS_ROUTE, group, body)
    ledger, caller = app_context().ledger, request_context().caller
    changed = commands.add_members(
        ledger, group, body["resident_ids"], body["effective_on"], attempt, recorded_by=caller.id
    )
    return Answer(_GROUP.dump(changed), headers=replayed(attempt))


def _caller() -> Caller:
    context = request_context()
    return Caller(context.caller.id, context.request_id)
