"""Transfers are folded in the order of their facts; none is lost, doubled or seen late. Each protection is needed."""

import pathlib
import signal
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

import service.server.folder
from service.commands import processing_folding
from service.commands.folding import fold_all
from service.commands.processing_folding import fold_all_transfers, fold_transfers
from service.domain.processing_cells import CountedLine, ProcessingCell
from service.ledger import Ledger
from service.queries.processing_memory import ProcessingMemory
from service.queries.reports import Reporter
from service.queries.verifying import Wrong, verify
from service.server.folder import Folder
from service.storage import blocks, processing_cells, processing_tail
from service.storage.faults import NotWritten
from service.storage.processing_tail import TransferHeads
from tests import fold_worker
from tests.fold_worker import POINTS_OF_TRANSFERS
from tests.forked import run_together
from tests.small_transfers import call_back
from tests.twelve_trades import HALF_G, agrees, send, twelve_trades
from tests.waiting import wait_until


@pytest.fixture
def market(new_database: Callable[[], str], environment: dict[str, str]) -> Iterator[Ledger]:
    """Two enterprises and twelve trades."""
    with twelve_trades(new_database(), environment) as ledger:
        yield ledger


def _in_parts_and_back(ledger: Ledger) -> None:
    """Residents and trades that have two lines in one cell, of which one is taken back: before a fold and after it."""
    first = send(ledger, 1, 5, 2, grams=HALF_G)
    send(ledger, 1, 9, grams=HALF_G)
    fold_all_transfers(ledger)
    second = send(ledger, 3, 7)
    send(ledger, 11, 2)
    call_back(ledger, first)
    call_back(ledger, second)


def test_a_resident_and_a_trade_stay_while_a_live_line_is_left(market: Ledger) -> None:
    reporter = Reporter(market)
    assert agrees(market, reporter)
    _in_parts_and_back(market)
    assert agrees(market, reporter)
    assert agrees(market)
    fold_all_transfers(market)
    assert agrees(market, reporter)
    assert agrees(market)
    verify(market)


def test_without_the_overlay_a_report_would_miss_the_newest(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control."""
    _in_parts_and_back(market)
    monkeypatch.setattr(ProcessingMemory, "_read_lines", lambda _memory, _connection: None)
    assert not agrees(market)
    fold_all_transfers(market)
    assert agrees(market)


def test_without_the_set_of_parts_a_trade_would_count_twice(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: every line counts as a trade of its own."""
    send(market, 1, grams=HALF_G)
    send(market, 1, grams=HALF_G)
    assert agrees(market)
    add = ProcessingCell.add

    def add_as_whole(cell: ProcessingCell, line: CountedLine) -> None:
        add(cell, line._replace(is_whole=True))

    monkeypatch.setattr(ProcessingCell, "add", add_as_whole)
    assert not agrees(market)


@pytest.mark.parametrize("folds", [False, True])
def test_without_asking_what_is_live_too_much_would_leave_a_cell(
    market: Ledger, monkeypatch: pytest.MonkeyPatch, folds: bool
) -> None:
    """A negative control."""
    _in_parts_and_back(market)
    monkeypatch.setattr(processing_tail, "find_live", lambda *_: [])
    if folds:
        fold_all_transfers(market)
    assert not agrees(market)


def _folded_to_the_reversal(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fold ends behind a reversal, while a newer transfer of the same trades waits for the next fold."""
    first = send(ledger, 1, grams=HALF_G)
    call_back(ledger, first)
    send(ledger, 1, grams=HALF_G)
    monkeypatch.setattr(processing_folding, "LINES_PER_FOLD_MAX", 2)
    assert fold_transfers(ledger) == 2


def test_a_fold_does_not_look_behind_its_end(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    _folded_to_the_reversal(market, monkeypatch)
    verify(market)
    assert agrees(market)


def test_looking_behind_its_end_would_be_found(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A negative control: the live line of the newer transfer would keep the resident and the trade in the cells."""
    find_live = processing_tail.find_live
    end = TransferHeads(2**31 - 1, 2**31 - 1)
    monkeypatch.setattr(
        processing_tail, "find_live", lambda connection, lines, _, ways: find_live(connection, lines, end, ways)
    )
    _folded_to_the_reversal(market, monkeypatch)
    with pytest.raises(Wrong, match="is not what its lines add up to"):
        verify(market)


def test_each_cell_and_the_row_of_the_fold_name_their_newest_fact(market: Ledger) -> None:
    """`hushi verify` counts both again; a process loads by them what has changed."""
    first = send(market, 1)
    fold_transfers(market)
    send(market, 2, enterprise=2)
    call_back(market, first)
    fold_transfers(market)
    with market.database.reading() as connection:
        folded = processing_cells.find_folded(connection)
        named = connection.execute(sa.text("SELECT DISTINCT fold FROM processing_cell ORDER BY fold")).scalars().all()
        newest = connection.execute(sa.text("SELECT max(no) FROM fact")).scalar_one()
    assert folded == (newest, 2, 1)
    assert named == [newest - 1, newest]


@pytest.mark.parametrize("point", POINTS_OF_TRANSFERS)
def test_a_fold_that_is_killed_has_not_happened(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path, point: str
) -> None:
    send(market, 1, 2)
    fold_all_transfers(market)
    _in_parts_and_back(market)
    environment = {**environment, "HUSHI_DATABASE_URL": market.database.url.render_as_string(hide_password=False)}
    with market.database.reading() as connection:
        before = processing_cells.find_folded(connection)
    (worker,) = run_together(fold_worker.main, [[point]], environment, tmp_path)
    assert worker.returncode == -signal.SIGKILL
    with market.database.reading() as connection:
        assert processing_cells.find_folded(connection) == before
    assert agrees(market)
    verify(market)
    assert fold_all_transfers(market) > 0
    assert agrees(market)
    verify(market)


def test_a_folder_that_has_read_before_another_committed_does_nothing(
    market: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(market, 1, 2, 3)
    folded = []
    find_lines = processing_tail.find_lines

    def find_after_another(
        connection: sa.Connection, after: TransferHeads, up_to: TransferHeads
    ) -> list[tuple[int, CountedLine]]:
        monkeypatch.setattr(processing_tail, "find_lines", find_lines)
        folded.append(fold_transfers(market))
        return find_lines(connection, after, up_to)

    monkeypatch.setattr(processing_tail, "find_lines", find_after_another)
    folded.append(fold_transfers(market))
    assert folded == [3, 0]
    assert agrees(market)
    verify(market)


def test_many_folders_at_the_same_time_fold_each_line_once(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing_folding, "LINES_PER_FOLD_MAX", 2)
    for place in range(1, 13):
        send(market, place)
    folded: list[int] = []

    def work() -> None:
        while sum(folded) < 12:
            try:
                folded.append(fold_transfers(market))
            except NotWritten:  # Another folder was first.
                continue

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(folded) == 12
    assert agrees(market)
    verify(market)


def test_a_second_folder_does_nothing_while_a_first_one_works(market: Ledger) -> None:
    if market.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    send(market, 1)
    with market.database.writing() as connection:
        assert blocks.try_lock(connection)
        assert fold_transfers(market) == 0
    assert fold_transfers(market) == 1


def test_the_process_that_folds_folds_transfers_too(market: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.server.folder, "INTERVAL_S", 0.05)
    fold_all(market)
    folder = Folder(market)
    folder.start()
    try:
        send(market, 1, 2)
        wait_until(lambda: _waiting(market) == 0)
    finally:
        folder.stop()
    verify(market)


def _waiting(ledger: Ledger) -> int:
    with ledger.database.reading() as connection:
        return len(processing_tail.find_events(connection, processing_cells.find_folded(connection), 10))
