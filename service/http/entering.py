"""The outermost layer: it gives each request its id and its client, and sees to it that each gets an answer with an id.

What Granian refuses by itself, because it is no request of HTTP, never gets here (docs/OPERATIONS.md, "Metrics, alerts
and logs").
"""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson
import structlog

from service.domain.errors import Refusal
from service.http.clients import Clients
from service.http.problems import PROBLEM_MEDIA_TYPE, UNEXPECTED, problem_document
from service.http.request_context import ENVIRON_KEY, Note, RequestContext
from service.http.request_ids import accept_request_id
from service.server.lifetimes import code_path_of
from service.server.logs import log_lines_are_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = structlog.get_logger()


class Entrance:
    """A WSGI application that calls another one with the request's context."""

    def __init__(self, application: "WSGIApplication", note: Note, clients: Clients) -> None:
        """`note` is told of each answer that no layer behind could give."""
        self.inside, self._note, self._clients = application, note, clients

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Makes the context. From now on, all log lines of this thread bear the request's id and its client."""
        request_id = accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        client = self._clients.address_of(environ)
        context = environ[ENVIRON_KEY] = RequestContext(request_id, time.perf_counter(), client)
        log_lines_are_of(request_id, client)
        try:
            return self.inside(environ, start_response)
        except Exception as error:  # noqa: BLE001 (Granian would answer without an id)
            _log.error("unexpected-error", error=type(error).__name__, where=code_path_of(error))
            refusal = Refusal(UNEXPECTED)
            body = orjson.dumps(problem_document(refusal, request_id))
            headers = [
                ("Content-Type", PROBLEM_MEDIA_TYPE), ("Content-Length", str(len(body))), ("X-Request-Id", request_id)
            ]  # fmt: skip
            start_response("500 Internal Server Error", headers)
            self._note(context, environ["REQUEST_METHOD"], None, refusal.status)
            return [body]
