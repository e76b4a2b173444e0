"""Connections on which nothing arrives are ended. No other caller waits for them, and no work is cut short."""

import contextlib
import pathlib
import resource
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from service.server import stalled
from service.server.stalled import StalledConnections
from tests.servers import Server, serving

if sys.platform != "linux":
    pytest.skip("only Linux tells how long a connection has been quiet", allow_module_level=True)

DEADLINE_S = 0.2


class Line:
    """The two ends of a TCP connection. This process has accepted one of them."""

    def __init__(self, listener: socket.socket) -> None:
        self.client = socket.create_connection(listener.getsockname())
        self.client.settimeout(0.05)
        self.server, _ = listener.accept()

    def bring(self, text: bytes) -> None:
        """Something arrives, and the server reads it."""
        self.client.sendall(text)
        assert self.server.recv(100) == text

    @property
    def is_ended(self) -> bool:
        """Whether the client is told that nothing more comes."""
        with contextlib.suppress(TimeoutError, ConnectionError):
            return self.client.recv(100) == b""
        return False


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """A connection, under deadlines of a fifth of a second."""
    monkeypatch.setattr(stalled, "STALLED_S", DEADLINE_S)
    monkeypatch.setattr(stalled, "SLOW_AFTER_S", DEADLINE_S)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Line(listener)
        with made.client, made.server:
            yield made


def look_twice(inside: list[float] | None = None, *, is_tight: bool = False) -> None:
    """Looks twice, as the process does, with the deadline between the looks."""
    looking = StalledConnections(lambda: is_tight, lambda: inside or [])
    looking.look()
    looking.look()
    time.sleep(DEADLINE_S + 0.1)
    looking.look()


def test_who_says_nothing_is_ended(line: Line) -> None:
    look_twice()
    assert line.is_ended


def test_half_a_request_is_ended(line: Line) -> None:
    line.bring(b"POST /signin HTTP/1.1\r\n")
    look_twice()
    assert line.is_ended


def test_a_request_that_is_worked_on_is_not_ended(line: Line) -> None:
    line.bring(b"all of it")
    look_twice([time.monotonic()])
    assert not line.is_ended
    line.server.sendall(b"the answer")
    assert line.client.recv(100) == b"the answer"


def test_work_that_began_long_after_is_the_work_on_another_request(line: Line) -> None:
    line.bring(b"half of it")
    look_twice([time.monotonic() + 60])
    assert line.is_ended


def test_an_idle_connection_stays_unless_room_is_scarce(line: Line) -> None:
    line.bring(b"a request")
    time.sleep(0.02)
    line.server.sendall(b"its answer")
    assert line.client.recv(100) == b"its answer"
    look_twice()
    assert not line.is_ended
    look_twice(is_tight=True)
    assert line.is_ended


def test_what_the_process_has_not_read_is_its_own_fault(line: Line) -> None:
    line.client.sendall(b"a request")
    look_twice()
    assert not line.is_ended


def test_who_sends_a_byte_now_and_then_is_ended(line: Line) -> None:
    looking = StalledConnections(lambda: False, lambda: [time.monotonic()])
    looking.look()
    for _ in range(8):
        line.bring(b"x")
        looking.look()
        time.sleep(DEADLINE_S / 4)
        if line.is_ended:
            return
    raise AssertionError("it went on")


HALF_A_HEAD = b"GET /health/live HTTP/1.1\r\nHo"
FORM = b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
FORM += b"Content-Type: application/x-www-form-urlencoded\r\n\r\nkey="
_IMPATIENT = "import service.server.stalled as s; s.STALLED_S = 1.5; from service.cli.main import main; main()"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_many_who_stop_half_way_stop_nobody_else(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    """1,100 connections that say nothing, 300 halves of a head, 300 halves of a form, all at once."""
    headers = {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}
    with (
        many_files(),
        serving(environment, tmp_path / "log", program=(sys.executable, "-c", _IMPATIENT)) as server,
        contextlib.ExitStack() as opened,
    ):
        stopped = [_stop_half_way(opened, server, said) for said in [b""] * 1100 + [HALF_A_HEAD] * 300 + [FORM] * 300]
        for _ in range(3):
            started = time.monotonic()
            assert server.ask("GET", "/health/live")[0] == 200
            assert server.ask("GET", "/v1/ledger", None, headers)[0] == 200
            assert server.ask("POST", "/v1/residents/lookup", {"id_number": "x"}, headers)[0] == 422
            assert time.monotonic() - started < 2
        until = time.monotonic() + 10
        assert all(_is_ended(one, until) for one in stopped)


@contextlib.contextmanager
def many_files() -> Iterator[None]:
    """Each end of a connection is an open file."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], min(4096, before[1])), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def _stop_half_way(opened: contextlib.ExitStack, server: Server, said: bytes) -> socket.socket:
    one = opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
    one.sendall(said)
    return one


def _is_ended(one: socket.socket, until: float) -> bool:
    """Whether the server ends the connection in time; a form may be refused first."""
    one.settimeout(max(0.01, until - time.monotonic()))
    with contextlib.suppress(ConnectionError):
        while one.recv(4096):
            pass
    return True


HEADS = {
    401: "POST /v1/transactions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n",
    404: "POST /v1/nothing HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n",
    405: "PUT /v1/transactions HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n",
    413: "POST /signin HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n",
    415: "POST /signin HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n",
}


TABLE = b"key,resident_id,category,commodity,origin,traded_at,quantity_kg,amount_cny\n"
TABLE += b"k1,R00000001,meat,x,MN,2024-06-03T10:00:00+08:00,1,7800.00\n"


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_half_a_request_is_refused_by_its_head_or_not_at_all_worked_on(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    """Granian says of a table that was cut short only that it has ended: 78 would be posted instead of 7800.00."""
    _, key = create_key(ledger, "test", ["admin"])
    head = f"POST /v1/transactions/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    head += f"Content-Type: text/csv\r\nContent-Length: {len(TABLE)}\r\n\r\n"
    with serving(environment, tmp_path / "log") as server:
        for status, refused in HEADS.items():
            with socket.create_connection(("127.0.0.1", server.port), timeout=3) as caller:
                caller.sendall(f"{refused}Host: x\r\n\r\n".encode())
                assert caller.recv(4096).startswith(b"HTTP/1.1 %d " % status)
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as caller:
            caller.sendall(head.encode() + TABLE[:-6])
            caller.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: caller.recv(4096), b""))
    assert b"unknown-resident" not in answer, "a line of it was judged"
    assert b"cut-short" in answer
