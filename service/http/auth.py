"""Who asks: the API key of a request, and whether its scopes cover the route."""

from flask import g, request

from service.domain.errors import Forbidden, Unauthenticated
from service.domain.keys import covers
from service.http.market import market
from service.storage.keys import ApiKey

_HOW = "Send the header Authorization: Bearer hushi_… with a key that `hushi keys create` printed."

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")


def is_loopback() -> bool:
    """Whether the request comes from this machine itself, and was not handed on by a proxy for somebody else."""
    return request.remote_addr in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)


def authenticate(scope: str) -> ApiKey:
    """The live key of the current request. Raises Unauthenticated without one, Forbidden without the scope.

    What it reads of the ledger's state for that, `g.standing`, serves the rest of the request as well.
    """
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.isascii():
        raise Unauthenticated(_HOW)
    g.standing = market().pulse.now()
    found = market().keys.find_live(key.strip(), g.standing)
    if found is None:
        raise Unauthenticated("This key is unknown or revoked. " + _HOW)
    if not covers(found.scopes, scope):
        raise Forbidden(f"This needs the scope {scope}; the key has {', '.join(sorted(found.scopes))}.")
    return found
