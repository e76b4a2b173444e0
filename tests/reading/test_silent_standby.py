"""A standby that falls silent in the middle holds a report for a moment only: the primary answers."""

import contextlib
import pathlib
import signal
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from service.figures.standbys import REPORTS_FROM
from service.queries import report_sources
from service.storage.faults import DatabaseUnavailable
from tests.conftest import Caller
from tests.reading.pairs import Pair, caller_of, counted, pair, post
from tests.waiting import wait_until

FIRST_WITHIN_S = 6.0
"""One second for the state, one to cancel that, and three for a new connection."""


@pytest.fixture
def servers(tmp_path: pathlib.Path) -> Iterator[Pair]:
    with pair(tmp_path) as both:
        caller_of(both.opened[0][1]).register(1)
        yield both


@contextlib.contextmanager
def _frozen(postmaster: int) -> Iterator[None]:
    """A server whose processes are stopped, while its system still takes connections and data."""
    stopped = [psutil.Process(postmaster), *psutil.Process(postmaster).children(recursive=True)]
    for process in stopped:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def _from_primary() -> float:
    return REPORTS_FROM.values()["primary",]


def _came_from_primary(caller: Caller) -> bool:
    came = _from_primary()
    assert counted(caller) > 0
    return _from_primary() > came


def test_a_standby_that_falls_silent_holds_one_report_for_a_moment(
    servers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_sources, "SILENT_FOR_S", 60.0)
    app = servers.app()
    clerk, watch = caller_of(app, "clerk"), app.extensions["hushi"].standby_watch
    post(clerk)
    servers.catch_up()
    before = counted(clerk)
    came, took_s = _from_primary(), []
    with _frozen(servers.standby.postmaster):
        for _ in range(3):
            began = time.monotonic()
            assert counted(clerk) == before
            took_s.append(time.monotonic() - began)
    assert _from_primary() == came + 3
    assert took_s[0] < FIRST_WITHIN_S
    assert max(took_s[1:]) < report_sources.STANDBY_WITHIN_S * 4
    assert _came_from_primary(clerk)
    watch.look()
    wait_until(lambda: watch.look() or not _came_from_primary(clerk))


def test_a_report_that_the_silence_meets_in_the_middle_fails_soon(servers: Pair) -> None:
    """Somebody else finds the silence, and that ends the waiting of all. The primary makes the report then."""
    app = servers.app()
    clerk, watch = caller_of(app, "clerk"), app.extensions["hushi"].standby_watch
    post(clerk)
    servers.catch_up()
    assert not _came_from_primary(clerk)
    database = app.extensions["hushi"].sources.standby.ledger.database
    watching = threading.Thread(target=watch.look)

    def ask_while_it_freezes() -> None:
        with database.reading() as connection, _frozen(servers.standby.postmaster):
            watching.start()
            connection.exec_driver_sql("SELECT 1")

    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        ask_while_it_freezes()
    assert time.monotonic() - began < FIRST_WITHIN_S
    watching.join()
