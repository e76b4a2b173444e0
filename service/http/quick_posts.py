"""Posts a trade without asking Flask, when nothing about the request is special: most requests of a day are such.

Flask, its routing and its views stay the application. This layer stands in front of it and uses the same functions for
the key, the body, the commit and the answer. Whatever is not plain or not right goes on to Flask, with what was done
for it so far, so that one place says what is wrong. Both ways give the same answers (tests/http/quick;
docs/decisions/0040-plain-posts-before-flask.md).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from werkzeug.http import HTTP_STATUS_CODES

from schemas.json_texts import parse_json
from schemas.transactions import TradeSchema, TransactionWriter
from service.commands.posting import Outcome, Post
from service.domain.errors import IdempotencyKeyReused, Refusal, ValidationFailed
from service.domain.idempotency import check_sent_key, key_digest, trade_fingerprint
from service.domain.keys import covers
from service.domain.transactions import Trade, Transaction
from service.figures.answering import REPLAYS
from service.figures.posting import REFUSALS
from service.http.api.transactions import POSTING_ROUTE, TRADE_REFUSALS
from service.http.arriving import Arriving
from service.http.bodies import JSON_BYTES_MAX
from service.http.context import AppContext
from service.http.positions import POSITION, told_position
from service.http.problems import PROBLEM_MEDIA_TYPE, problem_document
from service.http.request_context import Note, RequestContext, context_of
from service.http.trade_points import at_own_point
from service.storage.keys import ApiKey

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/v1/transactions"
SCOPE = "transactions:write"
PLAIN_TYPES = frozenset({"application/json", "application/json; charset=utf-8"})
PLAIN_REFUSALS = frozenset({*TRADE_REFUSALS, ValidationFailed, IdempotencyKeyReused})
"""The refusals of a commit whose answers have no header of their own."""
_SPECIAL = ("HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING")
"""With one of these headers the body is not what was sent, or its length is not known."""


class QuickPosts:
    """A WSGI application that posts plain trades, and asks another WSGI application for everything else."""

    def __init__(self, application: "WSGIApplication", shared: AppContext, note: Note) -> None:
        """`note` is called for each answer that is given here."""
        self._application, self._shared, self._note = application, shared, note
        self._schema, self._writer = TradeSchema(), TransactionWriter()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Posts a plain trade, or asks the application."""
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "POST":
            context = context_of(environ)
            outcome = self._post(environ, context)
            answer = None if outcome is None else self._answer(context, outcome)
            if answer is not None:
                start_response(answer.status, answer.headers)
                return [answer.body]
        return self._application(environ, start_response)

    def _post(self, environ: "WSGIEnvironment", context: RequestContext) -> Outcome | None:
        """What has become of a plain trade; None for any other request. Whatever was found is noted for Flask."""
        asked = self._plain(environ)
        if asked is None:
            return None
        api_key, digest, trade = asked
        entry = Post(digest, trade_fingerprint(trade), context.request_id, trade, api_key=api_key.id)
        try:
            outcome = self._shared.committer.submit([entry])[0]
        except Exception as error:  # noqa: BLE001 (Flask answers to every error, as if its view had raised it)
            context.settled = error
            return None
        context.api_key, context.settled = api_key, outcome
        return outcome

    def _plain(self, environ: "WSGIEnvironment") -> tuple[ApiKey, bytes, Trade] | None:
        """The caller's key, the digest of the request and the trade; None unless all is plain and right."""
        api_key = self._key_of(environ)
        if api_key is None or environ.get("QUERY_STRING"):
            return None
        own_point = api_key.trade_point
        try:
            digest = key_digest(api_key.id, POSTING_ROUTE, check_sent_key(environ.get("HTTP_IDEMPOTENCY_KEY")))
            document = _document_of(environ)
            if document is None:
                return None
            trade = self._schema.read(at_own_point(document, own_point))
        except Refusal:
            return None
        return None if own_point is not None and trade.trade_point != own_point else (api_key, digest, trade)

    def _key_of(self, environ: "WSGIEnvironment") -> ApiKey | None:
        """The caller's key when this process has met it before, and it may post; the commit looks at it again."""
        kind, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind != "Bearer" or not key.isascii():
            return None
        found = self._shared.keys.find_known(key.strip())
        return found if found is not None and covers(found.scopes, SCOPE) else None

    def _body_of(self, entry: Transaction) -> bytes:
        return orjson.dumps(self._writer.dump(entry, self._shared.keys.name_of))

    def _answer(self, context: RequestContext, outcome: Outcome) -> "_Answer | None":
        """The answer to an outcome; None when Flask has to give it."""
        shared, entry, refusal = self._shared, outcome.transaction, outcome.refusal
        try:
            if entry is not None:
                status, media_type, body = 201, "application/json", self._body_of(entry)
            elif refusal is not None and type(refusal) in PLAIN_REFUSALS:
                status, media_type = refusal.status, PROBLEM_MEDIA_TYPE
                body = orjson.dumps(problem_document(refusal, outcome.request_id))
                REFUSALS.add(1, refusal.code)
            else:
                return None
        except Exception:  # noqa: BLE001 (Flask makes the answer again, and tells what is wrong)
            return None
        headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))]
        if entry is not None:
            headers.append(("Location", f"{PATH}/{entry.transaction_id}"))
        if outcome.replayed:
            headers.append(("Idempotency-Replayed", "true"))
            REPLAYS.add(1)
        headers.append(("X-Request-Id", context.request_id))
        position = told_position(context, shared.sources, status, is_keyed=True)
        if position is not None:
            headers.append((POSITION, position))
        self._note(context, "POST", PATH, status)
        shared.key_uses.note(context.caller.id)
        return _Answer(f"{status} {HTTP_STATUS_CODES[status].upper()}", headers, body)


class _Answer(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


def _document_of(environ: "WSGIEnvironment") -> Any:
    """The JSON value of the body; None for null, and for a body that is no JSON or that is not sent in a plain way."""
    body = environ["wsgi.input"]
    if environ.get("CONTENT_TYPE") not in PLAIN_TYPES or not isinstance(body, Arriving):
        return None
    if any(name in environ for name in _SPECIAL) or not 0 < body.length <= JSON_BYTES_MAX:
        return None
    whole = body.take()
    return None if whole is None else parse_json(whole)
