"""What comes through a proxy: whose request it is, and what the proxy itself refuses."""

import contextlib
import pathlib
import re
from http.client import HTTPResponse

import orjson
import pytest

from tests.listeners import answer_shortly, listening
from tests.proxies import FILES, program, proxying
from tests.servers import environment_of_new_ledger, serving
from tests.waiting import wait_until

KINDS = [
    pytest.param(kind, marks=pytest.mark.skipif(program(kind) is None, reason=f"no {kind} on this machine"))
    for kind in FILES
]
BROKEN = {
    "nginx": {"server_tokens off;": "server_tokens off;\n    underscores_in_headers on;"},
    "caddy": {"\trequest_header -X_Forwarded_For\n": ""},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_broken", [False, True])
def test_a_caller_can_not_say_it_with_underscores_either(kind: str, tmp_path: pathlib.Path, is_broken: bool) -> None:
    """To Granian, X_Forwarded_For is X-Forwarded-For. The control lets the proxy pass it on, and it is believed."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    trusting = {"HUSHI_TRUSTED_PROXIES": "127.0.0.1", "HUSHI_LOG_LEVEL": "INFO"}
    forged = {"X_Forwarded_For": "10.1.2.3", "X-Forwarded-For": "10.1.2.4"}
    log = folder / "log"
    with (
        serving({**environment_of_new_ledger(folder), **trusting}, log, "--workers", "1") as server,
        proxying(kind, tmp_path / "proxy", (server.port, server.port), BROKEN[kind] if is_broken else {}) as proxy,
    ):
        assert proxy.ask("GET", "/v1/residents", headers={**forged, "X-Request-Id": "forged"})[0] == 401
        wait_until(lambda: '"request_id": "forged"' in log.read_text("utf-8"))
    (line,) = (line for line in log.read_text("utf-8").splitlines() if '"forged"' in line)
    assert orjson.loads(line)["client"] == ("10.1.2.3" if is_broken else "127.0.0.1")


@pytest.mark.skipif(program("nginx") is None, reason="no nginx on this machine")
@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GARBAGE\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n", 400),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 9_000 + b"\r\n\r\n", 400),
    ],
)
def test_what_nginx_refuses_by_itself_has_an_id_and_a_line(
    tmp_path: pathlib.Path, request_: bytes, status: int
) -> None:
    """Granian's own refusals have neither, so this is where they come from behind nginx."""
    with (
        listening(answer_shortly) as one,
        proxying("nginx", tmp_path / "proxy", (one.port, one.port)) as proxy,
        contextlib.closing(proxy.connected()) as connection,
    ):
        connection.sendall(request_)
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == status
        request_id = answer.headers["X-Request-Id"]
        line = re.compile(rf" {status} .* {re.escape(request_id)}$", re.MULTILINE)
        wait_until(lambda: line.search((proxy.folder / "log").read_text()))
    assert one.got == []
