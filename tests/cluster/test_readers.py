"""The readers of a campaign ask real servers here, whose standby lags. They find each protection that is missing."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from loadtests.ledgers import register_residents
from service.commands.keys import create_key
from service.figures import caller_marks
from service.queries.report_sources import ReportSources
from tests.cluster import readers
from tests.cluster.kept import Kept
from tests.cluster.places import BUREAU, CALLERS, CLERK, FOLLOWER, RESIDENTS, Place
from tests.cluster.readers import Reader
from tests.reading.pairs import Pair, pair

NUMBERS = iter(range(1, 100))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pair(tmp_path_factory.mktemp("pair")) as both:
        register_residents(both.opened[0][0], RESIDENTS)
        yield both


@pytest.fixture(scope="module")
def places(servers: Pair) -> Iterator[list[Place]]:
    """Two processes that serve the ledger, and read from the standby."""
    apps = [servers.app(), servers.app()]
    keys = {name: create_key(servers.opened[0][0], name, ["admin"])[1] for name in CALLERS}
    servers.catch_up()
    running = [_serve(app) for app in apps]
    yield [Place(f"hushi{number}", "127.0.0.1", port, keys) for number, (port, _) in enumerate(running, start=1)]
    for _, stop in running:
        stop()


def _serve(app: Flask) -> tuple[int, Callable[[], None]]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return server.server_port, stop


@pytest.fixture(scope="module")
def history() -> Kept:
    """What all tests have posted."""
    return Kept()


@pytest.fixture
def kept(servers: Pair, places: list[Place], history: Kept) -> Iterator[Kept]:
    """What is known after a post that the standby has, and that each caller has seen."""
    known = dataclasses.replace(history, wrong=[])
    _post(places[0], known)
    servers.catch_up()
    for caller in CALLERS:
        for place in places:
            assert Reader(caller, known).ask(place)
    assert known.wrong == []
    yield known
    servers.resume()


def _post(place: Place, known: Kept) -> None:
    number = next(number for number in NUMBERS if number % 10)
    known.send(number)
    answer = place.post(number)
    assert answer.status == 201
    known.take(number, answer.document["transaction_id"], place.name, answer.headers)


def _post_alone(servers: Pair, place: Place, known: Kept) -> None:
    """A post that the standby does not have."""
    servers.pause()
    _post(place, known)


def _change_choice(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> None:
    """Changes the wanted position before a source is chosen."""
    choose = ReportSources.choose
    monkeypatch.setattr(
        ReportSources, "choose", lambda self, caller, look, wanted: choose(self, caller, look, change(wanted))
    )


def test_callers_get_what_they_were_promised_while_the_standby_lags(
    servers: Pair, places: list[Place], kept: Kept
) -> None:
    _post_alone(servers, places[0], kept)
    for caller in CALLERS:
        for place in places:
            assert Reader(caller, kept).ask(place)
    assert Reader(FOLLOWER, kept, asked=readers.FUTURE_EACH - 1).ask(places[1])
    assert kept.wrong == []
    assert places[0].reports_from()["standby"] > 0


def test_an_ignored_position_is_found(
    servers: Pair, places: list[Place], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change_choice(monkeypatch, lambda _wanted: None)
    _post_alone(servers, places[0], kept)
    assert Reader(FOLLOWER, kept).ask(places[1])
    assert any("was wanted" in told for told in kept.wrong)
    assert any("it must hold" in told for told in kept.wrong)


def test_an_answer_to_a_position_of_the_future_is_found(
    places: list[Place], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    _change_choice(monkeypatch, lambda _wanted: None)
    Reader(FOLLOWER, kept, asked=readers.FUTURE_EACH - 1).ask(places[0])
    assert any("status 200 to a position of the future" in told for told in kept.wrong)


def test_a_wait_beyond_the_bound_is_found(places: list[Place], kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(wanted: Any) -> Any:
        time.sleep(0.3)
        return wanted

    monkeypatch.setattr(readers, "POSITION_WITHIN_S", 0.2)
    _change_choice(monkeypatch, wait)
    assert Reader(FOLLOWER, kept).ask(places[1])
    assert any("status 200 after" in told for told in kept.wrong)


def test_a_report_without_what_its_caller_has_posted_is_found(
    servers: Pair, places: list[Place], kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caller_marks, "note_told", lambda *_: None)
    monkeypatch.setattr(caller_marks, "note_found", lambda *_: None)
    _post_alone(servers, places[0], kept)
    assert Reader(CLERK, kept).ask(places[0])
    assert any("it must hold" in told for told in kept.wrong)


def test_a_report_that_goes_back_is_found(places: list[Place], kept: Kept) -> None:
    reader = Reader(BUREAU, kept)
    assert reader.ask(places[0])
    trades, (block, tail) = reader.seen["hushi1"]
    reader.seen["hushi1"] = trades + 1, (block, tail + 1)
    assert reader.ask(places[0])
    for told, after in zip(kept.wrong, (f"after {trades + 1} trades", f"after {(block, tail + 1)}"), strict=True):
        assert told.endswith(after)
