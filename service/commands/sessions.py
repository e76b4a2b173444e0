"""Ending sessions: from then on no process takes their cookies."""

import datetime

from service.ledger import Ledger
from service.storage import ended_sessions


def end_session(ledger: Ledger, session: bytes, expires_at: datetime.datetime) -> None:
    """Ends a session for good, and forgets those whose time is long over. Ending twice changes nothing."""
    with ledger.database.writing() as connection:
        ended_sessions.insert(connection, session, expires_at)
        ended_sessions.delete_expired(connection, ledger.now())
