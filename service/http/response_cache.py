"""Answers that are known before Flask is asked: a report, for the same caller, while the ledger has not changed.

What a report says depends on the request, the state of the ledger and the day, and nothing else. A view leaves state
and day beside its answer; the same request at the same state, which also knows of revoked keys, gets the same answer.
"""

import datetime
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from service.domain.transactions import business_day
from service.http.request_ids import accept_request_id
from service.queries.ledger_state import LedgerStateReader
from service.storage.faults import DatabaseUnavailable
from service.storage.ledger_state import LedgerState

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = "/v1/reports/"
ANSWERS_MAX = 512
BYTES_MAX = 256 * 1024
ASKED_LENGTH_MAX = 16 * 1024
"""Of what an answer depends on; the head of a request may have 400 KiB, and each is kept beside its answer."""

Life = tuple[datetime.datetime, datetime.datetime]
"""From when on, and before when, a session may be answered."""

_EXACT = "hushi.exact"
_LIFE = "hushi.life"
_WHAT_COUNTS = (
    "PATH_INFO", "QUERY_STRING", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_ACCEPT", "HTTP_IF_NONE_MATCH",
)  # fmt: skip
"""All that the answer to a report depends on; whatever else a view of a report reads must stand here."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The state and the day that an answer is exact at, and what the log and the metrics say of it."""

    state: LedgerState
    day: datetime.date
    route: str
    api_key: int


@dataclass(frozen=True, slots=True)
class _Answer:
    exact: Exact
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    life: Life | None


class Note(Protocol):
    """Logs and counts an answer."""

    def __call__(
        self, request_id: str, method: str, route: str | None, status: int, started: float, api_key: int | None
    ) -> None:
        """`started` is of time.perf_counter; `route` is the pattern, never the path."""


def leave_exact(environ: "WSGIEnvironment", exact: Exact) -> None:
    """Says of the answer to this request that it stays right for as long as the state and the day are the same."""
    environ[_EXACT] = exact


def leave_life(environ: "WSGIEnvironment", life: Life) -> None:
    """Says that the answer to this request is for a session that lives then."""
    environ[_LIFE] = life


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
        started = time.perf_counter()
        asked = tuple(environ.get(name) for name in _WHAT_COUNTS)
        known = self._known.get(asked)
        if known is None or not self._is_current(known):
            # Not asked for again: it would be current once more if the clock were put back.
            self._known.pop(asked, None)
            return self._ask(asked, environ, start_response)
        request_id = accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        start_response(known.status, [*known.headers, ("X-Request-Id", request_id)])
        self._note(request_id, "GET", known.exact.route, int(known.status[:3]), started, known.exact.api_key)
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
        exact = environ.get(_EXACT)
        if exact is None or sum(len(part or "") for part in asked) > ASKED_LENGTH_MAX:
            return parts
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        if len(body) <= BYTES_MAX:
            if len(self._known) >= ANSWERS_MAX:
                # A new dictionary, because other threads may be reading the old one.
                self._known = {}
            headers = [(name, value) for name, value in begun[1] if name.lower() != "x-request-id"]
            self._known[asked] = _Answer(exact, begun[0], headers, body, environ.get(_LIFE))
        return [body]
