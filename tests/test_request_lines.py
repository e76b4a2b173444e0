"""Every answer has a request id, and every log line of its request has the id and the client.

docs/OPERATIONS.md shows the lines; here they are compared with those that a server writes.
"""

import pathlib
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from service.server.log_lines import MOMENT_S
from tests.builders import a_citizen_number, a_key, a_trade
from tests.servers import Server, environment_of_new_ledger, run_hushi, serving
from tests.waiting import wait_until

PAGE = pathlib.Path(__file__).parents[1] / "docs/OPERATIONS.md"


@dataclass
class Logged:
    """A server, a key, and the lines of its log."""

    server: Server
    headers: dict[str, str]
    folder: pathlib.Path

    def lines(self, request_id: str | None = None) -> list[dict[str, Any]]:
        """All lines that are JSON, or those of one request."""
        text = (self.folder / "log").read_text("utf-8")
        found = [orjson.loads(line) for line in text.splitlines() if line.startswith("{")]
        return [line for line in found if request_id in (None, line.get("request_id"))]

    def raw(self, request: bytes) -> tuple[str, dict[str, str]]:
        """Sends bytes on a connection, and returns the first line and the headers of what comes."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as connection:
            connection.sendall(request)
            head = b""
            while b"\r\n\r\n" not in head and (part := connection.recv(4096)):
                head += part
        first, *rest = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        return first, {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    folder = tmp_path_factory.mktemp("logged")
    environment = environment_of_new_ledger(folder)
    key = run_hushi(environment, "keys", "create", "--name", "k", "--scope", "admin").stdout.strip()
    more = {"HUSHI_LOG_LEVEL": "INFO", "HUSHI_TRUSTED_PROXIES": "127.0.0.1"}
    with serving({**environment, **more}, folder / "log", "--workers", "2") as server:
        headers = {"Authorization": f"Bearer {key}"}
        resident = {"name": "巴特尔", "id_number": a_citizen_number(1), "registered_on": "2023-06-01"}
        assert server.ask("POST", "/v1/residents", resident, headers)[0] == 201
        yield Logged(server, headers, folder)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/v1/nowhere", 404),
        ("PUT", "/v1/transactions", 405),
        ("SECRETSECRET", "/v1/transactions", 405),
        ("OPTIONS", "/v1/ledger", 405),
        ("GET", "/v1/ledger", 200),
        ("GET", "/v1/reports/trade?period=2024", 200),
        ("GET", "/v1/transactions?format=ndjson", 200),
        ("POST", "/v1/transactions", 400),
        ("GET", "/signin", 200),
        ("GET", "/openapi.json", 200),
    ],
)
@pytest.mark.parametrize("forwarded", [None, "203.0.113.7", "198.51.100.9, 203.0.113.7"])
def test_each_answer_has_an_id_and_one_line_with_it(
    logged: Logged, method: str, path: str, status: int, forwarded: str | None
) -> None:
    headers = {**logged.headers, **({} if forwarded is None else {"X-Forwarded-For": forwarded})}
    answered, _, got = logged.server.ask(method, path, None, headers)
    assert answered == status
    request_id = got["x-request-id"]
    wait_until(lambda: logged.lines(request_id))
    (line,) = logged.lines(request_id)
    assert line["client"] == ("127.0.0.1" if forwarded is None else "203.0.113.7")
    assert (line["event"], line["status"]) == ("request", status)
    assert line["method"] in {method, "other"}
    assert "SECRETSECRET" not in orjson.dumps(line).decode()


@pytest.mark.parametrize(
    ("sent", "is_kept"), [("desk-3.77", True), ("a b", False), (a_citizen_number(3), False), ("x" * 65, False)]
)
def test_a_plain_id_of_the_caller_is_kept(logged: Logged, sent: str, is_kept: bool) -> None:
    _, body, got = logged.server.ask("GET", "/v1/nowhere", None, {"X-Request-Id": sent})
    assert (got["x-request-id"] == sent) is is_kept
    assert body["request_id"] == got["x-request-id"]


def test_forwarded_callers_see_no_metrics_although_the_proxy_is_trusted(logged: Logged) -> None:
    assert logged.server.ask("GET", "/metrics")[0] == 200
    for header in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "::1"}, {"X_Forwarded_For": "127.0.0.1"}):
        assert logged.server.ask("GET", "/metrics", None, header)[0] == 401


REFUSED_BY_GRANIAN = {
    "no request": (b"GARBAGE\r\n\r\n", "400 Bad Request"),
    "another version": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", "400 Bad Request"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), "400 Bad Request"),
    "a name that is none": (b"GET /health/live HTTP/1.1\r\nHost: x\r\nA B: 1\r\n\r\n", "400 Bad Request"),
    "a length that is none": (b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", "400 Bad Request"),
    "two lengths": (
        b"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400 Bad Request",
    ),
    "another coding": (b"POST /signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "400 Bad Request"),
    "a long address": (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "414 URI Too Long"),
    "many headers": (
        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: 1\r\n" % n for n in range(200)) + b"\r\n",
        "431 Request Header Fields Too Large",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED_BY_GRANIAN)
def test_what_granian_refuses_by_itself_has_neither_id_nor_line(logged: Logged, what: str) -> None:
    """It is answered before it is a request: Granian calls no application. The page says so; here it would be noticed
    when a newer Granian does otherwise."""
    request, status = REFUSED_BY_GRANIAN[what]
    time.sleep(10 * MOMENT_S)  # The line of an earlier request may still be on its way.
    before = len(logged.lines())
    first, headers = logged.raw(request)
    assert first == f"HTTP/1.1 {status}"
    assert headers.keys() == {"connection", "content-length", "date"}
    assert headers["connection"] == "close"
    time.sleep(10 * MOMENT_S)
    assert len(logged.lines()) == before


def test_the_preface_of_http_2_gets_no_answer(logged: Logged) -> None:
    assert logged.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == ("", {})


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /health/live HTTP/1.0\r\n\r\n",
        b"HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET http://x/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"POST /signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
        b"POST /signin HTTP/1.1\r\nHost: x\r\nExpect: nonsense\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
def test_odd_requests_that_granian_takes_have_both(logged: Logged, request_: bytes) -> None:
    _, headers = logged.raw(request_)
    wait_until(lambda: logged.lines(headers["x-request-id"]))
    assert {line["client"] for line in logged.lines(headers["x-request-id"])} == {"127.0.0.1"}


def _shown_lines() -> dict[str, dict[str, Any]]:
    """The exemplary lines of the page, by their event."""
    section = PAGE.read_text("utf-8").partition("## Metrics, alerts and logs")[2].partition("\n## ")[0]
    blocks = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    lines = [orjson.loads(line) for block in blocks for line in block.splitlines()]
    return {line["event"]: line for line in lines}


def _kinds(line: dict[str, Any]) -> dict[str, type]:
    return {name: type(value) for name, value in line.items()}


def test_the_lines_of_the_page_are_those_of_the_server(logged: Logged) -> None:
    """Last, because it takes the ledger's file away. Names of fields and types of values are compared."""
    ledger = logged.folder / "ledger.db"
    ledger.rename(logged.folder / "away.db")
    keyed = {**logged.headers, "Idempotency-Key": a_key(), "X-Request-Id": "desk-3.78"}
    try:
        assert logged.server.ask("POST", "/v1/transactions", a_trade(), keyed)[0] == 503
        assert logged.server.ask("GET", "/v1/ledger", None, {**logged.headers, "X-Request-Id": "desk-3.79"})[0] == 503
    finally:
        (logged.folder / "away.db").rename(ledger)
    wait_until(lambda: len(logged.lines("desk-3.79")) == 2)
    assert {line["client"] for line in logged.lines("desk-3.79")} == {"127.0.0.1"}
    shown = _shown_lines()
    assert {"request", "database-unavailable", "commit-failed"} <= shown.keys()
    for event, line in shown.items():
        written = [_kinds(one) for one in logged.lines() if one["event"] == event]
        assert _kinds(line) in written, event
    assert ["desk-3.78"] in [line.get("request_ids") for line in logged.lines()]
