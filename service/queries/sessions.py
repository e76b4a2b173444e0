"""Looks up whether a session has ended."""

from service.ledger import Ledger
from service.storage import ended_sessions
from service.storage.ledger_state import LedgerState

SESSIONS_KNOWN_MAX = 1000


class EndedSessions:
    """The sessions that a process has looked up. It forgets them as soon as another session is the last that ended."""

    def __init__(self, ledger: Ledger) -> None:
        """Begins without sessions."""
        self._ledger = ledger
        self._known: dict[bytes, bool] = {}
        self._noted: set[bytes] = set()
        self._as_of = (0, b"")

    def is_ended(self, session: bytes, at: LedgerState) -> bool:
        """Whether the session has ended at this state of the ledger. Raises DatabaseUnavailable."""
        if session in self._noted:
            return True
        if at.ended_session != self._as_of or len(self._known) >= SESSIONS_KNOWN_MAX:
            # The dictionary must be a new one: another thread may be putting an answer into the old one that it has
            # read before.
            self._known, self._as_of = {}, at.ended_session
        known = self._known
        if session not in known:
            with self._ledger.database.reading() as connection:
                known[session] = ended_sessions.is_ended(connection, session)
        return known[session]

    def note(self, session: bytes) -> None:
        """Notes in this process that a session has ended, also when this can't be written to the ledger."""
        if len(self._noted) >= SESSIONS_KNOWN_MAX:
            self._noted = set()
        self._noted.add(session)
