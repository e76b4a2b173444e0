"""Ends sessions: after that, no process accepts their cookies."""

import datetime

from service.ledger import Ledger
from service.storage import ended_sessions


def end_session(ledger: Ledger, session: bytes, expires_at: datetime.datetime) -> None:
    """Ends a session for ever, and deletes ended sessions that have expired. Ending a session twice changes nothing."""
    with ledger.database.writing() as connection:
        ended_sessions.insert(connection, session, expires_at)
        ended_sessions.delete_expired(connection, ledger.now())
