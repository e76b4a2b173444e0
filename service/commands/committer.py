"""Group commit: it writes the requests of a process that arrive together in one database transaction.

One thread writes. While it waits for the disk, requests wait in a bounded queue, and the next transaction takes as many
of them as ENTRIES_PER_COMMIT_MAX allows. Each caller gets its own outcomes, and a refused entry does not change the
outcome of another one.
"""

import contextlib
import functools
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import structlog

from service.commands.counted import count_failure, count_outcomes, count_together
from service.commands.posting import NewEntry, Outcome, post, post_all_or_none
from service.commands.together import Together, TogetherOutcome, post_together
from service.domain.errors import Unauthenticated, Unavailable
from service.figures import tracing
from service.figures.posting import COMMIT_REQUESTS, COMMIT_SECONDS, COMMITS_REPEATED
from service.ledger import Ledger
from service.storage.faults import (
    DatabaseUnavailable,
    NotWritten,
    OtherRevision,
    OutcomeUnknown,
    ReadOnlyDatabase,
)

QUEUED_REQUESTS_MAX = 4096
ENTRIES_PER_COMMIT_MAX = 1000
ATTEMPTS_MAX = 8
ANSWER_TIMEOUT_S = 30.0
REQUEST_IDS_TOLD_MAX = 50
"""How many requests the log line of a failed commit names."""

_log = structlog.get_logger()


class _Answer:
    """The answer that one thread waits for and another gives, once. It is a lock: much lighter than a Future."""

    __slots__ = ("_error", "_given", "_value")

    def __init__(self) -> None:
        self._given = threading.Lock()
        self._given.acquire()
        self._value: Any = None
        self._error: Exception | None = None

    def give(self, value: Any, error: Exception | None = None) -> None:
        """Gives the value, or the error that the caller is to get."""
        self._value, self._error = value, error
        self._given.release()

    def wait(self, timeout_s: float | None) -> Any:
        """The value. Raises the error, or TimeoutError when there is no answer in time."""
        if not self._given.acquire(timeout=-1 if timeout_s is None else timeout_s):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value


@dataclass(frozen=True, slots=True)
class _Request:
    """Entries that wait for a commit; or a command that makes a commit alone, and whose result is the answer."""

    entries: Sequence[NewEntry] = ()
    alone: Callable[[Ledger], object] | None = None
    request_id: str | None = None
    answer: _Answer = field(default_factory=_Answer)
    span: tracing.Span = field(default_factory=tracing.current)


class Committer:
    """The only writer of transactions in a process.

    When its thread fails, no other thread answers the callers that wait. The server then ends the process
    (service.server.lifetimes.end_with_any_thread).
    """

    def __init__(self, ledger: Ledger) -> None:
        """Starts no thread before the first request, so that a server may fork its workers first."""
        self._ledger = ledger
        self._queue: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._began_at: float | None = None

    def submit(
        self, entries: Sequence[NewEntry], *, all_or_none: bool = False, timeout_s: float | None = ANSWER_TIMEOUT_S
    ) -> list[Outcome]:
        """Waits for the commit and returns an outcome for each entry, in order.

        Raises Unavailable at once when the queue is full. Raises Unavailable also when the outcome is unknown: the
        caller asks again with the same keys and gets the true outcome. Raises Unauthenticated when the API key of the
        entries was revoked in the meantime; all entries of a call have the same API key.
        """
        alone = functools.partial(post_all_or_none, entries=entries) if all_or_none else None
        request_id = entries[0].request_id if entries else None
        outcomes: list[Outcome] = self._answer_to(_Request(entries, alone, request_id), timeout_s)
        if outcomes and isinstance(outcomes[0].refusal, Unauthenticated):
            raise outcomes[0].refusal
        return outcomes

    def submit_together(self, together: Together) -> TogetherOutcome:
        """Waits for the commit of a request that posts its entries all or none, and returns its outcome.

        Raises Unavailable and Unauthenticated as `submit` does.
        """
        alone = functools.partial(post_together, request=together)
        asked = _Request(alone=alone, request_id=together.request_id)
        outcome: TogetherOutcome = self._answer_to(asked, ANSWER_TIMEOUT_S)
        if isinstance(outcome.refusal, Unauthenticated):
            raise outcome.refusal
        return outcome

    def _answer_to(self, request: _Request, timeout_s: float | None) -> Any:
        self._start()
        if self._queue.qsize() >= QUEUED_REQUESTS_MAX:
            raise Unavailable("Too many requests are waiting to be written; nothing of this one was.")
        self._queue.put(request)
        try:
            return request.answer.wait(timeout_s)
        except TimeoutError:
            raise Unavailable("The ledger did not answer in time; ask again with the same key.") from None

    def waiting(self) -> int:
        """The number of requests that wait for the next commit."""
        return self._queue.qsize()

    def at_it_for_s(self) -> float | None:
        """How many seconds the commit that runs now has taken so far; None when no commit runs."""
        began_at = self._began_at
        return None if began_at is None else time.monotonic() - began_at

    def close(self) -> None:
        """Waits until the queued requests are written, and ends the thread."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join()
            self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="committer", daemon=True)
                    self._thread.start()

    def _work(self) -> None:
        waiting: list[_Request] = []
        while True:
            first = waiting.pop() if waiting else self._queue.get()
            if first is None:
                return
            self._began_at = began_at = time.monotonic()
            with contextlib.ExitStack() as turn:
                fault = self._wait_for_turn(turn)
                # What has come while this thread waited is written with the first.
                together, held_back = self._take_together(first)
                spans = [one.span for one in together if one.span is not None]
                with tracing.span("commit", spans, {"hushi.requests": len(together)}):
                    self._commit(together) if fault is None else self._answer_alone(together, fault)
            self._began_at = None
            if fault is None:
                COMMIT_SECONDS.observe(time.monotonic() - began_at)
            if held_back is _END:
                return
            if isinstance(held_back, _Request):
                waiting.append(held_back)

    def _wait_for_turn(self, turn: contextlib.ExitStack) -> Exception | None:
        """Waits for this process's turn to write, which `turn` gives back. Returns the error when there is none."""
        try:
            turn.enter_context(self._ledger.database.turn_to_post())
        except Exception as error:  # noqa: BLE001 (each caller must get an answer to any error)
            return error
        return None

    def _take_together(self, first: _Request) -> tuple[list[_Request], "_Request | object | None"]:
        """The requests that can be written in one transaction with the first, and the one behind them that can't.

        The second value is None when there is no such request, and _END when the committer is to end.
        """
        together, entries = [first], len(first.entries)
        while first.alone is None and entries < ENTRIES_PER_COMMIT_MAX:
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return together, _END
            if following.alone is not None:
                return together, following
            together.append(following)
            entries += len(following.entries)
        return together, None

    def _commit(self, together: Sequence[_Request]) -> None:
        """Writes the entries of these requests in one transaction, and gives each request its outcomes."""
        alone = together[0].alone
        entries = [entry for request in together for entry in request.entries]
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                answer: Any = alone(self._ledger) if alone else post(self._ledger, entries)
                break
            except Exception as error:  # noqa: BLE001 (each caller must get an answer to any error)
                # NotWritten says that another process took a key, a reference or a row first, or that the connection
                # was lost before the commit. So the batch runs again. The number of attempts is bounded, because a
                # fault that never goes away must not keep the thread busy for ever.
                if not isinstance(error, NotWritten) or attempt == ATTEMPTS_MAX:
                    self._answer_alone(together, error)
                    return
                COMMITS_REPEATED.add(1)
        COMMIT_REQUESTS.observe(len(together))
        count_together(answer) if isinstance(answer, TogetherOutcome) else count_outcomes(answer)
        outcomes = iter([answer] if alone else answer)
        for request in together:
            # A caller that gave up gets no answer here, but its outcome is in the ledger under its key.
            request.answer.give(next(outcomes) if alone else list(islice(outcomes, len(request.entries))))

    def _answer_alone(self, together: Sequence[_Request], error: Exception) -> None:
        """Runs each request of a failed transaction alone, so that only the bad one fails.

        A request that failed alone gets the error, and so do all requests when the database can't answer.
        """
        if len(together) > 1 and not isinstance(error, OutcomeUnknown | DatabaseUnavailable):
            for request in together:
                self._commit([request])
            return
        count_failure(error)
        request_ids = [request.request_id for request in together[:REQUEST_IDS_TOLD_MAX]]
        _log.error("commit-failed", requests=len(together), request_ids=request_ids, error=type(error).__name__)
        for request in together:
            request.answer.give(None, _told(error))


_END = object()


def _told(error: Exception) -> Exception:
    """The error that a caller gets for a fault."""
    if isinstance(error, OtherRevision | ReadOnlyDatabase):
        return Unavailable(error.told)
    if isinstance(error, NotWritten | OutcomeUnknown | DatabaseUnavailable):
        return Unavailable("The ledger could not write; ask again with the same key.")
    return error
