"""Folding happens in order, by one folder at a time. A folder that is killed anywhere loses and doubles no entry."""

import datetime
import pathlib
import signal
import threading
import time
from dataclasses import replace

import pytest

import service.server.folder
from loadtests.ledgers import fresh_posts, register_residents
from service.commands import folding
from service.commands.folding import fold, fold_all
from service.commands.posting import post
from service.domain.periods import Period
from service.domain.reports import Question, trade_report
from service.ledger import Ledger
from service.queries.cube import CubeKeeper
from service.queries.ledger import get_head, tail_length
from service.queries.reports import Reporter
from service.queries.verifying import Wrong, verify
from service.server.folder import Folder
from service.storage import blocks, journal, settling, tail
from service.storage.engine import Connection
from service.storage.faults import NotWritten
from service.storage.ledger_state import Position
from tests import fold_worker
from tests.fold_worker import POINTS
from tests.forked import run_together
from tests.recounting import PlainRecount, read_journal
from tests.waiting import wait_until

RESIDENTS = 20
TWO_YEARS = Question(Period(datetime.date(2023, 1, 1), datetime.date(2024, 12, 31)), "none", ("category", "month"))


def _agrees(ledger: Ledger) -> bool:
    recount = PlainRecount(read_journal(ledger))
    return Reporter(ledger).trade(TWO_YEARS).answer == trade_report(TWO_YEARS, recount.totals)


def _fill(ledger: Ledger, count: int) -> None:
    register_residents(ledger, RESIDENTS)
    post(ledger, fresh_posts(count, RESIDENTS))


@pytest.mark.parametrize("point", POINTS)
def test_a_fold_that_is_killed_has_not_happened(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, point: str
) -> None:
    _fill(ledger, 300)
    fold(ledger)
    post(ledger, fresh_posts(200, RESIDENTS, seed=2))
    before = get_head(ledger)
    (worker,) = run_together(fold_worker.main, [[point]], environment, tmp_path)
    assert worker.returncode == -signal.SIGKILL
    assert get_head(ledger) == before
    assert _agrees(ledger)
    verify(ledger)
    assert fold_all(ledger) == 200
    assert _agrees(ledger)
    verify(ledger)


def test_folders_at_the_same_time_fold_each_entry_once(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "ENTRIES_PER_BLOCK_MAX", 20)
    _fill(ledger, 400)
    folded: list[int] = []

    def work() -> None:
        while tail_length(ledger) > 0:
            try:
                done = fold(ledger)
            except NotWritten:  # Another folder was first.
                continue
            if done is not None:
                folded.append(done.block.count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(folded) == 400
    assert get_head(ledger).transactions == 400
    verify(ledger)


def _fold_while_another_folder_works(ledger: Ledger, other: Ledger) -> tuple[folding.Folded | None, int]:
    """The result of a second folder while a first one holds the lock, and the length of the tail then."""
    _fill(ledger, 30)
    with ledger.database.writing() as connection:
        assert blocks.try_lock(connection)
        return fold(other), tail_length(other)


def test_a_second_folder_does_nothing_while_a_first_one_works(ledger: Ledger, other_ledger: Ledger) -> None:
    _postgresql_only(ledger)
    assert _fold_while_another_folder_works(ledger, other_ledger) == (None, 30)
    assert fold_all(other_ledger) == 30


def test_without_the_lock_it_would_fold_as_well(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control."""
    _postgresql_only(ledger)
    monkeypatch.setattr(blocks, "try_lock", lambda _connection: True)
    folded, waiting = _fold_while_another_folder_works(ledger, other_ledger)
    assert folded is not None
    assert waiting == 0


def _fold_while_a_place_is_on_its_way(ledger: Ledger) -> int:
    """Places 1 and 3 are committed, 2 is when the fold has begun; the number of entries that the fold took."""
    register_residents(ledger, RESIDENTS)
    post(ledger, fresh_posts(1, RESIDENTS))
    [first] = read_journal(ledger)
    folded: list[folding.Folded | None] = []
    folder = threading.Thread(target=lambda: folded.append(fold(ledger)))
    with ledger.database.writing() as connection:
        journal.insert(connection, [first._replace(transaction_id=ledger.new_id())])
        post(ledger, fresh_posts(1, RESIDENTS, seed=2))
        folder.start()
        time.sleep(0.3)
    folder.join(20)
    assert folded[0] is not None
    return folded[0].block.count


def _postgresql_only(ledger: Ledger) -> None:
    if ledger.database.is_sqlite:
        pytest.skip("SQLite has one writer: no place is ever on its way")


def test_a_fold_waits_for_a_lower_place_that_is_committed_late(ledger: Ledger) -> None:
    _postgresql_only(ledger)
    assert _fold_while_a_place_is_on_its_way(ledger) == 3
    assert _agrees(ledger)


def test_without_the_wait_a_late_commit_would_be_lost_and_is_found(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A negative control: the chain would go on behind the place that was not seen."""
    _postgresql_only(ledger)
    monkeypatch.setattr(settling, "_writers", lambda _connection: frozenset())
    assert _fold_while_a_place_is_on_its_way(ledger) == 2
    assert not _agrees(ledger)
    with pytest.raises(Wrong, match="Block 1 sealed 2 entries, and 3 are there"):
        verify(ledger)


def _transactions_seen_around_a_late_place(ledger: Ledger) -> list[int]:
    """What a report counts before and after place 2 is committed, which it has seen place 3 before."""
    register_residents(ledger, RESIDENTS)
    post(ledger, fresh_posts(1, RESIDENTS))
    [first] = read_journal(ledger)
    reporter, question = Reporter(ledger), Question(Period(datetime.date(2020, 1, 1), datetime.date(2029, 12, 31)))

    def count() -> int:
        found = reporter.trade(question).answer.total["transactions"]
        return found if isinstance(found, int) else found.current

    with ledger.database.writing() as connection:
        journal.insert(connection, [first._replace(transaction_id=ledger.new_id())])
        post(ledger, fresh_posts(1, RESIDENTS, seed=2))
        before = count()
    return [before, count()]


def test_a_report_sees_a_lower_place_that_is_committed_late(ledger: Ledger) -> None:
    _postgresql_only(ledger)
    assert _transactions_seen_around_a_late_place(ledger) == [2, 3]


def test_without_counting_the_tail_it_would_miss_it(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: a new entry may have a lower place than the newest place that is known."""
    _postgresql_only(ledger)
    read_tail = CubeKeeper._read_tail

    def read_what_lies_behind(self: CubeKeeper, connection: Connection, now: Position) -> None:
        behind = tail.find_entries(connection, max(self._places, default=0))
        read_tail(self, connection, replace(now, tail=(len(self._places) + len(behind), 0)))

    monkeypatch.setattr(CubeKeeper, "_read_tail", read_what_lies_behind)
    assert _transactions_seen_around_a_late_place(ledger) == [2, 2]


def test_the_folder_of_a_process_folds_by_itself_and_survives_a_fault(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.server.folder, "INTERVAL_S", 0.05)
    monkeypatch.setattr(service.server.folder, "PAUSE_AFTER_FAULT_S", 0.05)
    faults = [NotWritten("the connection was lost", is_race=False)]

    def failing_once(of: Ledger) -> object:
        if faults:
            raise faults.pop()
        return fold(of)

    monkeypatch.setattr(service.server.folder, "fold", failing_once)
    folder = Folder(ledger)
    folder.start()
    try:
        _fill(ledger, 50)
        wait_until(lambda: tail_length(ledger) == 0)
        post(ledger, fresh_posts(30, RESIDENTS, seed=2))
        wait_until(lambda: tail_length(ledger) == 0)
    finally:
        folder.stop()
    assert faults == []
    assert get_head(ledger).transactions == 80
    verify(ledger)
