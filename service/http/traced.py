"""Gives each request a span. This layer is there only where tracing is on (service.server.traces)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from service.figures.tracing import request_span
from service.http.metrics import METHODS, OTHER

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_HEADERS = {"traceparent": "HTTP_TRACEPARENT", "tracestate": "HTTP_TRACESTATE"}


class TracedRequests:
    """A WSGI application that calls another one in a span."""

    def __init__(self, application: "WSGIApplication") -> None:
        """The other application says what it has answered (service.figures.tracing.tell_of_answer)."""
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """The span ends when the answer is made; a long list may still be on its way then."""
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else OTHER
        with request_span(method, {name: environ[key] for name, key in _HEADERS.items() if key in environ}):
            return self._application(environ, start_response)
