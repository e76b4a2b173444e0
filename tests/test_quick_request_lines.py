"""The line of a request is byte for byte what structlog makes of the same values."""

import datetime
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from service.server import logs, request_lines
from service.server.log_lines import STANDARD_ERROR_LINES
from service.server.request_lines import request_line

NOW = datetime.datetime(2024, 6, 30, 1, 2, 3, 456789, tzinfo=datetime.UTC)
texts = st.one_of(st.text(max_size=20), st.sampled_from(["/v1/transactions", '引号"\\\n\u2028', "\x00\x7f"]))
known = {
    "method": st.sampled_from(["GET", "POST", "other"]),
    "route": st.one_of(st.none(), texts),
    "status": st.integers(100, 599),
    "duration_ms": st.floats(0, 1e9, allow_nan=False).map(lambda value: round(value, 2)),
    "api_key": st.one_of(st.none(), st.integers(1, 2**31)),
}
tolds = st.one_of(st.none(), st.tuples(texts, texts))
instants = st.one_of(st.just(NOW), st.just(NOW.replace(microsecond=0)), st.datetimes(timezones=st.just(datetime.UTC)))


def _line_of_structlog(told: tuple[str, str] | None, now: datetime.datetime, values: dict[str, Any]) -> str:
    line: Any = {**{name: values[name] for name in known}, "event": "request"}
    if told is not None:
        line["request_id"], line["client"] = told
    line = structlog.processors.add_log_level(None, "info", line)
    line["timestamp"] = now.isoformat().replace("+00:00", "Z")
    return str(structlog.processors.JSONRenderer(ensure_ascii=False)(None, "info", line))


@settings(max_examples=400)
@given(st.fixed_dictionaries(known), tolds, instants)
def test_any_line_is_what_structlog_writes(
    values: dict[str, Any], told: tuple[str, str] | None, now: datetime.datetime
) -> None:
    assert request_line(**values, told=told, now=now) == _line_of_structlog(told, now, values)


def test_the_configured_structlog_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the whole configuration of a server; only the instant may differ."""
    written: list[str] = []
    monkeypatch.setattr(STANDARD_ERROR_LINES, "write", written.append)
    monkeypatch.setattr(logs, "_configured", logs._configured)
    before = structlog.get_config()
    try:
        logs.configure_logs("INFO")
        logs.log_lines_are_of("req-1", "127.0.0.1")
        values: dict[str, Any] = {"method": "POST", "route": "/x", "status": 201, "duration_ms": 1.5, "api_key": 2}
        logs.log_request(**values)
        structlog.get_logger().info("request", **values)
        logs.configure_logs("WARNING")
        logs.log_request(**values)
    finally:
        structlog.configure(**before)
        logs._request.told = None
    quick, whole = (line.partition('"timestamp"')[0] for line in written)
    assert quick == whole


def test_the_control_another_line_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_lines, "encode_basestring", repr)
    values: dict[str, Any] = {"method": "GET", "route": None, "status": 200, "duration_ms": 0.1, "api_key": None}
    told = 'a"b', "::1"
    assert request_line(**values, told=told, now=NOW) != _line_of_structlog(told, NOW, values)
