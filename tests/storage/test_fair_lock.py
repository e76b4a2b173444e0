"""Writers take turns: one that writes without a pause does not keep the others away."""

import contextlib
import pathlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from service.ledger import Ledger
from service.storage.fair_lock import FairFileLock, FairLock
from service.storage.faults import DatabaseUnavailable

HELD_S = 0.02
PASSED_MAX = 5
"""So many writes of another writer may end while one waits: the running write, and those before the waiting writer has
asked for its turn."""
WAITERS = 5


@pytest.fixture
def engine_name() -> str:
    """On PostgreSQL writers have connections of their own."""
    return "sqlite"


@contextlib.contextmanager
def _writing_without_a_pause(ledger: Ledger) -> Iterator[list[float]]:
    """Yields when each write ended."""
    until, ended = threading.Event(), list[float]()

    def write() -> None:
        while not until.is_set():
            with ledger.database.writing():
                time.sleep(HELD_S)
            ended.append(time.perf_counter())

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(2 * HELD_S)
    try:
        yield ended
    finally:
        until.set()
        thread.join()


def _passed(ledger: Ledger, ended: list[float]) -> int:
    """How many writes of the other end while this one waits: what counts is the order, on a slow machine as well."""
    before = len(ended)
    with ledger.database.writing():
        return len(ended) - before


def test_who_waits_is_next(ledger: Ledger) -> None:
    with _writing_without_a_pause(ledger) as ended:
        passed = [_passed(ledger, ended) for _ in range(10)]
    assert max(passed) <= PASSED_MAX


def test_without_turns_the_quickest_keeps_the_others_away(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: in a hundred waits at least one is passed over more often."""
    monkeypatch.setattr(ledger.database, "_turn", lambda **_how: contextlib.nullcontext())
    with _writing_without_a_pause(ledger) as ended, contextlib.suppress(DatabaseUnavailable):
        assert any(_passed(ledger, ended) > PASSED_MAX for _ in range(100))


def test_turns_come_in_the_order_of_asking() -> None:
    lock, order = FairLock(), list[int]()
    assert lock.take(0)

    def wait(number: int) -> None:
        assert lock.take(10)
        order.append(number)
        lock.give_back()

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(WAITERS)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    lock.give_back()
    for thread in threads:
        thread.join()
    assert order == list(range(WAITERS))


def test_who_gave_up_is_passed_over() -> None:
    lock = FairLock()
    assert lock.take(0)
    assert not lock.take(0.01)
    lock.give_back()
    assert lock.take(0)


def test_so_it_is_among_processes(ledger: Ledger, other_ledger: Ledger) -> None:
    with _writing_without_a_pause(ledger) as ended:
        passed = [_passed(other_ledger, ended) for _ in range(10)]
    assert max(passed) <= PASSED_MAX


def test_without_turns_among_processes_the_quickest_keeps_the_others_away(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: a writer that asks SQLite again and again gets its turn only when no other writes."""
    for database in (ledger.database, other_ledger.database):
        monkeypatch.setattr(database.__dict__["_turns"], "_processes", None)
    with _writing_without_a_pause(ledger) as ended, contextlib.suppress(DatabaseUnavailable):
        assert any(_passed(other_ledger, ended) > PASSED_MAX for _ in range(500))


def test_who_dies_gives_the_turn_back(tmp_path: pathlib.Path) -> None:
    database = tmp_path / "ledger.db"
    holds = (
        "import pathlib, sys, time; from service.storage.fair_lock import FairFileLock\n"
        "with FairFileLock(pathlib.Path(sys.argv[1])).turn(): print('mine', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", holds, database], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"mine\n"
        came = threading.Event()

        def wait() -> None:
            with FairFileLock(database).turn():
                came.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        assert not came.wait(0.2)
        holder.kill()
        assert came.wait(10)
        waiting.join()


def test_a_folder_without_a_place_for_turns_is_a_database_that_is_not_there(ledger: Ledger) -> None:
    file = ledger.database.file
    assert file is not None
    file.with_name(file.name + "-turns").mkdir()
    with pytest.raises(DatabaseUnavailable, match="turns"), ledger.database.writing():
        pass
