"""The audit: who saw or changed what of whom, added rules or read signals, when and why."""

from typing import Any

from schemas.audit import AuditPageSchema, AuditQuerySchema, AuditRecordSchema
from service.domain import errors
from service.http.context import app_context
from service.http.paging import read_page
from service.http.routes import Answer, Routes
from service.queries.audit import list_audit
from service.storage.audit import PLACE_MAX, AuditFilters

routes = Routes("Residents")

_RECORD = AuditRecordSchema()


@routes.get(
    "/v1/audit",
    scope="admin",
    query=AuditQuerySchema,
    answer=AuditPageSchema,
    refuses=[errors.CursorInvalid],
)
def get_audit(query: dict[str, Any]) -> Answer:
    """List the audit, newest first: each reveal, change of status, rule file, reading of signals, by whom and why."""
    page = read_page("audit", AuditQuerySchema, query, PLACE_MAX)
    records, following = list_audit(app_context().ledger, AuditFilters(**page.filters), page.position, page.limit)
    return Answer({"items": _RECORD.dump(records, many=True), "next_cursor": page.cursor_after(following)})
