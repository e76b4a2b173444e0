"""Finds out whether the ledger takes writes, by a commit that changes nothing."""

from service.ledger import Ledger
from service.storage.faults import DatabaseUnavailable, NotWritten, OtherRevision, OutcomeUnknown


def can_write(ledger: Ledger) -> bool:
    """Whether a commit succeeds. After a failed write it must find as much room on the disk as a post needs."""
    database = ledger.database
    try:
        database.commit_nothing(with_room=database.writes.is_failing)
    except (DatabaseUnavailable, NotWritten, OtherRevision, OutcomeUnknown):
        return False
    return True
