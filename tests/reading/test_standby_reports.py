"""Reports from a standby: exact at the position that they name, and never older than what the same caller was told."""

import pathlib
import time
from collections.abc import Iterator

import pytest
from flask import Flask

from service.commands.folding import fold
from service.figures import caller_marks
from service.figures.memory import Counts
from service.figures.standbys import REPORTS_FROM
from service.queries import report_sources
from tests.conftest import Caller
from tests.postgresql import running
from tests.reading.pairs import REPORT, Pair, caller_of, counted, pair, post, same_caller
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("pair")) as both:
        caller_of(both.opened[0][1]).register(1)
        yield both


@pytest.fixture
def app(servers: Pair) -> Iterator[Flask]:
    yield servers.app()
    servers.resume()
    servers.close()


@pytest.fixture
def clerk(app: Flask) -> Caller:
    """Posts, and reads what it has posted."""
    return caller_of(app, "clerk")


@pytest.fixture
def bureau(app: Flask, servers: Pair) -> Caller:
    """Only reads."""
    caller = caller_of(app, "bureau")
    servers.catch_up()
    return caller


def _came_from(source: str, caller: Caller) -> bool:
    """Asks for a report, and tells whether it came from there."""
    before = REPORTS_FROM.values()[source,]
    assert caller.get(REPORT).status_code == 200
    return REPORTS_FROM.values()[source,] == before + 1


def test_a_report_comes_from_the_standby_with_all_that_was_posted(clerk: Caller, bureau: Caller) -> None:
    before = counted(bureau)
    for number in range(1, 6):
        post(clerk)
        assert counted(clerk) == before + number
    assert _came_from("standby", clerk)
    assert _came_from("standby", bureau)


def test_who_has_posted_is_answered_by_the_primary_while_the_standby_is_behind(
    servers: Pair, clerk: Caller, bureau: Caller
) -> None:
    before = counted(bureau)
    servers.pause()
    post(clerk)
    assert _came_from("primary", clerk)
    assert counted(clerk) == before + 1
    # The bureau was told nothing of it: its report is exact at the older position that it names.
    assert _came_from("standby", bureau)
    assert counted(bureau) == before
    servers.resume()
    wait_until(lambda: _came_from("standby", clerk))
    assert counted(clerk) == counted(bureau) == before + 1


def test_without_the_marks_a_caller_gets_an_older_answer(
    servers: Pair, clerk: Caller, bureau: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    before = counted(bureau)
    monkeypatch.setattr(caller_marks, "note_told", lambda *_: None)
    monkeypatch.setattr(caller_marks, "note_found", lambda *_: None)
    servers.pause()
    post(clerk)
    assert counted(clerk) == before


def test_without_memory_that_processes_share_another_one_gives_an_older_answer(
    servers: Pair, clerk: Caller, bureau: Caller
) -> None:
    """The control: the process that answers knows nothing of what the other one has told."""
    before = counted(bureau)
    servers.pause()
    post(clerk)
    Counts.begin_again()
    assert counted(clerk) == before


def test_what_a_list_has_shown_is_in_the_next_report(servers: Pair, clerk: Caller, bureau: Caller) -> None:
    before = counted(bureau)
    servers.pause()
    post(clerk)
    assert counted(bureau) == before
    bureau.get("/v1/transactions")
    assert counted(bureau) == before + 1


def test_a_report_is_not_older_than_the_one_before_from_the_primary(
    servers: Pair, clerk: Caller, bureau: Caller
) -> None:
    """The primary has answered with a position that the caller asked for; the standby has not reached it yet."""
    before = counted(bureau)
    servers.pause()
    post(clerk)
    told = clerk.get(REPORT).headers["Hushi-Position"]
    assert counted(bureau, Hushi_Min_Position=told) == before + 1
    assert counted(bureau) == before + 1


def test_the_answer_to_a_post_names_a_position_that_holds_it(servers: Pair, clerk: Caller, bureau: Caller) -> None:
    """Its caller hands the position on, to another server and another key."""
    from tests.builders import a_trade

    before = counted(bureau)
    elsewhere = same_caller(bureau, servers.app())
    servers.pause()
    posted = clerk.trade(a_trade(amount_cny="10.00"))
    assert counted(elsewhere, Hushi_Min_Position=posted.headers["Hushi-Position"]) == before + 1


@pytest.mark.parametrize("sent", ["", "12", "12.", "-1.0", "1.2.3", "01.0", "１.0", "latest", "1." + 19 * "9"])
def test_a_position_that_is_none_is_refused(bureau: Caller, sent: str) -> None:
    refused = bureau.get(REPORT, headers={"Hushi-Min-Position": sent.encode().decode("latin-1")})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "validation-failed")
    assert refused.get_json()["errors"][0]["pointer"] == "/Hushi-Min-Position"
    assert "<block>.<tail>" in refused.get_json()["detail"]


def test_a_position_of_the_future_is_unavailable(bureau: Caller) -> None:
    refused = bureau.get(REPORT, headers={"Hushi-Min-Position": "99999.0"})
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_report_that_is_kept_is_given_again_for_the_same_state_only(
    servers: Pair, clerk: Caller, bureau: Caller
) -> None:
    first = bureau.get(REPORT)
    assert bureau.get(REPORT).data == first.data
    unchanged = bureau.get(REPORT, headers={"If-None-Match": first.headers["ETag"]})
    assert (unchanged.status_code, unchanged.headers["Hushi-Position"]) == (304, first.headers["Hushi-Position"])
    post(clerk)
    servers.catch_up()
    changed = bureau.get(REPORT, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200
    assert changed.headers["Hushi-Position"] != first.headers["Hushi-Position"]
    fold(servers.opened[-1][0])
    servers.catch_up()
    assert bureau.get(REPORT).headers["Hushi-Position"].endswith(".0")


def test_a_key_that_was_revoked_on_the_primary_is_refused_at_once(servers: Pair, app: Flask, bureau: Caller) -> None:
    """Also when the standby does not know it yet."""
    from service.commands.keys import revoke_key

    assert bureau.get(REPORT).status_code == 200
    servers.pause()
    ledger = app.extensions["hushi"].ledger
    found = app.extensions["hushi"].keys.find_unrevoked(
        bureau.headers["Authorization"].partition(" ")[2], app.extensions["hushi"].state_reader.now()
    )
    revoke_key(ledger, found.id)
    assert bureau.get(REPORT).status_code == 401


def test_the_standby_of_another_ledger_answers_nothing(servers: Pair, clerk: Caller, tmp_path: pathlib.Path) -> None:
    with pair(tmp_path) as others:
        app = servers.app(read_at=others.standby)
        mine = same_caller(clerk, app)
        assert _came_from("primary", mine)
        post(mine)
        assert _came_from("primary", mine)
        app.extensions["hushi"].ledger.standby.database.close()


def test_without_the_standby_the_primary_answers(servers: Pair, clerk: Caller, tmp_path: pathlib.Path) -> None:
    with running() as away:
        url = away.url("hushi")
    mine = same_caller(clerk, servers.app(HUSHI_READ_URL=url))
    started = time.monotonic()
    assert _came_from("primary", mine)
    assert time.monotonic() - started < report_sources.POSITION_WITHIN_S


def test_a_standby_that_is_far_behind_is_not_asked(
    servers: Pair, clerk: Caller, bureau: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_sources, "FAR_BEHIND_S", 0.2)
    monkeypatch.setattr(report_sources, "SAMPLE_EVERY_S", 0.01)
    servers.pause()
    post(clerk)
    assert _came_from("standby", bureau)
    time.sleep(0.3)
    assert _came_from("primary", bureau)
    servers.resume()
    servers.catch_up()
    assert _came_from("standby", bureau)
