"""Admission: a limited number of requests at a time, an immediate refusal of others, and places that come back."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, Response
from werkzeug.test import Client

from service.http.admission import READS_MAX, WRITES_MAX, Admission
from service.http.arriving import BODIES_MAX
from service.http.entering import Entrance
from service.server.processes import THREADS_PER_WORKER
from tests.conftest import Caller

PLACES = 2


class House:
    """An application whose requests stay until they are let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.inside = threading.Semaphore(0)
        self.notes: list[tuple[Any, ...]] = []
        app = Flask("house")
        app.add_url_rule("/<path:_>", view_func=self.stay, methods=["GET", "POST"])
        app.add_url_rule("/fault", view_func=lambda: str(1 / 0))
        app.testing = True
        self.admission = Admission(app.wsgi_app, lambda *told: self.notes.append(told), PLACES, PLACES)

    def stay(self, _: str) -> Response:
        self.inside.release()
        self.go.wait(20)
        return Response("done")

    def ask(self, path: str = "/stay") -> Any:
        return Client(self.admission).get(path)


@pytest.fixture
def full_house() -> Iterator[House]:
    """All places are taken."""
    house = House()
    guests = [threading.Thread(target=house.ask) for _ in range(PLACES)]
    for guest in guests:
        guest.start()
        assert house.inside.acquire(timeout=10)
    yield house
    house.go.set()
    for guest in guests:
        guest.join()


def test_who_comes_on_top_is_refused_at_once(full_house: House) -> None:
    started = time.perf_counter()
    answer = full_house.ask()
    assert time.perf_counter() - started < 0.5
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert answer.content_type == "application/problem+json"
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.headers["X-Request-Id"] == answer.get_json()["request_id"]
    (noted,) = full_house.notes
    assert noted[1:4] == ("GET", None, 503), "it is logged and counted"


@pytest.mark.parametrize("path", ["/health/ready", "/metrics"])
def test_whoever_watches_is_always_let_in(path: str, full_house: House) -> None:
    full_house.go.set()
    assert full_house.ask(path).status_code == 200


def test_places_come_back(full_house: House) -> None:
    full_house.go.set()
    for _ in range(3 * PLACES):
        until = time.monotonic() + 10
        while full_house.ask().status_code != 200:
            assert time.monotonic() < until


def test_places_come_back_after_a_fault() -> None:
    house = House()
    for _ in range(3 * PLACES):
        with pytest.raises(ZeroDivisionError):
            house.ask("/fault")


def test_a_refusal_finds_a_thread_when_all_places_are_taken() -> None:
    """Otherwise it would wait in the server for one of those that wait for a commit."""
    assert THREADS_PER_WORKER > READS_MAX + WRITES_MAX + BODIES_MAX


def test_reads_that_take_all_their_places_leave_those_of_writes(full_house: House) -> None:
    full_house.go.set()
    assert Client(full_house.admission).post("/stay").status_code == 200


def test_a_long_request_counts_as_inside_until_its_answer_is_on_its_way(
    full_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its place is free, and its answer waits for a busy process: its connection must not be ended for that."""
    monkeypatch.setattr("service.http.admission.LONG_S", 0.1)
    assert len(full_house.admission.inside_since()) == PLACES
    time.sleep(0.1)
    full_house.go.set()
    while full_house.admission.reads.taken:
        time.sleep(0.01)
    assert len(full_house.admission.inside_since()) == PLACES
    monkeypatch.setattr("service.http.admission.ANSWERED_WITHIN_S", 0.0)
    assert full_house.admission.inside_since() == []


def test_the_service_stands_behind_the_gate(call: Callable[..., Caller]) -> None:
    application = call("admin").client.application
    assert isinstance(application.wsgi_app, Entrance)
    assert isinstance(application.wsgi_app.inside, Admission)
