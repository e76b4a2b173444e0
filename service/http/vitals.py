"""The vital signs of a process that serves: it asks the ledger, and answers in time whatever has happened to it.

Monitoring must get an answer also when the database hangs, when its pool is used up and when its disk is full. So each
question is asked in a separate thread, and after a moment the answer is what is known by then.
"""

import functools
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from service.commands.committer import Committer
from service.commands.proving import can_write
from service.ledger import Ledger
from service.queries.health import Readiness, readiness

READING_TIMEOUT_S = 1.2
WRITING_TIMEOUT_S = 0.7
"""Both timeouts together are less than the two seconds that a caller may wait."""
STANDS_STILL_AFTER_S = 5.0
"""A question or a commit that takes longer than this counts as hanging. A batch of 10,000 lines takes two seconds."""
WRITTEN_LATELY_S = 5.0
"""For this time after a commit that succeeded, the next commit is expected to succeed as well."""
PROVE_AGAIN_AFTER_S = 1.0

T = TypeVar("T")


class Writes(StrEnum):
    """What would happen to a post now."""

    OK = "ok"
    FAILING = "failing"
    STANDING_STILL = "standing still"


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a reading of the ledger tells, and whether posts are written.

    `writes` is None where the database can't be read, or has not the schema that this version needs.
    """

    readiness: Readiness
    writes: Writes | None


class _Question(Generic[T]):
    """One question to the ledger. One thread at a time asks it, for all callers that wait for the answer."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._asked_at = 0.0
        self._answer: Future[T] | None = None

    def answer(self, timeout_s: float) -> T | None:
        """The answer; None when it does not come in time."""
        with self._lock:
            if self._answer is None or self._answer.done():
                self._answer, self._asked_at = Future(), time.monotonic()
                threading.Thread(target=self._find, args=(self._answer,), name="vitals", daemon=True).start()
            answer = self._answer
        try:
            return answer.result(timeout_s)
        except TimeoutError:
            return None

    @property
    def is_hanging(self) -> bool:
        """Whether the question has waited so long that no answer is expected any more."""
        answer = self._answer
        is_open = answer is not None and not answer.done()
        return is_open and time.monotonic() - self._asked_at > STANDS_STILL_AFTER_S

    def _find(self, answer: Future[T]) -> None:
        try:
            answer.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 (the threads that wait must get the error)
            answer.set_exception(error)


class VitalSigns:
    """Says how one ledger and its committer are."""

    def __init__(self, ledger: Ledger, committer: Committer) -> None:
        """Prepares the two questions; `look` asks them."""
        self._ledger = ledger
        self._committer = committer
        self._reading = _Question(functools.partial(readiness, ledger))
        self._writing = _Question(functools.partial(can_write, ledger))
        self._last_read: Readiness | None = None

    def look(self) -> Vitals:
        """The vital signs, as far as they are known within two seconds."""
        found = self._reading.answer(READING_TIMEOUT_S)
        if found is None and self._last_read is not None and not self._reading.is_hanging:
            found = self._last_read  # A slow answer may mean only that the machine is busy.
        self._last_read = found or Readiness(database=False)
        if not self._last_read.database:
            return Vitals(self._last_read, None)
        return Vitals(self._last_read, self._look_at_writes() if self._last_read.schema == "ok" else None)

    def _look_at_writes(self) -> Writes:
        """Judges by the last commit. When that is long ago or has failed, it tries a commit that writes nothing."""
        at_it_s, now, writes = self._committer.at_it_for_s(), time.monotonic(), self._ledger.database.writes
        if at_it_s is not None and at_it_s > STANDS_STILL_AFTER_S:
            return Writes.STANDING_STILL
        if writes.is_failing and writes.failed_at is not None and now - writes.failed_at < PROVE_AGAIN_AFTER_S:
            return Writes.FAILING
        was_lately = writes.done_at is not None and now - writes.done_at < WRITTEN_LATELY_S
        if not writes.is_failing and (was_lately or at_it_s is not None):
            return Writes.OK
        is_proven = self._writing.answer(WRITING_TIMEOUT_S)
        if is_proven is None and self._writing.is_hanging:
            return Writes.STANDING_STILL
        return Writes.OK if is_proven or (is_proven is None and not writes.is_failing) else Writes.FAILING
