"""The response cache gives a report again without asking Flask: to the same caller, while the ledger is the same.

A report depends on the request, the ledger state and the day, and on nothing else. A view notes state and day in the
context of the request. The same request at the same state gets the same answer. The ledger state also changes when a
key is revoked. What another key may see is another answer: the key, or the session's cookie, is a part of the request.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.domain.errors import Refusal
from service.domain.keys import has_expired
from service.domain.transactions import business_day
from service.figures.answering import CACHE_ANSWERS
from service.http.positions import wanted_position
from service.http.request_context import Exact, Note, context_of
from service.http.sessions import Life
from service.queries.report_sources import ReportSources, count_report
from service.storage.faults import DatabaseUnavailable
from service.storage.keys import ApiKey

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = "/v1/reports/"
ANSWERS_MAX = 512
BYTES_MAX = 256 * 1024
ASKED_LENGTH_MAX = 16 * 1024
"""The limit on what an answer depends on. The head of a request may have 400 KiB, and the cache keeps these parts of it
beside the answer."""

_WHAT_COUNTS = (
    "PATH_INFO", "QUERY_STRING", "HTTP_AUTHORIZATION", "HTTP_COOKIE", "HTTP_ACCEPT", "HTTP_IF_NONE_MATCH",
    "HTTP_HUSHI_MIN_POSITION",
)  # fmt: skip
"""All that the answer to a report depends on. When a view of a report reads something else, that must be added here."""


@dataclass(frozen=True, slots=True)
class _Answer:
    exact: Exact
    api_key: ApiKey
    status: str
    headers: list[tuple[str, str]]
    body: bytes
    life: Life | None


class ResponseCache:
    """A WSGI application that answers reports from memory, and asks another WSGI application for the rest."""

    def __init__(
        self,
        application: "WSGIApplication",
        sources: ReportSources,
        now: Callable[[], datetime.datetime],
        note: Note,
    ) -> None:
        """Begins with no known answer. `note` is called for each answer from memory."""
        self._application = application
        self._sources = sources
        self._now = now
        self._note = note
        self._known: dict[tuple[str | None, ...], _Answer] = {}

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers from memory, or asks the application and remembers."""
        if environ["REQUEST_METHOD"] != "GET" or not environ["PATH_INFO"].startswith(PATHS):
            return self._application(environ, start_response)
        asked = tuple(environ.get(name) for name in _WHAT_COUNTS)
        known = self._known.get(asked)
        if known is None or not self._is_current(known, environ):
            # The old answer is dropped, because it would become current again if the clock were put back.
            self._known.pop(asked, None)
            CACHE_ANSWERS.add(1, "miss")
            return self._ask(asked, environ, start_response)
        CACHE_ANSWERS.add(1, "hit")
        context = context_of(environ)
        context.api_key = known.api_key
        start_response(known.status, [*known.headers, ("X-Request-Id", context.request_id)])
        # The addresses of reports have no variable part, so the path is also the pattern of the route.
        self._note(context, "GET", environ["PATH_INFO"], int(known.status[:3]))
        return [known.body]

    def _is_current(self, known: _Answer, environ: "WSGIEnvironment") -> bool:
        now = self._now()
        if business_day(now) != known.exact.day:
            return False
        if has_expired(known.api_key.expires_at, now):
            return False
        if known.life is not None and not known.life[0] <= now < known.life[1]:
            return False
        try:
            return self._is_same(known, environ)
        except (DatabaseUnavailable, Refusal):
            return False  # The application tells the caller what is wrong.

    def _is_same(self, known: _Answer, environ: "WSGIEnvironment") -> bool:
        """Whether the source that a report would come from now is in the state of the answer, and its caller let in."""
        sources = self._sources
        look = sources.look()
        if sources.standby is None:
            return look.logged is not None and look.logged.state == known.exact.state
        wanted = wanted_position(environ.get("HTTP_HUSHI_MIN_POSITION"))
        lets_in = sources.standby.states.now() if look.logged is None else look.logged.state
        if not lets_in.lets_the_same_in(known.exact.let_in_at):
            return False
        chosen = sources.choose(known.api_key.id, look, wanted)
        if chosen.state != known.exact.state:
            return False
        context = context_of(environ)
        context.chosen = chosen
        count_report(chosen)
        return True

    def _ask(
        self, asked: tuple[str | None, ...], environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        begun: list[Any] = []

        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            """Passes on the status and the headers of the answer, and notes them."""
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
