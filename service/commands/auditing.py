"""Writes records of the audit, each as a fact of the register."""

from dataclasses import dataclass

from service.ledger import Ledger
from service.storage import audit, facts
from service.storage.engine import Connection

NO_RESIDENT = 0
"""Stands for the resident in a record that is about no resident in particular."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The API key and the request of a caller, as the audit records them."""

    api_key: int
    request_id: str


def record(
    connection: Connection, ledger: Ledger, caller: Caller, action: str, reason: str, ordinal: int = NO_RESIDENT
) -> None:
    """Adds one record of the audit in this transaction: who did what, about which resident, and why."""
    added = audit.insert(
        connection,
        at=ledger.now(),
        api_key=caller.api_key,
        action=action,
        ordinal=ordinal,
        reason=reason,
        request_id=caller.request_id,
    )
    facts.add(connection, ledger.vault.macs.facts, "audit", [added])
