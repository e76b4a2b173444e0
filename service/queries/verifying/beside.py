"""Does a part of a verification in a second process, which sees the same snapshot of the ledger.

Python works on one processor only. A verification has two parts that need nothing of each other, so two processes take
little more than half of the time. The parts have an order, and the first fault by that order is told, as if one process
had done them one after the other.
"""

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from service.config import Settings
from service.ledger import Ledger, open_existing
from service.queries.ledger import get_head
from service.storage import recount, snapshots
from service.storage.engine import Connection
from service.storage.faults import DatabaseUnavailable, NotWritten, OutcomeUnknown
from service.storage.snapshots import CantBeShared
from service.storage.suspending import stop_at_once

ENTRIES_MIN = 20_000
"""A smaller ledger is verified before a second process has begun."""
READY_WITHIN_S = 20.0
_SNAPSHOT_FAULTS = (DatabaseUnavailable, NotWritten, OutcomeUnknown, CantBeShared)


Part = Callable[[Connection, Ledger], Any]
"""A part of a verification. What it returns can be sent to another process; it raises Wrong as a verification does."""


class PartOutcome(NamedTuple):
    """What became of a part: its place in the order of the parts, its value, or the error that it raised."""

    place: int
    value: Any
    error: Exception | None


class PartsToTake:
    """Which parts are taken: both processes take from them, each part once."""

    def __init__(self, taken: Any, *, from_end: bool = False) -> None:
        """`taken` is a shared array of bytes, one for each part, with a lock."""
        self._taken, self._from_end = taken, from_end

    def _take(self) -> Iterator[int]:
        places = range(len(self._taken))
        for place in reversed(places) if self._from_end else places:
            with self._taken.get_lock():
                is_free, self._taken[place] = not self._taken[place], 1
            if is_free:
                yield place

    def run(self, parts: Sequence[Part], connection: Connection, ledger: Ledger) -> list[PartOutcome]:
        """Takes parts and does them."""
        return [run_part(parts, place, connection, ledger) for place in self._take()]


def run_part(parts: Sequence[Part], place: int, connection: Connection, ledger: Ledger) -> PartOutcome:
    """Does one part. Its error is no reason to stop, because a part before it may have an error as well."""
    try:
        return PartOutcome(place, parts[place](connection, ledger), None)
    except Exception as error:  # noqa: BLE001 (`do_parts` raises the first error)
        return PartOutcome(place, None, error)


class Helper:
    """The second process, and the pipe to it."""

    def __init__(self, process: BaseProcess, pipe: Pipe, to_take: PartsToTake) -> None:
        """The process has been started, and says when it is ready."""
        self._process, self._pipe, self.to_take = process, pipe, to_take

    def is_ready(self) -> bool:
        """Whether it is ready to begin its snapshot. It may take a second to start."""
        return self._pipe.poll(READY_WITHIN_S) and self._pipe.recv() == "ready"

    def begin(self, token: str | None) -> bool:
        """Has it begin its snapshot, and returns whether it has."""
        self._pipe.send(token)
        return self._pipe.poll(READY_WITHIN_S) and self._pipe.recv() == "begun"

    def outcomes(self) -> list[PartOutcome]:
        """Waits for what it has done; nothing when the process has died."""
        with contextlib.suppress(EOFError):
            found: list[PartOutcome] = self._pipe.recv()
            return found
        return []

    def end(self) -> None:
        """Ends the process, whatever it does; it only reads."""
        self._process.kill()
        self._process.join()
        self._pipe.close()


def start_helper(settings: Settings, parts: Sequence[Part]) -> Helper:
    """Starts a second process that opens the ledger of the settings, and takes parts from the last one on."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    taken = context.Array("b", len(parts))
    process = context.Process(target=_help, args=(settings, theirs, parts, taken), daemon=True)
    with _without_interruption():
        process.start()
    theirs.close()
    return Helper(process, ours, PartsToTake(taken))


@contextlib.contextmanager
def _without_interruption() -> Iterator[None]:
    """Holds back Ctrl-C from this thread; a process that is started meanwhile never gets it.

    The first process ends the second one. Without this, the second one would show a traceback while Python starts.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _help(settings: Settings, pipe: Pipe, parts: Sequence[Part], taken: Any) -> None:
    """What the second process does until it has sent its outcomes, or the first process ends it."""
    stop_at_once()
    ledger = open_existing(settings)
    with ledger.database.reading():
        # A new connection drops its plans, and PostgreSQL takes a snapshot for that: too early for `take_over`
        # (findings/postgresql-what-takes-a-snapshot.sh).
        pass
    pipe.send("ready")
    with ledger.database.reading() as connection:
        snapshots.take_over(connection, pipe.recv())
        pipe.send("begun")
        with recount.any_text(connection):
            outcomes = PartsToTake(taken, from_end=True).run(parts, connection, ledger)
    pipe.send(outcomes)


@contextlib.contextmanager
def reading_beside(ledger: Ledger, helper: Helper | None) -> Iterator[tuple[Connection, Helper | None]]:
    """A snapshot of the ledger, and the helper if it has the same one.

    On SQLite no process writes while both begin, and on PostgreSQL the helper takes over the snapshot. Where neither
    can be, as on a database that only reads, the snapshot is given alone.
    """
    with contextlib.ExitStack() as stack:
        if helper is not None:
            stack.callback(helper.end)
        shared = None
        if helper is not None and helper.is_ready():
            with contextlib.suppress(*_SNAPSHOT_FAULTS):
                shared = stack.enter_context(snapshots.shared_snapshot(ledger.database, helper.begin))
        connection = stack.enter_context(ledger.database.reading()) if shared is None else shared
        yield connection, None if shared is None else helper


def is_worth_it(ledger: Ledger) -> bool:
    """Whether a second process would be of use for a ledger of this length on this machine."""
    return len(os.sched_getaffinity(0)) > 1 and get_head(ledger).transactions >= ENTRIES_MIN
