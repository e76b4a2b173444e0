"""Who asks: the API key of a request, and whether its scopes cover the route."""

from flask import request

from service.domain.errors import Forbidden, Unauthenticated
from service.domain.keys import covers
from service.http.market import market
from service.queries.keys import find_live_key
from service.storage.keys import ApiKey

_HOW = "Send the header Authorization: Bearer hushi_… with a key that `hushi keys create` printed."


def authenticate(scope: str) -> ApiKey:
    """The live key of the current request. Raises Unauthenticated without one, Forbidden without the scope."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not key.isascii():
        raise Unauthenticated(_HOW)
    found = find_live_key(market().ledger, key.strip())
    if found is None:
        raise Unauthenticated("This key is unknown or revoked. " + _HOW)
    if not covers(found.scopes, scope):
        raise Forbidden(f"This needs the scope {scope}; the key has {', '.join(sorted(found.scopes))}.")
    return found
