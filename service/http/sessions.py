"""Sessions: an API key that was pasted once, as a cookie that no script can read.

The cookie is a signed note that this browser has shown the key: the key's id and mark, when, and a random number, under
an HMAC; the key itself is never in it. A session ends after 12 hours, with its key, and by signing out. The ledger
keeps which sessions have ended: every process refuses their cookies, whatever the clock says (docs/decisions/0016).
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
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

Life = tuple[datetime.datetime, datetime.datetime]
"""From when on, and before when, a session may be answered."""

COOKIE = "hushi_session"
LIFETIME = datetime.timedelta(hours=12)
CLOCK_BACK_MAX = datetime.timedelta(minutes=5)
"""A session that begins later than this was begun by another clock: how long it has lived, nobody can tell."""

_NOTE = struct.Struct(">QQ16s16s")
"""The id of the key, the second of signing in, the mark of the key, a random number that makes each session its own."""

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
        """When it ends by itself."""
        return self.life[1]

    @property
    def token(self) -> str:
        """What a write through this session sends beside the cookie; another site can't know it."""
        return _base64(_mac("csrf", self.text.encode()))

    def is_token(self, sent: str) -> bool:
        """Whether this is the token of this session; compared in constant time."""
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


def find_session(at: LedgerState) -> Session | None:
    """The session of the current request's cookie: rightly signed, not ended, and of a key that lives at `at`."""
    text = request.cookies.get(COOKIE, "")
    note = _note_of(text)
    if note is None:
        return None
    key_id, begun_s, mark, session_id = _NOTE.unpack(note)
    api_key = app_context().keys.find_live_by_id(key_id, at)
    if api_key is None or not hmac.compare_digest(mark, _mark_of(api_key)):
        return None
    if app_context().ended_sessions.is_ended(session_id, at):
        return None
    begun_at = datetime.datetime.fromtimestamp(begun_s, datetime.UTC)
    session = Session(session_id, api_key, text, (begun_at - CLOCK_BACK_MAX, begun_at + LIFETIME))
    if session.life[0] <= app_context().ledger.now() < session.life[1]:
        return session
    _end_for_good(session)
    return None


def _end_for_good(session: Session) -> None:
    """Keeps a session that was found to be over from living again when the clock is put back.

    It is over in any case: a ledger that can't be written to now must not turn the refusal into another one.
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
    """What tells a key from another one with its id, as a ledger that was restored or replaced may have."""
    return _mac("session/key", api_key.digest)[:16]


def _mac(purpose: str, message: bytes) -> bytes:
    return hmac.digest(app_context().ledger.vault.derive(purpose), message, hashlib.sha256)


def _base64(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _is_encrypted() -> bool:
    """Whether the browser came over https, to us or to a proxy in front of us."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
