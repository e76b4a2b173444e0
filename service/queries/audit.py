"""Lists the records of the audit."""

from collections.abc import Sequence

from service.ledger import Ledger
from service.storage import audit
from service.storage.audit import AuditFilters, AuditRecord


def list_audit(
    ledger: Ledger, filters: AuditFilters, before: int | None, limit: int
) -> tuple[Sequence[AuditRecord], int | None]:
    """Up to `limit` records before an id, newest first, and the id to go on from; None at the end."""
    with ledger.database.reading() as connection:
        found = audit.list_records(connection, filters, before, limit + 1)
    return found[:limit], found[limit - 1].audit_id if len(found) > limit else None
