"""Finds the API key of a request, or of its cookie's session, and checks that the key has the scope."""

from flask import request

from service.domain.errors import Forbidden, Unauthenticated
from service.domain.keys import covers, has_expired
from service.figures.answering import KEY_FAILURES
from service.http.context import app_context
from service.http.request_context import request_context
from service.http.response_cache import PATHS
from service.http.sessions import COOKIE, Session, find_session
from service.queries.report_sources import ReportSource
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

_HOW = "Send the header Authorization: Bearer hushi_… with a key that `hushi keys create` printed."

CSRF_HEADER = "X-CSRF-Token"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = (
    "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Server",
    "X-Real-IP", "X-Client-IP", "X-Original-URI", "True-Client-IP", "CF-Connecting-IP", "Via",
)  # fmt: skip
"""What proxies say of the caller for whom they ask. One of them is enough, from whatever proxy."""


def is_loopback() -> bool:
    """Whether the request comes from this machine itself, and no proxy has handed it on for another caller."""
    return request.remote_addr in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)


def authenticate(scope: str, *, may_be_revoked: bool = False) -> ApiKey:
    """The live key of the current request. Raises Unauthenticated without one, Forbidden without the scope.

    It notes the ledger state that it has read as `state` of the request's context, for the rest of the request. A
    header counts before a cookie. A write through a cookie also needs the session's token. With `may_be_revoked` a
    key that this process has met before is accepted without a look at the ledger. That is for requests that end in a
    commit, which checks the key itself, or in `confirm_key`.
    """
    by_cookie = COOKIE in request.cookies and "Authorization" not in request.headers
    found = _key_of_session() if by_cookie else _key_of_header(may_be_revoked)
    if not covers(found.scopes, scope):
        # A key that is tried where it may do nothing is in use as well, and an operator should see that.
        app_context().key_uses.note(found.id)
        KEY_FAILURES.add(1, "scope")
        raise Forbidden(f"This needs the scope {scope}; the key has {', '.join(sorted(found.scopes))}.")
    return found


def authenticate_session() -> Session:
    """The session of the current request. Raises Unauthenticated without one, Forbidden for a write without token."""
    context, source = request_context(), _source()
    context.state = _state_of(source)
    session = context.session = find_session(context.state, source)
    if session is None:
        KEY_FAILURES.add(1, "session")
        raise Unauthenticated("This session has ended. Sign in again at /signin.")
    sent = request.headers.get(CSRF_HEADER, "")
    if request.method not in _SAFE_METHODS and not session.is_token(sent):
        KEY_FAILURES.add(1, "token")
        raise Forbidden(f"A write through a session needs the header {CSRF_HEADER}; GET /session tells it.")
    return session


def _source() -> ReportSource:
    """Where the current request's caller is looked up: the primary, or its standby for a report while it is away.

    What has been revoked or signed out by then is on the standby as far as the standby goes, and no newer state is left
    to ask.
    """
    sources = app_context().sources
    if request.method not in _SAFE_METHODS or not request.path.startswith(PATHS):
        return sources.primary
    look = request_context().look = sources.look()
    return sources.primary if look.logged is not None or sources.standby is None else sources.standby


def _state_of(source: ReportSource) -> LedgerState:
    look = request_context().look
    return source.states.now() if look is None or look.logged is None else look.logged.state


def _key_of_session() -> ApiKey:
    return authenticate_session().api_key


def confirm_key() -> None:
    """Checks in the ledger, unless that was done, that the current request's key is live. Raises Unauthenticated."""
    if request_context().state is None:
        _key_of_header(may_be_revoked=False)


def _key_of_header(may_be_revoked: bool) -> ApiKey:
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.isascii():
        KEY_FAILURES.add(1, "missing")
        raise Unauthenticated(_HOW)
    found = app_context().keys.find_known(key.strip()) if may_be_revoked else None
    if found is not None:
        return found
    source = _source()
    state = request_context().state = _state_of(source)
    found = source.keys.find_unrevoked(key.strip(), state)
    if found is None:
        KEY_FAILURES.add(1, "unknown")
        raise Unauthenticated("This key is unknown or revoked. " + _HOW)
    if has_expired(found.expires_at, app_context().ledger.now()):
        KEY_FAILURES.add(1, "expired")
        raise Unauthenticated("This key has expired. " + _HOW)
    return found
