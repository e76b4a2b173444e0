"""Answers that are known before Flask is asked: a report, for the same caller, while the ledger has not changed.

What a report says depends on the request, the state of the ledger and the day, and nothing else. A view leaves state
and day in the context of the request; the same request at the same state, which also knows of revoked keys, gets the
same answer.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.domain.transactions import business_day
from service.http.request_context import Exact, Note, context_of
from service.http.sessions import Life
from service.queries.ledger_state import LedgerStateReader
from service.storage.faults import DatabaseUnavailable
from service.storage.keys import ApiKey

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = "/v1/reports/"
ANSWERS_MAX = 512
BYTES_MAX = 256 * 1024
ASKED_LENGTH_MAX = 16 * 1024
"""Of what an answer depends on; the head of a request may have 400 KiB, and each is kept beside its answer."""

_WHAT_COUNTS = (
    "PATH_INFO", "QUERY_STRING", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_ACCEPT", "HTTP_IF_NONE_MATCH",
)  # fmt: skip
"""All that the answer to a report depends on; whatever else a view of a report reads must stand here."""


@dataclass(frozen=True, slots=True)
class _Answer:
    exact: Exact
    api_key: ApiKey
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    life: Life | None


class ResponseCache:
    """A WSGI application in front of another one."""

    def __init__(
        self,
        application: "WSGIApplication",
        state_reader: LedgerStateReader,
        now: Callable[[], datetime.datetime],
        note: Note,
    ) -> None:
        """Knows no answer yet."""
        self._application = application
        self._state_reader = state_reader
        self._now = now
        self._note = note
        self._known: dict[tuple[str | None, ...], _Answer] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers from memory, or asks the application and remembers."""
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].startswith(PATHS):
            return self._application(environ, start_response)
        asked = tuple(environ.get(name) for name in _WHAT_COUNTS)
        known = self._known.get(asked)
        if known is None or not self._is_current(known):
            # Not asked for again: it would be current once more if the clock were put back.
            self._known.pop(asked, None)
            return self._ask(asked, environ, start_response)
        context = context_of(environ)
        context.api_key = known.api_key
        start_response(known.status, [*known.headers, ("X-Request-Id", context.request_id)])
        # The addresses of reports have no variable part: each is the pattern of its route.
        self._note(context, "GET", environ["PATH_INFO"], int(known.status[:3]))
        return [known.body]

    def _is_current(self, known: _Answer) -> bool:
        now = self._now()
        if business_day(now) != known.exact.day:
            return False
        if known.life is not None and not known.life[0] <= now < known.life[1]:
            return False
        try:
            return self._state_reader.now() == known.exact.state
        except DatabaseUnavailable:
            return False

    def _ask(
        self, asked: tuple[str | None, ...], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        begun: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            """Passes on what the answer begins with, and notes it."""
            begun[:] = status, headers
            return start_response(status, headers, *error)

        parts = self._application(environ, begin)
        context = context_of(environ)
        if context.exact is None or sum(len(part or "") for part in asked) > ASKED_LENGTH_MAX:
            return parts
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        if len(body) <= BYTES_MAX:
            if len(self._known) >= ANSWERS_MAX:
                # A new dictionary, because other threads may be reading the old one.
                self._known = {}
            headers = [(name, value) for name, value in begun[1] if name.lower() != "x-request-id"]
            life = None if context.session is None else context.session.life
            self._known[asked] = _Answer(context.exact, context.caller, begun[0], headers, body, life)
        return [body]
