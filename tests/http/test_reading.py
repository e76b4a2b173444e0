"""Reads take turns: a few at a time, in order, with pauses while others write, and a refusal when it takes too long."""

import threading
import time
from collections.abc import Iterator

import pytest
from flask import Flask, Response
from werkzeug.test import Client, TestResponse

from service.http.reading import READS_AT_ONCE, ReadQueue

WAIT_MAX_S, LONG_S, READ_S = 0.3, 0.6, 0.05


def _answer_quickly() -> str:
    time.sleep(READ_S)
    return "done"


class House:
    """An application whose reads stay until they are let go."""

    def __init__(self) -> None:
        app = Flask("house")
        app.add_url_rule("/v1/stay", "stay", self.stay)
        app.add_url_rule("/v1/quick", "quick", _answer_quickly)
        app.add_url_rule("/v1/write", "write", lambda: "done", methods=["POST"])
        app.add_url_rule("/page", "page", lambda: "done")
        app.add_url_rule("/v1/fault", "fault", lambda: str(1 / 0))
        app.testing = True
        self.inside, self.go, self.has_writes = threading.Semaphore(0), threading.Event(), False
        self.notes: list[object] = []
        self.turns = ReadQueue(
            app.wsgi_app, lambda *told: self.notes.append(told), lambda: self.has_writes, WAIT_MAX_S, LONG_S
        )

    def stay(self) -> Response:
        """A read that takes long."""
        self.inside.release()
        self.go.wait(20)
        return Response("done")

    def ask(self, path: str = "/v1/quick") -> TestResponse:
        """A read, as one call."""
        return Client(self.turns).get(path)


@pytest.fixture
def busy() -> Iterator[House]:
    """All turns are taken."""
    house = House()
    readers = [threading.Thread(target=house.ask, args=("/v1/stay",)) for _ in range(READS_AT_ONCE)]
    for reader in readers:
        reader.start()
        assert house.inside.acquire(timeout=10)
    yield house
    house.go.set()
    for reader in readers:
        reader.join()


def test_a_read_waits_for_its_turn(busy: House) -> None:
    threading.Timer(0.1, busy.go.set).start()
    started = time.monotonic()
    assert busy.ask().status_code == 200
    assert time.monotonic() - started >= 0.1


def test_a_read_whose_turn_does_not_come_is_refused(busy: House) -> None:
    answer = busy.ask()
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert len(busy.notes) == 1, "it is logged and counted"
    busy.go.set()
    assert busy.ask().status_code == 200


def test_a_read_that_takes_long_is_overtaken(busy: House) -> None:
    """It waits for the database: others would be refused although the process has nothing to do."""
    time.sleep(LONG_S)
    for _ in range(3):
        assert busy.ask().status_code == 200
    busy.go.set()
    for _ in range(2 * READS_AT_ONCE):
        assert busy.ask().status_code == 200


def test_writes_and_pages_wait_for_no_read(busy: House) -> None:
    started = time.monotonic()
    assert Client(busy.turns).post("/v1/write").status_code == 200
    assert busy.ask("/page").status_code == 200
    assert time.monotonic() - started < WAIT_MAX_S


def test_turns_come_back_after_a_fault() -> None:
    house = House()
    for _ in range(2 * READS_AT_ONCE):
        with pytest.raises(ZeroDivisionError):
            house.ask("/v1/fault")


@pytest.mark.parametrize("has_writes", [True, False])
def test_reads_pause_while_others_write(has_writes: bool) -> None:
    """On average a third of a read runs then, so a write finds the process free most of the time."""
    house = House()
    house.has_writes = has_writes
    started = time.monotonic()
    for _ in range(2 * READS_AT_ONCE):
        house.ask()
    paused_s = time.monotonic() - started - 2 * READS_AT_ONCE * READ_S
    assert (paused_s >= 2 * READ_S) == has_writes
