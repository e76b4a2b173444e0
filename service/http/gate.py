"""The gate: so many requests at a time and no more; whoever comes on top is told so at once, and comes again.

Every thread that waits for a commit makes the next commit larger, so waiting is good, up to a point. Beyond it people
would wait longer than they stay, and what is answered to nobody was done in vain.
"""

import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from service.domain.errors import Unavailable
from service.http.known_answers import Note
from service.http.problems import PROBLEM_MEDIA_TYPE, problem_document
from service.http.request_ids import accept_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ADMITTED_MAX = 128
ALWAYS_OPEN = ("/health/", "/metrics")
"""Whoever watches over the service must be answered when it is full."""

_FULL = "All places are taken; nothing of this request was done. Ask again, writes with the same key."


class Gate:
    """A WSGI application in front of another one."""

    def __init__(self, application: "WSGIApplication", note: Note, admitted_max: int = ADMITTED_MAX) -> None:
        """`note` is told of each refused request."""
        self._application = application
        self._note = note
        self._admitted_max = admitted_max
        self._places = threading.Semaphore(admitted_max)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers 503 at once when all places are taken."""
        if environ["PATH_INFO"].startswith(ALWAYS_OPEN):
            return self._application(environ, start_response)
        if not self._places.acquire(blocking=False):
            return self._refuse(environ, start_response)
        try:
            return self._application(environ, start_response)
        finally:
            self._places.release()

    def _refuse(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        started = time.perf_counter()
        request_id = accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        refusal = Unavailable(_FULL)
        body = orjson.dumps(problem_document(refusal, request_id))
        headers = [
            ("Content-Type", PROBLEM_MEDIA_TYPE), ("Content-Length", str(len(body))), ("X-Request-Id", request_id),
            ("Retry-After", str(refusal.retry_after_s)),
        ]  # fmt: skip
        start_response("503 Service Unavailable", headers)
        self._note(request_id, environ["REQUEST_METHOD"], None, refusal.status, started, None)
        return [body]
