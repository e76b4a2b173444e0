"""Admission lets a fixed number of requests in at a time. It refuses the others at once, and their callers ask again.

Every thread that waits for a commit makes the next commit larger, so some waiting is good. With too much of it, callers
would give up before they get their answer, and the work would be lost. Reads and writes have separate places. A request
holds no place while its body is on its way.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import orjson

from service.domain.errors import Unavailable
from service.figures.answering import ADMISSION_REFUSED
from service.figures.posting import REFUSALS
from service.http.arriving import SMALL_BYTES_MAX, Arrivals, Arriving
from service.http.problems import PROBLEM_MEDIA_TYPE, problem_document
from service.http.request_context import Note, context_of
from service.server.memory import give_back_what_is_free

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

WRITES_MAX = 128
READS_MAX = 256
"""Most reads wait in the read queue (service.http.reading): a caller who is refused at once asks again at once."""
LARGE_AT_ONCE = 4
"""How many large bodies are worked on at a time. Each takes up to 150 MB; there is more than one, so that a body that
waits for its commit does not keep the processor idle."""
LARGE_BODY_TIMEOUT_S = 30
TRIMMED_BYTES_MIN = 4 * 1024 * 1024
"""The memory of a body larger than this is given back to the system at once; smaller bodies come all the time."""
LONG_S = 1.0
ANSWERED_WITHIN_S = 5.0
"""How long, at most, the answer of a long request is still on its way to the caller after its place is free."""
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ALWAYS_OPEN = ("/health/", "/metrics")
"""Monitoring must get an answer also when the service is full."""

FULL = "All places are taken; nothing of this request was done. Ask again, writes with the same key."


class Places:
    """Counts how many of a fixed number of places are taken."""

    def __init__(self, places_max: int) -> None:
        """Begins with all places free."""
        self._places_max = places_max
        self._changing = threading.Lock()
        self.taken = 0

    def take(self) -> bool:
        """Takes a place, and returns whether one was free."""
        with self._changing:
            if self.taken >= self._places_max:
                return False
            self.taken += 1
            return True

    def give_back(self) -> None:
        """Makes a place free."""
        with self._changing:
            self.taken -= 1


class Admission:
    """A WSGI application that admits requests to another WSGI application."""

    def __init__(
        self,
        application: "WSGIApplication",
        note: Note,
        writes_max: int = WRITES_MAX,
        reads_max: int = READS_MAX,
        arrivals: Arrivals | None = None,
        *,
        reads: "WSGIApplication | None" = None,
    ) -> None:
        """`note` is told of each refused request; `reads` answers GET, HEAD and OPTIONS in the application's place."""
        self._application, self._application_of_reads = application, reads or application
        self._note = note
        self.reads, self.writes = Places(reads_max), Places(writes_max)
        self.arrivals = arrivals or Arrivals()
        self.large = threading.BoundedSemaphore(LARGE_AT_ONCE)
        self._inside: dict[int, float] = {}
        self._ended: deque[tuple[float, float]] = deque()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers 503 at once when all places are taken."""
        visit = _Visit(self, environ)
        if not visit.enter():
            ADMISSION_REFUSED.add(1, "read" if environ["REQUEST_METHOD"] in READ_METHODS else "write")
            return refuse(FULL, self._note, environ, start_response)
        if visit.brings_a_body:
            environ["wsgi.input"] = Arriving(environ, visit)
            context_of(environ).note_size = visit.arrived
        try:
            if environ["REQUEST_METHOD"] in READ_METHODS:
                return self._application_of_reads(environ, start_response)
            return self._application(environ, start_response)
        finally:
            visit.leave()

    def inside_since(self) -> list[float]:
        """When each request inside began, by time.monotonic.

        These are the requests whose body is there, and long requests whose answer may still be on its way.
        """
        now = time.monotonic()
        while self._ended and now - self._ended[0][1] > ANSWERED_WITHIN_S:
            self._ended.popleft()
        return [*self._inside.copy().values(), *(since for since, _ in self._ended.copy())]

    def note_inside(self, number: int) -> None:
        """Notes that a request is inside and its body is there, unless that is noted already."""
        self._inside.setdefault(number, time.monotonic())

    def note_outside(self, number: int) -> None:
        """Notes that a request is not inside any more, or that its body is still on its way."""
        since = self._inside.pop(number, None)
        if since is not None and (now := time.monotonic()) - since > LONG_S:
            self._ended.append((since, now))


class _Visit:
    """One request and its admission."""

    def __init__(self, admission: Admission, environ: "WSGIEnvironment") -> None:
        self._admission, self._path = admission, environ["PATH_INFO"]
        self._places: Places | None = admission.reads if environ["REQUEST_METHOD"] in READ_METHODS else admission.writes
        if self._path.startswith(ALWAYS_OPEN):
            self._places = None
        self._is_inside = self._has_turn = False
        self._size = 0
        self.brings_a_body = bool(environ.get("CONTENT_LENGTH")) or "HTTP_TRANSFER_ENCODING" in environ

    def enter(self) -> bool:
        """Takes a place where the request needs one, and returns whether it may go on."""
        if self._places is not None and not self._places.take():
            return False
        self._is_inside = True
        self._admission.note_inside(id(self))
        return True

    def leave(self) -> None:
        """Gives back the place, and the turn among the large bodies."""
        self._give_place_back()
        self._admission.note_outside(id(self))
        if self._has_turn:
            self._has_turn = False
            if self._size > TRIMMED_BYTES_MIN:
                give_back_what_is_free()
            self._admission.large.release()

    @contextlib.contextmanager
    def outside(self, bytes_max: int) -> Iterator[None]:
        """Gives the place to other requests while the body is on its way. Raises Unavailable."""
        self._give_place_back()
        self._admission.note_outside(id(self))
        with self._admission.arrivals.one(self._path, bytes_max):
            yield
        if not self.enter():
            ADMISSION_REFUSED.add(1, "write")
            raise Unavailable(FULL)

    def arrived(self, size: int) -> None:
        """Notes that the body is there. For a large body it waits for one of the few turns. Raises Unavailable."""
        self._admission.note_inside(id(self))
        self._size = size
        if size > SMALL_BYTES_MAX and not self._has_turn:
            self._has_turn = self._admission.large.acquire(timeout=LARGE_BODY_TIMEOUT_S)
            if not self._has_turn:
                ADMISSION_REFUSED.add(1, "body")
                raise Unavailable(FULL)

    def _give_place_back(self) -> None:
        if self._is_inside:
            self._is_inside = False
            if self._places is not None:
                self._places.give_back()


def refuse(why: str, note: Note, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answers 503 without asking Flask."""
    context = context_of(environ)
    refusal = Unavailable(why)
    REFUSALS.add(1, refusal.code)
    body = orjson.dumps(problem_document(refusal, context.request_id))
    headers = [
        ("Content-Type", PROBLEM_MEDIA_TYPE), ("Content-Length", str(len(body))), ("X-Request-Id", context.request_id),
        ("Retry-After", str(refusal.retry_after_s)),
    ]  # fmt: skip
    start_response("503 Service Unavailable", headers)
    note(context, environ["REQUEST_METHOD"], None, refusal.status)
    return [body]
