"""Traces over OTLP: a real receiver gets the spans of requests, commits, folds and reports. Off, nothing is loaded."""

import contextlib
import gzip
import pathlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from service.server.traces import is_wanted, why_not
from tests.builders import a_citizen_number, a_key, a_trade
from tests.servers import HUSHI, Server, environment_of_new_ledger, run_hushi, serving
from tests.waiting import wait_until

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Receiver:
    """Takes spans as an OpenTelemetry collector does."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.services: set[str] = set()

    def take(self, body: bytes) -> None:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.services.add(names["service.name"])
            self.spans += [span for scope in resource.scope_spans for span in scope.spans]

    def of(self, request_id: str) -> list[Span]:
        return [span for span in self.spans if _told(span).get("hushi.request_id") == request_id]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]


def _told(span: Span) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@contextlib.contextmanager
def _receiving() -> Iterator[tuple[Receiver, str]]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _fill(environment: dict[str, str]) -> dict[str, str]:
    key = run_hushi(environment, "keys", "create", "--name", "k", "--scope", "admin").stdout.strip()
    return {"Authorization": f"Bearer {key}"}


def _ask_all(server: Server, headers: dict[str, str]) -> None:
    resident = {"name": "巴特尔", "id_number": a_citizen_number(1), "registered_on": "2023-06-01"}
    assert server.ask("POST", "/v1/residents", resident, headers)[0] == 201
    sent = {"X-Request-Id": "post-1", "traceparent": f"00-{TRACE}-{CALLER}-01", "Idempotency-Key": a_key(), **headers}
    assert server.ask("POST", "/v1/transactions", a_trade(), sent)[0] == 201
    report = "/v1/reports/trade?period=2024"
    assert server.ask("GET", report, None, {"X-Request-Id": "report-1", **headers})[0] == 200
    assert server.ask("GET", "/v1/residents/R00000001", None, {"X-Request-Id": "path-1"})[0] == 401


def test_spans_of_requests_commits_folds_and_reports_arrive(tmp_path: pathlib.Path) -> None:
    environment = environment_of_new_ledger(tmp_path)
    with _receiving() as (receiver, address):
        tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        headers = _fill(environment)
        with serving({**environment, **tracing}, tmp_path / "log", "--workers", "2") as server:
            _ask_all(server, headers)
            wait_until(lambda: receiver.of("post-1") and receiver.of("path-1") and receiver.named("fold"))
            wait_until(lambda: receiver.named("report") and receiver.of("report-1"))
    (post,), (report,), (refused,) = (receiver.of(name) for name in ("post-1", "report-1", "path-1"))
    (folded,) = (span for span in receiver.named("fold") if _told(span).get("hushi.block"))
    assert receiver.services == {"hushi"}
    assert (post.name, post.trace_id.hex(), post.parent_span_id.hex()) == ("POST /v1/transactions", TRACE, CALLER)
    assert post.kind == Span.SPAN_KIND_SERVER
    assert _told(post) == {
        "http.request.method": "POST", "http.route": "/v1/transactions", "http.response.status_code": 201,
        "hushi.request_id": "post-1", "client.address": "127.0.0.1",
    }  # fmt: skip
    (commit,) = (span for span in receiver.named("commit") if span.trace_id == post.trace_id)
    assert (commit.parent_span_id, _told(commit)) == (post.span_id, {"hushi.requests": 1})
    assert report.span_id in {span.parent_span_id for span in receiver.named("report")}
    assert _told(folded) == {"hushi.block": 1, "hushi.entries": 1}
    assert (refused.name, refused.status.code) == ("GET /v1/residents/<resident_id>", Status.STATUS_CODE_UNSET)
    assert "R00000001" not in str(receiver.spans)


def test_a_commit_of_several_requests_is_linked_to_each() -> None:
    """In a program of its own, because a process traces from its beginning to its end."""
    told = subprocess.run([sys.executable, "-c", _LINKING], check=True, capture_output=True, text=True).stdout
    assert told == "parent is the first, linked to 2 others\n"


_LINKING = """
from opentelemetry.sdk.trace import TracerProvider
from service.figures import tracing
tracing.Tracing.tracer = TracerProvider(shutdown_on_exit=False).get_tracer("t")
with tracing.span("a") as a: pass
with tracing.span("b") as b: pass
with tracing.span("c") as c: pass
with tracing.span("commit", [a, b, c]) as commit: pass
assert commit.parent.span_id == a.context.span_id
assert [one.context for one in commit.links] == [b.context, c.context]
print("parent is the first, linked to", len(commit.links), "others")
"""


def test_without_its_variables_nothing_of_it_is_loaded() -> None:
    program = (
        "import sys, service.app, service.server.processes; print([m for m in sys.modules if 'opentelemetry' in m])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "[]\n"


def test_without_the_extra_one_line_says_what_to_do(tmp_path: pathlib.Path) -> None:
    missing = tmp_path / "missing/opentelemetry"
    missing.mkdir(parents=True)
    (missing / "__init__.py").write_text("raise ModuleNotFoundError('not installed', name='opentelemetry')")
    more = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(missing.parent)}
    environment = {**environment_of_new_ledger(tmp_path), **more}
    with serving(environment, tmp_path / "log", program=[str(HUSHI)]) as server:
        assert server.ask("GET", "/health/ready")[0] == 200
    lines = [orjson.loads(line) for line in (tmp_path / "log").read_text("utf-8").splitlines()]
    (line,) = (line for line in lines if line["event"] == "tracing-off")
    assert line["do"] == "Run: pip install 'hushi[otel]'"


def test_a_receiver_that_is_not_there_is_a_line_of_the_log(tmp_path: pathlib.Path) -> None:
    environment = environment_of_new_ledger(tmp_path)
    away = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "50"}
    log = tmp_path / "log"
    with serving({**environment, **away, "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}, log, "--workers", "1") as server:
        assert server.ask("GET", "/health/live")[0] == 200
        wait_until(lambda: log.read_text("utf-8"))
    assert all(orjson.loads(line)["level"] in {"warning", "error"} for line in log.read_text("utf-8").splitlines())


@pytest.mark.parametrize(
    ("variables", "wanted", "why"),
    [
        ({}, False, None),
        ({"OTEL_SERVICE_NAME": "x"}, False, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True, None),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True, None),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "none"}, False, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, True, "over HTTP only"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_EXPORTER": "zipkin"}, True, "to otlp or none"),
    ],
)
def test_the_variables_of_opentelemetry_decide(variables: dict[str, str], wanted: bool, why: str | None) -> None:
    assert is_wanted(variables) is wanted
    if wanted:
        told = why_not(variables)
        assert (told is None) if why is None else why in (told or "")
