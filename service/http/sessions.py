"""Sessions: a person pastes an API key once, and the browser gets a cookie that no script can read.

The cookie is a signed note that this browser has shown the key. It holds the key's id and mark, the time and a random
number, under an HMAC; the key itself is never in it. A session ends after 12 hours, when its key is revoked or expires,
and when the person signs out. The ledger keeps which sessions have ended, so that every process refuses their cookies
at any time of the clock (docs/decisions/0016).
"""

import base64
import binascii
import datetime
import hashlib
import hmac
import os
import struct
from dataclasses import dataclass

import structlog
from flask import Response, request

from service.commands.sessions import end_session
from service.http.context import app_context
from service.queries.report_sources import ReportSource
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

Life = tuple[datetime.datetime, datetime.datetime]
"""The instant from which a session is answered, and the instant from which it is answered no more."""

COOKIE = "hushi_session"
LIFETIME = datetime.timedelta(hours=12)
CLOCK_BACK_MAX = datetime.timedelta(minutes=5)
"""A session that begins later than this after now was begun by another clock: its age can't be told."""

_NOTE = struct.Struct(">QQ16s16s")
"""The id of the key, the second of signing in, the mark of the key, and a random number that tells sessions apart."""

_TOKEN_LENGTH_MAX = 256

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that has signed in with a live key."""

    id: bytes
    api_key: ApiKey
    text: str
    life: Life

    @property
    def expires_at(self) -> datetime.datetime:
        """The instant at which the session ends by itself."""
        return self.life[1]

    @property
    def token(self) -> str:
        """The token that a write through this session sends beside the cookie; another site can't know it."""
        return _base64(_mac("csrf", self.text.encode()))

    def is_token(self, sent: str) -> bool:
        """Whether a text is the token of this session. The comparison takes constant time."""
        return hmac.compare_digest(self.token.encode(), sent.encode())


def begin_session(response: Response, api_key: ApiKey) -> None:
    """Lets the browser that gets this response act with the key."""
    note = _NOTE.pack(api_key.id, int(app_context().ledger.now().timestamp()), _mark_of(api_key), os.urandom(16))
    text = _base64(note + _mac("session", note))
    response.set_cookie(
        COOKIE, text, max_age=LIFETIME, path="/", httponly=True, samesite="Strict", secure=_is_encrypted()
    )


def drop_cookie(response: Response) -> None:
    """Tells the browser that gets this response to drop its session."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=_is_encrypted())


def find_session(at: LedgerState, source: ReportSource) -> Session | None:
    """The session of the current request's cookie; None unless it is signed by us, not ended, and its key is live.

    `at` is the ledger state at which the key must not be revoked, and `source` where it is looked up.
    """
    text = request.cookies.get(COOKIE, "")
    note = _note_of(text)
    if note is None:
        return None
    key_id, begun_s, mark, session_id = _NOTE.unpack(note)
    api_key = source.keys.find_unrevoked_by_id(key_id, at)
    if api_key is None or not hmac.compare_digest(mark, _mark_of(api_key)):
        return None
    if source.sessions.is_ended(session_id, at):
        return None
    begun_at = datetime.datetime.fromtimestamp(begun_s, datetime.UTC)
    # A session ends with its key, and for good: when the clock is put back, the person signs in again.
    ends_at = min(begun_at + LIFETIME, api_key.expires_at or begun_at + LIFETIME)
    session = Session(session_id, api_key, text, (begun_at - CLOCK_BACK_MAX, ends_at))
    if session.life[0] <= app_context().ledger.now() < session.life[1]:
        return session
    _end_for_good(session)
    return None


def _end_for_good(session: Session) -> None:
    """Records that a session is over, so that it does not become valid again when the clock is put back.

    The session is refused in any case. So when the ledger can't be written to now, the failure is only logged.
    """
    app_context().ended_sessions.note(session.id)
    try:
        end_session(app_context().ledger, session.id, session.expires_at)
    except (DatabaseUnavailable, NotWritten, OutcomeUnknown) as fault:
        _log.warning("ended-session-not-recorded", error=type(fault).__name__)


def _note_of(text: str) -> bytes | None:
    """The note of a cookie, or None when we have not signed it."""
    if len(text) > _TOKEN_LENGTH_MAX or not text.isascii():
        return None
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    note, signature = packed[: _NOTE.size], packed[_NOTE.size :]
    return note if hmac.compare_digest(signature, _mac("session", note)) else None


def _mark_of(api_key: ApiKey) -> bytes:
    """A digest that tells a key from another with the same id. A restored or replaced ledger may have such a key."""
    return _mac("session/key", api_key.digest)[:16]


def _mac(purpose: str, message: bytes) -> bytes:
    return hmac.digest(app_context().ledger.vault.derive(purpose), message, hashlib.sha256)


def _base64(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _is_encrypted() -> bool:
    """Whether the browser used https, to this service or to a proxy in front of it."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
