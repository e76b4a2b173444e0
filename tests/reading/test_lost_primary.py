"""The primary is gone: reports still come from the standby, at their position, and never older than before."""

import pathlib
import threading
import time
from collections.abc import Iterator

import pytest

from service.queries import report_sources, standby_condition
from tests.reading.pairs import REPORT, Pair, ask, caller_of, counted, pair, post
from tests.waiting import wait_until

READERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hushi'"


@pytest.fixture
def servers(tmp_path: pathlib.Path) -> Iterator[Pair]:
    with pair(tmp_path) as both:
        caller_of(both.opened[0][1]).register(1)
        yield both


def _stop(servers: Pair) -> None:
    servers.primary.run("pg_ctl", "-D", servers.primary.folder / "data", "-m", "immediate", "-w", "-s", "stop")


def _start(servers: Pair) -> None:
    data, log = servers.primary.folder / "data", servers.primary.folder / "log"
    servers.primary.run("pg_ctl", "-D", data, "-o", servers.primary.options, "-l", log, "-w", "-s", "start")


def test_without_a_primary_the_standby_serves_reports_at_their_position(servers: Pair) -> None:
    """Who has posted is served when it is known that the standby has it; a wanted position is waited for, and no longer
    than its limit."""
    app = servers.app()
    clerk, bureau = caller_of(app, "clerk"), caller_of(app, "bureau")
    before = counted(bureau)
    post(clerk)
    assert counted(clerk) == before + 1
    told = clerk.get(REPORT).headers["Hushi-Position"]
    servers.catch_up()
    _stop(servers)
    wait_until(lambda: clerk.get(REPORT).status_code == 200)
    assert counted(clerk) == counted(bureau) == before + 1
    assert counted(bureau, Hushi_Min_Position=told) == before + 1
    assert bureau.get("/v1/transactions").status_code == 503
    started = time.monotonic()
    refused = bureau.get(REPORT, headers={"Hushi-Min-Position": "99999.0"})
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert report_sources.POSITION_WITHIN_S <= time.monotonic() - started < report_sources.POSITION_WITHIN_S + 2
    assert bureau.get(REPORT, headers={"Authorization": "Bearer hushi_nobody"}).status_code == 401
    _start(servers)
    wait_until(lambda: bureau.get("/v1/transactions").status_code == 200)
    post(clerk)
    assert counted(clerk) == before + 2


def test_who_was_told_more_than_the_standby_has_is_told_nothing_older(
    servers: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_sources, "POSITION_WITHIN_S", 0.2)
    app = servers.app()
    clerk, bureau = caller_of(app, "clerk"), caller_of(app, "bureau")
    servers.catch_up()
    before = counted(bureau)
    servers.pause()
    post(clerk)
    assert counted(clerk) == before + 1
    told = clerk.get(REPORT).headers["Hushi-Position"]
    _stop(servers)
    assert clerk.get(REPORT).status_code == 503
    assert counted(bureau) == before
    # The standby has got the entry, and applies it while the caller waits.
    monkeypatch.setattr(report_sources, "POSITION_WITHIN_S", 20)
    resuming = threading.Timer(0.3, servers.resume)
    resuming.start()
    assert counted(bureau, Hushi_Min_Position=told) == before + 1
    assert counted(clerk) == before + 1
    resuming.join()
    _start(servers)


def test_after_a_promotion_the_new_primary_is_read_and_written(servers: Pair) -> None:
    """Both URLs name both servers; the report after the fail-over has all that was acknowledged, and goes on."""
    hosts = f"host={servers.primary.folder},{servers.standby.folder}"
    url = f"postgresql+psycopg://hushi@/hushi?{hosts}"
    app = servers.app(HUSHI_DATABASE_URL=url, HUSHI_READ_URL=f"{url}&target_session_attrs=prefer-standby")
    clerk = caller_of(app, "clerk")
    post(clerk)
    before = counted(clerk)
    servers.catch_up()
    _stop(servers)
    servers.standby.promote()
    wait_until(lambda: clerk.get("/v1/transactions").status_code == 200)
    seen = [before]
    for _ in range(3):
        post(clerk)
        wait_until(lambda: clerk.get(REPORT).status_code == 200)
        seen.append(counted(clerk))
    assert seen == [before, before + 1, before + 2, before + 3]
    _start(servers)


def test_reports_leave_the_primary_when_a_standby_is_back(servers: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fail-over to the standby that is read has reports come from the new primary, until there is a standby again."""
    monkeypatch.setattr(standby_condition, "SEEK_EVERY_S", 0.0)
    url = f"postgresql+psycopg://hushi@/hushi?host={servers.primary.folder},{servers.standby.folder}"
    servers.standby.run("pg_ctl", "-D", servers.standby.folder / "data", "-m", "fast", "-w", "-s", "stop")
    app = servers.app(HUSHI_READ_URL=f"{url}&target_session_attrs=prefer-standby")
    clerk, watch = caller_of(app, "clerk"), app.extensions["hushi"].standby_watch
    before = counted(clerk)
    watch.look()
    servers.standby.start_again()
    wait_until(lambda: ask(servers.standby, "SELECT pg_is_in_recovery()"))
    assert ask(servers.standby, READERS) == 0
    post(clerk)
    assert counted(clerk) == before + 1
    assert ask(servers.standby, READERS) == 0
    watch.look()
    assert counted(clerk) == before + 1
    assert ask(servers.standby, READERS) > 0
    post(clerk)
    assert counted(clerk) == before + 2
