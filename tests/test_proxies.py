"""nginx and Caddy with the files of deploy/ in front of two servers: TLS, limits, headers, no post sent twice."""

import gzip
import pathlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

import orjson
import pytest

from service.commands.keys import create_key
from service.config import read_settings
from service.http.bodies import BATCH_BYTES_MAX
from service.http.inflating import PACKED_SLACK_BYTES
from service.ledger import open_ledger
from service.server.stalled import IDLE_S
from service.storage.postgresql import READ_WITHIN_S
from service.vault import create_secrets
from tests.builders import a_registration, a_trade
from tests.listeners import answer_shortly, hang_up, listening
from tests.proxies import FILES, Proxy, program, proxying
from tests.recycling import Databases
from tests.servers import Server, free_port, serving
from tests.waiting import wait_until

KINDS = [
    pytest.param(kind, marks=pytest.mark.skipif(program(kind) is None, reason=f"no {kind} on this machine"))
    for kind in FILES
]
BODY_BYTES_MAX = BATCH_BYTES_MAX + PACKED_SLACK_BYTES
TO_METRICS = [
    "/metrics",
    "/metrics/",
    "/%6detrics",
    "//metrics",
    "/./metrics",
    "/x/../metrics",
    "/metrics?x=1",
    "/metrics%3f",
]


@dataclass
class Market:
    """Two servers of one ledger, and a key for everything."""

    servers: tuple[Server, Server]
    key: str


@pytest.fixture(scope="module")
def market(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("market")
    create_secrets(folder / "secrets.json")
    name = databases.take()
    environment = {
        "HUSHI_DATABASE_URL": databases.server.url(name),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "INFO",
    }
    ledger = open_ledger(read_settings(environment))
    key = create_key(ledger, "desk", ["admin"])[1]
    ledger.database.close()
    log = folder / "log"
    with serving(environment, log, "--workers", "1") as one, serving(environment, log, "--workers", "1") as two:
        for server in (one,):
            assert server.ask("POST", "/v1/residents", a_registration(1), _headers(key))[0] == 201
        yield Market((one, two), key)
    databases.give_back(name)


@pytest.fixture(params=KINDS, scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def proxy(kind: str, market: Market, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    ports = (market.servers[0].port, market.servers[1].port)
    with proxying(kind, tmp_path_factory.mktemp("proxy") / kind, ports) as running:
        yield running


def _headers(key: str, **others: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in others.items()}}


def _post(proxy: Proxy, market: Market, key: str, **headers: str) -> tuple[int, Any, bytes]:
    sent = _headers(market.key, Content_Type="application/json", Idempotency_Key=key, **headers)
    return proxy.ask("POST", "/v1/transactions", orjson.dumps(a_trade(amount_cny="1.00")), sent)


def test_trades_go_through_to_both_servers_and_each_is_there_once(proxy: Proxy, market: Market) -> None:
    answers = [_post(proxy, market, f"{proxy.port}-{number}") for number in range(8)]
    assert {status for status, _, _ in answers} == {201}
    again = [_post(proxy, market, f"{proxy.port}-{number}") for number in range(8)]
    assert [body for _, _, body in again] == [body for _, _, body in answers]
    assert all("max-age=" in headers["Strict-Transport-Security"] for _, headers, _ in answers)
    asked = [server.ask("GET", "/metrics")[1].decode() for server in market.servers]
    assert all('method="POST",route="/v1/transactions",status="201"' in text for text in asked)


def test_a_caller_without_tls_is_led_to_tls(proxy: Proxy) -> None:
    status, leads_to = proxy.ask_without_tls("/v1/transactions")
    assert status == 308
    assert str(leads_to).startswith("https://hushi.example.org")


@pytest.mark.parametrize(
    ("sent", "is_kept"),
    [("desk-3.77", True), (None, False), ("not plain", False), ("152501199001011234", False), ("x" * 65, False)],
)
def test_a_plain_request_id_is_kept_and_each_answer_has_one(proxy: Proxy, sent: str | None, is_kept: bool) -> None:
    headers = {} if sent is None else {"X-Request-Id": sent}
    _, answered, body = proxy.ask("GET", "/v1/residents", headers=headers)
    assert (answered["X-Request-Id"] == sent) is is_kept
    assert orjson.loads(body)["request_id"] == answered["X-Request-Id"]
    assert "152501199001011234" not in (proxy.folder / "log").read_text()


@pytest.mark.parametrize("path", TO_METRICS)
def test_nobody_sees_the_metrics_through_the_proxy(proxy: Proxy, market: Market, path: str) -> None:
    assert market.servers[0].ask("GET", "/metrics")[0] == 200, "a caller on the machine itself sees them"
    for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}, _headers(market.key)):
        status, answered, body = proxy.ask("GET", path, headers=headers)
        assert (status, b"hushi_requests" in body) == (404, False)
        told = orjson.loads(body)
        assert (told["code"], told["request_id"]) == ("not-found", answered["X-Request-Id"])
        assert (answered["Content-Type"], "Retry-After" in answered) == ("application/problem+json", False)


def test_packed_bodies_are_taken_and_answers_are_packed_once(proxy: Proxy, market: Market) -> None:
    sent = _headers(
        market.key, Content_Type="application/json", Content_Encoding="gzip", Idempotency_Key=f"z{proxy.port}"
    )
    packed = gzip.compress(orjson.dumps(a_trade(amount_cny="2.00")))
    assert proxy.ask("POST", "/v1/transactions", packed, sent)[0] == 201
    address = "/openapi.json"
    _, plain_headers, plain = proxy.ask("GET", address)
    _, headers, body = proxy.ask("GET", address, headers={"Accept-Encoding": "gzip"})
    assert (plain_headers.get("Content-Encoding"), headers["Content-Encoding"]) == (None, "gzip")
    assert len(body) < len(plain)
    assert gzip.decompress(body) == plain


def test_an_answer_that_is_known_is_not_sent_again_and_workbooks_are_not_packed(proxy: Proxy, market: Market) -> None:
    asking = _headers(market.key, Accept_Encoding="gzip")
    address = "/v1/reports/trade?period=2024&by=category"

    def is_known() -> bool:
        etag = proxy.ask("GET", address, headers=asking)[1]["ETag"]
        return proxy.ask("GET", address, headers={**asking, "If-None-Match": etag})[0] == 304

    wait_until(is_known)  # A fold between the two questions changes the position.
    _, headers, body = proxy.ask("GET", address + "&format=xlsx", headers=asking)
    assert headers.get("Content-Encoding") is None
    assert body.startswith(b"PK")


def test_a_body_as_long_as_hushi_takes_it_arrives(proxy: Proxy, market: Market) -> None:
    headers = _headers(market.key, Content_Type="application/x-ndjson")
    status, _, body = proxy.ask("POST", "/v1/transactions/batch", b" " * BATCH_BYTES_MAX, headers)
    assert (status, orjson.loads(body)["detail"]) == (422, "/items: Send 1 to 10000 lines.")


def test_a_longer_body_never_arrives_and_the_proxy_says_so(kind: str, tmp_path: pathlib.Path) -> None:
    with listening(answer_shortly) as one, proxying(kind, tmp_path / "proxy", (one.port, one.port)) as proxy:
        assert proxy.ask("POST", "/v1/transactions/batch", b" " * BODY_BYTES_MAX)[0] == 200
        try:
            status, answered, body = proxy.ask("POST", "/v1/transactions/batch", b" " * (BODY_BYTES_MAX + 1))
        except OSError:
            # Caddy answers and ends the connection while the rest is being sent, so a caller may see the end only.
            assert kind == "caddy"
        else:
            assert (status, answered["Content-Type"]) == (413, "application/problem+json")
            assert orjson.loads(body)["code"] == "too-large"
            assert "max-age=" in answered["Strict-Transport-Security"]
            assert "Retry-After" not in answered
    assert len(one.got) == 1


def test_the_limits_of_the_proxies_fit_those_of_hushi() -> None:
    for kind, path in FILES.items():
        text = path.read_text("utf-8")
        (body_max,) = re.findall(r"(?:client_max_body_size|max_size) (\d+)", text)
        assert int(body_max) == BODY_BYTES_MAX, kind
        waits = [int(one) for one in re.findall(r"(?:proxy_read_timeout|response_header_timeout) (\d+)s", text)]
        assert waits
        assert min(waits) > READ_WITHIN_S, kind
        for longer in re.findall(r"Content-Length (\S+)", text):
            sizes = {digits * 10**zeros for digits in range(1, 1700) for zeros in range(9)}
            sizes |= set(range(BODY_BYTES_MAX - 2000, BODY_BYTES_MAX + 2000))
            assert [size for size in sizes if bool(re.match(longer, str(size))) != (size > BODY_BYTES_MAX)] == []
        kept = [int(one) for one in re.findall(r"(?:keepalive_timeout|keepalive) (\d+)s", text)]
        assert kept
        assert max(kept) < IDLE_S, kind


def test_a_server_that_is_down_is_passed_by_and_when_both_are_the_answer_is_a_problem(
    kind: str, tmp_path: pathlib.Path
) -> None:
    with listening(answer_shortly) as alive, proxying(kind, tmp_path / "one", (free_port(), alive.port)) as proxy:
        statuses = [proxy.ask("POST", "/v1/transactions", b"{}")[0] for _ in range(6)]
        # Caddy 2.6 answers 503 to a post whose first server refuses it, until its health check has found out.
        assert statuses == [200] * 6 or (kind == "caddy" and set(statuses) <= {200, 503})
        wait_until(lambda: [proxy.ask("POST", "/v1/transactions", b"{}")[0] for _ in range(6)] == [200] * 6)
    assert {method for method, _, _ in alive.got} == {"POST"}
    with proxying(kind, tmp_path / "none", (free_port(), free_port())) as proxy:
        status, headers, body = proxy.ask("POST", "/v1/transactions", b"{}", {"X-Request-Id": "r1"})
    problem = orjson.loads(body)
    assert (status, headers["Retry-After"], problem["code"], problem["request_id"]) == (503, "1", "unavailable", "r1")


SENT_AGAIN = {
    "nginx": {"proxy_next_upstream error;": "proxy_next_upstream error non_idempotent;"},
    "caddy": {"lb_try_interval 100ms": "lb_try_interval 100ms\n\t\tlb_retry_match {\n\t\t\tmethod POST\n\t\t}"},
}


@pytest.mark.parametrize(("body_sent", "is_broken"), [(b"{}", False), (b"", True)])
def test_a_post_that_was_sent_is_never_sent_again(
    kind: str, tmp_path: pathlib.Path, body_sent: bytes, is_broken: bool
) -> None:
    """The servers get it and end without an answer. The control allows it, and then a post arrives more than once.

    The control has no body, because Caddy can't send a body twice. (Go sends a POST without a body again by itself when
    it has an idempotency key, which is what such a key allows; Hushi takes no trade without a body.)
    """
    changes = SENT_AGAIN[kind] if is_broken else {}
    with (
        listening(hang_up) as one,
        listening(hang_up) as two,
        proxying(kind, tmp_path / "proxy", (one.port, two.port), changes) as proxy,
    ):
        status, _, body = proxy.ask("POST", "/v1/transactions", body_sent, {"Idempotency-Key": "k"})
    assert (status, orjson.loads(body)["code"]) == (503, "unavailable")
    assert "same idempotency key" in orjson.loads(body)["detail"]
    arrived = len(one.got) + len(two.got)
    assert (arrived > 1) if is_broken else (arrived == 1)


def test_a_caller_can_not_say_who_it_is(kind: str, tmp_path: pathlib.Path) -> None:
    told = {
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Proto": "http",
        "X_Forwarded_For": "10.1.2.3",
        "X_Real_IP": "::1",
    }
    with listening(answer_shortly) as one, proxying(kind, tmp_path / "proxy", (one.port, one.port)) as proxy:
        assert proxy.ask("GET", "/v1/residents", headers=told)[0] == 200
    ((_, _, headers),) = one.got
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == "hushi.example.org"
    assert [name for name in headers if "_" in name] == []


def test_a_download_reaches_the_caller_while_it_is_being_made(kind: str, tmp_path: pathlib.Path) -> None:
    first_has_come = threading.Event()

    def send_slowly(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "application/x-ndjson")
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"6\r\nfirst\n\r\n")
        request.wfile.flush()
        first_has_come.wait(10)
        request.wfile.write(b"5\r\nlast\n\r\n0\r\n\r\n")

    with (
        listening(send_slowly) as one,
        proxying(kind, tmp_path / "proxy", (one.port, one.port)) as proxy,
        proxy.begin("GET", "/v1/transactions?format=ndjson", headers={"Accept-Encoding": "identity"}) as answer,
    ):
        assert answer.readline() == b"first\n"
        assert not first_has_come.is_set()
        first_has_come.set()
        assert answer.read() == b"last\n"
