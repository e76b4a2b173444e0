"""Bad input of every kind gets a clear 4xx with a problem document, and never a 500."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from schemas.fields import Text
from schemas.transactions import TradeSchema
from tests.builders import a_key, a_registration, a_trade
from tests.conftest import Caller

TRANSACTIONS = "/v1/transactions"


@pytest.fixture(params=["sqlite"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """The form of a payload is judged before any engine is asked, so one engine is enough."""
    return str(request.param)


def _problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    document: dict[str, Any] = answer.get_json()
    assert {"type", "title", "status", "detail", "code", "request_id"} <= document.keys()
    assert (document["status"], document["code"]) == (status, code)
    assert not document["detail"].startswith(":"), "a wrong payload has no pointer"
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


def _post_bytes(caller: Caller, body: bytes, content_type: str = "application/json") -> TestResponse:
    headers = {"Content-Type": content_type, "Idempotency-Key": a_key()}
    return caller.post(TRANSACTIONS, headers=headers, data=body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,",
        b'{"a": NaN}',
        b'{"a": 1} x',
        b"\xff\xfe{}",
        b'{"commodity": "\xc3\x28"}',
        b"\xef\xbb\xbf{}",
        b'{"a": "\\ud800"}',
        b'{"resident_id": "R00000001", "resident_id": "R00000002"}',
        b'{"metadata": {"a": "1", "a": "2"}}',
        b"[" * 500 + b"]" * 500,
        b'{"a":' * 500 + b"1" + b"}" * 500,
        b"[" * 100_000,
        b"1" * 5000,
    ],
    ids=range(15),
)
def test_a_body_that_is_not_the_json_it_claims_is_malformed(admin: Caller, body: bytes) -> None:
    if body == b"1" * 5000:
        assert _post_bytes(admin, body).status_code in (400, 422)
    elif body == b"[" * 100_000:
        assert _post_bytes(admin, body).status_code in (400, 413)
    else:
        _problem(_post_bytes(admin, body), 400, "malformed-json")


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"5", b"true", b"{}"])
def test_json_that_is_no_trade_fails_validation(admin: Caller, body: bytes) -> None:
    assert _problem(_post_bytes(admin, body), 422, "validation-failed")["errors"]


def test_a_body_of_ten_megabytes_is_too_large_wherever_it_is_sent(admin: Caller) -> None:
    body = b'{"commodity": "' + b"x" * 10_000_000 + b'"}'
    _problem(_post_bytes(admin, body), 413, "too-large")
    answer = admin.post("/v1/residents", headers={"Content-Type": "application/json"}, data=body)
    _problem(answer, 413, "too-large")


def test_the_longest_trade_that_the_schema_takes_is_not_too_large(admin: Caller) -> None:
    """Twelve bytes for each character: a caller's JSON may spell all of them as two escapes."""
    admin.register(1)
    longest = {name: "🐎" * field.length_max for name, field in TradeSchema().fields.items() if isinstance(field, Text)}
    number = itertools.count(10)
    metadata = {f"{next(number)}{'🐎' * 38}": "🐎" * 500 for _ in range(20)}
    body = json.dumps({**a_trade(), **longest, "metadata": metadata}).encode()
    assert len(body) > 130_000
    posted = _post_bytes(admin, body)
    assert posted.status_code == 201, posted.text
    assert posted.get_json()["metadata"] == metadata


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/json; charset=latin-1", ""])
def test_another_kind_of_body_is_not_supported(admin: Caller, kind: str) -> None:
    _problem(_post_bytes(admin, b"{}", kind), 415, "unsupported-media-type")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_cny", 7800), ("amount_cny", 7800.5), ("amount_cny", True), ("amount_cny", "１００"),
        ("amount_cny", "1e3"),
        ("quantity_kg", 1.5), ("quantity_kg", "0"), ("quantity_kg", "1.2345"), ("resident_id", "R1"),
        ("resident_id", "R00000000"), ("resident_id", "r00000001"), ("resident_id", 1), ("origin", "mn"),
        ("origin", "XX"), ("origin", "CN"), ("origin", "Mongolia"), ("hs_code", "0204420"), ("hs_code", "02044２00"),
        ("hs_code", 2044200), ("category", "fish"), ("category", "Meat"), ("direction", "in"),
        ("trade_point", "Erenhot"),
        ("traded_at", "2024-06-30"), ("traded_at", "2024-06-30T09:30:00"), ("traded_at", "2024-02-30T09:30:00Z"),
        ("traded_at", "2024-06-30T00:00:00+08:60"), ("traded_at", "2024-06-30T00:00:00+08:99"),
        ("traded_at", "2024-06-30T00:00:00-00:75"), ("traded_at", "2024-06-30T00:00:00+24:00"),
        ("traded_at", "2024-06-30T24:00:00Z"), ("traded_at", "2024-06-30T00:60:00Z"),
        ("traded_at", "1999-12-31T15:59:59Z"), ("traded_at", "0001-01-01T00:00:00+14:00"),
        ("traded_at", "9999-12-31T23:59:59-12:00"), ("traded_at", "2999-01-01T00:00:00Z"), ("traded_at", 1719711000),
        ("commodity", ""), ("commodity", "   "), ("commodity", "a\u0000b"), ("commodity", "a\nb"),
        ("commodity", "x" * 101),
        ("over_allowance", "no"), ("metadata", []), ("metadata", {"a": 1}), ("metadata", {"": "x"}),
        ("metadata", {str(n): "x" for n in range(21)}), ("reference", ""), ("reference", 7), ("nonsense", 1),
    ],
)  # fmt: skip
def test_a_field_that_can_not_be_used_is_named_by_its_pointer(admin: Caller, field: str, value: object) -> None:
    admin.register(1)
    problem = _problem(admin.trade({**a_trade(), field: value}), 422, "validation-failed")
    assert problem["errors"][0]["pointer"].startswith(f"/{field}")
    assert len(problem["errors"][0]["detail"]) > 10


def test_null_inside_of_a_list_or_a_map_is_refused_in_our_own_words(admin: Caller) -> None:
    inside_of_a_map = admin.trade({**a_trade(), "metadata": {"a": None}})
    inside_of_a_list = admin.post("/v1/groups/G000001/members", {"resident_ids": [None]})
    for answer, pointer in ((inside_of_a_map, "/metadata/a"), (inside_of_a_list, "/resident_ids/0")):
        error = _problem(answer, 422, "validation-failed")["errors"][0]
        assert (error["pointer"], error["code"]) == (pointer, "null")


def test_every_missing_field_is_named_at_once(admin: Caller) -> None:
    problem = _problem(admin.trade({}), 422, "validation-failed")
    assert {error["pointer"] for error in problem["errors"]} == {f"/{name}" for name in a_trade()}


@pytest.mark.parametrize("key", ["", "a b", "ключ", "x" * 256, "a\tb"])
def test_a_key_that_can_not_be_used_is_refused(admin: Caller, key: str) -> None:
    answer = admin.post(TRANSACTIONS, a_trade(), headers={"Idempotency-Key": key.encode().decode("latin-1")})
    _problem(answer, 400, "idempotency-key-invalid")


def test_a_write_without_a_key_is_refused(admin: Caller) -> None:
    _problem(admin.post(TRANSACTIONS, a_trade()), 400, "idempotency-key-missing")


@pytest.mark.parametrize("path", [TRANSACTIONS, f"{TRANSACTIONS}/{'0' * 36}/reversal"])
def test_the_key_is_looked_at_before_the_body(admin: Caller, path: str) -> None:
    headers = {**admin.headers, "Content-Type": "application/json"}
    for body in (b"{}", b"{", b'{"nonsense": 1}'):
        _problem(admin.client.post(path, headers=headers, data=body), 400, "idempotency-key-missing")
        odd = admin.client.post(path, headers={**headers, "Idempotency-Key": "a b"}, data=body)
        _problem(odd, 400, "idempotency-key-invalid")
    items = admin.post(f"{TRANSACTIONS}/batch", {"items": [{"amount_cny": "x"}, {"key": "a b"}]}).get_json()["items"]
    assert [item["problem"]["code"] for item in items] == ["idempotency-key-missing", "idempotency-key-invalid"]


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer hushi_x", "Basic abc", "hushi_x", "Bearer " + "x" * 9000, "Bearer é"],
)
def test_without_a_valid_key_nobody_is_let_in(call: Callable[..., Caller], header: str | None) -> None:
    stranger = call(None)
    answer = stranger.get(TRANSACTIONS, headers={} if header is None else {"Authorization": header})
    _problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404), ("GET", "/v1/residents/R1", 404), ("GET", "/v1/residents/R00000001", 404),
        ("GET", "/v1/transactions/1", 404), ("GET", "/v1/transactions/%00", 404),
        ("GET", "/v1/transactions/../x", 404),
        ("GET", f"/v1/transactions/{'0' * 36}", 404), ("DELETE", "/v1/residents", 405),
        ("PUT", "/v1/transactions", 405),
        ("GET", "/v1//groups", 404), ("GET", "//v1/groups", 404), ("GET", "/v1/groups/", 404),
        ("POST", "/v1/transactions/%2e%2e%2f/reversal", 404), ("GET", "/v1/transactions/quote/proof", 404),
        ("OPTIONS", "/v1/transactions", 405), ("PATCH", "/health/live", 405), ("POST", "/health/live", 405),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_said_clearly(admin: Caller, method: str, path: str, status: int) -> None:
    answer = admin.client.open(path, method=method, headers=admin.headers)
    _problem(answer, status, {404: "not-found", 405: "method-not-allowed"}[status])
    assert status != 405 or answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/v1/transactions/quote", "/v1/transactions/batch", "/v1/residents/lookup"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_word_beside_ids_is_no_id(admin: Caller, path: str, method: str) -> None:
    answer = admin.client.open(path, method=method, headers=admin.headers)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert admin.get(f"{path}s").get_json()["code"] == "not-found"


@pytest.mark.parametrize(
    "query",
    ["nonsense=1", "limit=0", "limit=501", "limit=x", "limit=１", "limit=5&limit=6", "from=2024-02-30", "origin=mn"],
)
def test_a_query_parameter_that_can_not_be_used_is_refused(admin: Caller, query: str) -> None:
    assert _problem(admin.get(f"{TRANSACTIONS}?{query}"), 422, "validation-failed")["errors"]


def test_a_request_id_of_the_caller_is_kept_when_it_is_a_plain_one(admin: Caller) -> None:
    kept = admin.get("/health/live", headers={"X-Request-Id": "night-run.42"})
    assert kept.headers["X-Request-Id"] == "night-run.42"
    for odd in ("a b", "x" * 65, "é", '"'):
        assert admin.get("/health/live", headers={"X-Request-Id": odd}).headers["X-Request-Id"] != odd


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "x"}, "/name"), ({"name": "a\u0000b"}, "/name"), ({"name": "巴特尔1"}, "/name"),
        ({"name": "巴" * 61}, "/name"), ({"name": "巴 "}, "/name"),
        ({"registered_on": "2024-13-01"}, "/registered_on"),
        ({"registered_on": "1949-01-01"}, "/id_number"), ({"valid_until": "2019-01-01"}, "/valid_until"),
        ({"settlement": "a,b"}, "/settlement"), ({"group_id": "G000009"}, "/group_id"),
        ({"group_id": "x"}, "/group_id"),
        ({"resident_id": "R00000009"}, "/resident_id"),
    ],
)  # fmt: skip
def test_a_registration_that_can_not_be_right_is_refused(admin: Caller, changes: dict[str, Any], pointer: str) -> None:
    problem = _problem(admin.post("/v1/residents", a_registration(**changes)), 422, "validation-failed")
    assert problem["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("value", ["\xff", "%FF", "%ED%A0%80", "%C3%28", "a%80"])
def test_a_query_that_is_not_utf_8_is_refused(admin: Caller, value: str) -> None:
    environ = {"QUERY_STRING": f"period=2024&settlement={value}", "PATH_INFO": "/v1/reports/trade"}
    answer = admin.client.open("/v1/reports/trade", headers=admin.headers, environ_overrides=environ)
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["code"] == "not-utf-8"
