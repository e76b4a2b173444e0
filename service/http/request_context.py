"""The context of a request: all that the service knows of a request beside its body, in one place and with types.

The layers in front of Flask (entering, admission, response_cache, reading, arriving) and the code behind it share one
`RequestContext` for each request. It travels in the WSGI environ under ONE key, `ENVIRON_KEY`, and nothing else of this
project stands there. No code of this project uses `flask.g` (tests/http/test_request_context.py).
"""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from flask import request

from service.http.request_ids import accept_request_id
from service.http.sessions import Session
from service.queries.primary_looks import Look
from service.queries.report_sources import Chosen
from service.storage.keys import ApiKey
from service.storage.ledger_state import LedgerState

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from service.commands.posting import Outcome

ENVIRON_KEY = "hushi.request"
"""Where the context stands in the environ. A header of a caller can't get there: it is named `HTTP_…`."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The state of the ledger and the business day for which an answer stays right.

    `let_in_at` is the state at which its caller was let in, which may be that of another server.
    """

    state: LedgerState
    day: datetime.date
    let_in_at: LedgerState


@dataclass(slots=True)
class RequestContext:
    """One request, from its first layer to its answer; each field says which part of the service sets it.

    `started_s` is of time.perf_counter, for the log and the metrics. A field is None when it was not needed, or is not
    known yet.
    """

    request_id: str
    started_s: float
    client: str = ""
    """The address of the client, for log lines (service.http.clients)."""
    note_size: Callable[[int], None] | None = None
    """Admission sets it. It takes the length that the body has, or may have when it is unpacked, and waits for a turn
    when that is large."""
    api_key: ApiKey | None = None
    """Authentication sets it: the key of the caller, sent in a header or through a session."""
    session: Session | None = None
    """Authentication sets it: the session of the caller's cookie."""
    state: LedgerState | None = None
    """Authentication sets it: the ledger state at which the caller was let in. Without a standby, reports are answered
    at this state."""
    look: Look | None = None
    """Authentication sets it for a report: what the primary has told, or that it does not answer."""
    chosen: Chosen | None = None
    """The view of a report sets it: where the report comes from."""
    idempotency_key: str | None = None
    """The route sets it: the Idempotency-Key after its check."""
    settled: "Outcome | Exception | None" = None
    """service.http.quick_posts sets it: what has become of the trade already, so that the view posts nothing again."""
    exact: Exact | None = None
    """A view sets it when its answer may be kept and given again."""

    @property
    def caller(self) -> ApiKey:
        """The key of the caller, on a route that needs one. What the request does is recorded under the key's id."""
        assert self.api_key is not None, "this route lets callers in without a key"
        return self.api_key

    @property
    def checked_key(self) -> str:
        """The Idempotency-Key, on a route that needs one."""
        assert self.idempotency_key is not None, "this route needs no Idempotency-Key"
        return self.idempotency_key


class Note(Protocol):
    """Logs and counts an answer."""

    def __call__(self, context: RequestContext, method: str, route: str | None, status: int) -> None:
        """`route` is the pattern, never the path."""


def context_of(environ: "WSGIEnvironment") -> RequestContext:
    """The context of the request with this environ. The outermost layer has made it (service.http.entering)."""
    found: RequestContext | None = environ.get(ENVIRON_KEY)
    if found is None:
        request_id = accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        client = environ.get("REMOTE_ADDR", "")
        found = environ[ENVIRON_KEY] = RequestContext(request_id, time.perf_counter(), client)
    return found


def request_context() -> RequestContext:
    """The context of the request that Flask handles now."""
    return context_of(request.environ)
