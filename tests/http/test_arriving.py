"""Bodies that are arriving take no place and are limited in number. Half a body is not taken for a whole one."""

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from flask import Flask, Response, request
from werkzeug.test import Client, TestResponse

from service.http.admission import Admission
from service.http.arriving import SIGN_IN, SMALL_BYTES_MAX, Arrivals
from service.http.bodies import JSON_BYTES_MAX
from service.http.problems import register_problems
from tests.builders import a_trade
from tests.conftest import Caller

PLACES, BODIES, SIGN_INS, BYTES = 2, 4, 1, 4 * SMALL_BYTES_MAX


class SlowInput(io.RawIOBase):
    """A body that arrives when its sender is told to go on."""

    def __init__(self, body: bytes = b"{}") -> None:
        self.waits, self.go, self._body = threading.Event(), threading.Event(), body

    def read(self, size: int = -1) -> bytes:
        """All of it, as the server hands it over."""
        self.waits.set()
        assert self.go.wait(20)
        return self._body


class House:
    """An application behind a small admission, and the callers that send it bodies."""

    def __init__(self) -> None:
        app = Flask("house")
        app.add_url_rule("/<path:_>", view_func=self.view, methods=["POST"])
        register_problems(app)
        self.working, self.go = threading.Semaphore(0), threading.Event()
        self.arrivals = Arrivals(BODIES, SIGN_INS, BYTES)
        self.admission = Admission(app.wsgi_app, lambda *_: None, PLACES, PLACES, self.arrivals)
        self.callers: list[threading.Thread] = []
        self.answers: list[TestResponse] = []
        self.inputs: list[SlowInput] = []

    def view(self, _: str) -> Response:
        """Reads the body, and works on it until it may end."""
        size = len(request.get_data())
        self.working.release()
        assert self.go.wait(20)
        return Response(str(size))

    def send(self, path: str = "/x", body: Any = b"{}", length: int | None = None) -> TestResponse:
        """A body, as one call."""
        stream = body if isinstance(body, io.RawIOBase) else io.BytesIO(body)
        told = {"wsgi.input": stream, "CONTENT_LENGTH": str(length or 2), "wsgi.input_terminated": True}
        return Client(self.admission).post(path, environ_overrides=told)

    def begin(self, path: str = "/x", length: int = 2) -> SlowInput:
        """A body that does not arrive for now."""
        body = SlowInput(b"x" * length)
        self.callers.append(threading.Thread(target=lambda: self.answers.append(self.send(path, body, length))))
        self.callers[-1].start()
        self.inputs.append(body)
        return body


@pytest.fixture
def house() -> Iterator[House]:
    """An application without any request inside."""
    house = House()
    yield house
    house.go.set()
    for body in house.inputs:
        body.go.set()
    for caller in house.callers:
        caller.join()


def test_a_body_on_its_way_holds_no_place(house: House) -> None:
    house.go.set()
    for _ in range(PLACES + 1):
        assert house.begin().waits.wait(10)
    assert house.send().status_code == 200
    assert house.arrivals.is_tight
    assert house.admission.inside_since() == []


def test_who_has_sent_a_body_and_finds_no_place_is_told_to_come_again(house: House) -> None:
    bodies = [house.begin() for _ in range(PLACES + 1)]
    assert all(body.waits.wait(10) for body in bodies)
    for body in bodies[:PLACES]:
        body.go.set()
        assert house.working.acquire(timeout=10)
    assert len(house.admission.inside_since()) == PLACES
    bodies[PLACES].go.set()
    house.callers[PLACES].join(10)
    (refused,) = house.answers
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")


def test_only_so_many_bodies_are_on_their_way(house: House) -> None:
    for _ in range(BODIES):
        assert house.begin().waits.wait(10)
    assert house.send().status_code == 503
    house.go.set()
    house.inputs[0].go.set()
    house.callers[0].join(10)
    assert house.send().status_code == 200, "a place on the way came back"


def test_who_signs_in_leaves_the_others_room(house: House) -> None:
    house.go.set()
    assert house.begin(SIGN_IN).waits.wait(10)
    assert house.send(SIGN_IN).status_code == 503
    assert house.send().status_code == 200


def test_only_so_many_bytes_are_on_their_way(house: House) -> None:
    house.go.set()
    assert house.begin(length=BYTES).waits.wait(10)
    assert house.send().status_code == 503


def test_few_large_bodies_are_worked_on_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house.admission, "large", threading.BoundedSemaphore(1))
    for _ in range(2):
        house.begin(length=SMALL_BYTES_MAX + 1).go.set()
    assert house.working.acquire(timeout=10)
    assert not house.working.acquire(timeout=0.2)
    assert house.begin().waits.wait(10)
    house.inputs[-1].go.set()
    assert house.working.acquire(timeout=10), "a small one does not wait for them"
    house.go.set()
    assert house.working.acquire(timeout=10)


def test_half_a_body_is_none(house: House) -> None:
    house.go.set()
    answer = house.send(body=b"{}", length=3)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "cut-short"


@pytest.mark.parametrize("media_type", ["text/csv", "application/x-ndjson"])
def test_lines_without_a_length_are_refused(media_type: str, call: Callable[..., Caller]) -> None:
    """Their end may be missing, in the middle of an amount, and nothing would tell."""
    caller = call("transactions:write")
    answer = caller.client.post(
        "/v1/transactions/batch", input_stream=io.BytesIO(b"key\n"), content_type=media_type, headers=caller.headers,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )  # fmt: skip
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "length-required"


def test_json_without_a_length_is_read_to_its_end(call: Callable[..., Caller]) -> None:
    """JSON that is cut short is not JSON."""
    caller = call("transactions:write")
    body = orjson.dumps({"items": [a_trade(key="k")]})
    with contextlib.closing(io.BytesIO(body)) as stream:
        answer = caller.client.post(
            "/v1/transactions/batch", input_stream=stream, content_type="application/json", headers=caller.headers,
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )  # fmt: skip
    assert answer.status_code == 200
    assert answer.get_json()["items"][0]["problem"]["code"] == "unknown-resident"


@pytest.mark.parametrize("more", [0, 1, 70_000])
def test_json_without_a_length_is_too_large_when_blanks_make_it_so(call: Callable[..., Caller], more: int) -> None:
    """What is cut off at the limit may be whole JSON, and is not what was sent."""
    caller = call("transactions:write")
    body = orjson.dumps(a_trade())
    sent = body + b" " * (JSON_BYTES_MAX - len(body) + more)
    with contextlib.closing(io.BytesIO(sent)) as stream:
        answer = caller.client.post(
            "/v1/transactions", input_stream=stream, content_type="application/json",
            headers={**caller.headers, "Idempotency-Key": "k"},
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
        )  # fmt: skip
    assert answer.get_json()["code"] == ("too-large" if more else "unknown-resident")
