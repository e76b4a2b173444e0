"""Metrics: who may read them, and that they say what happened."""

import dataclasses
from collections.abc import Callable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from service.app import create_app
from service.commands.folding import fold
from service.ledger import Ledger
from service.storage.engine import Database
from tests.builders import a_trade
from tests.conftest import Caller

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _requests(samples: Samples) -> dict[tuple[str, str, str], float]:
    """By method, route and status."""
    return {
        (dict(labels)["method"], dict(labels)["route"], dict(labels)["status"]): value
        for (name, labels), value in samples.items()
        if name == "hushi_requests_total"
    }


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("203.0.113.7", {}, 401),
        ("10.0.0.2", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "203.0.113.7"}, 401),
        ("127.0.0.1", {"X-Forwarded-For": ""}, 401),
        ("127.0.0.1", {"Forwarded": "for=203.0.113.7"}, 401),
        ("127.0.0.1", {"Via": "1.1 proxy"}, 401),
        ("203.0.113.7", {"X-Forwarded-For": "127.0.0.1"}, 401),
    ],
)
def test_without_a_key_only_the_machine_itself_reads_metrics(
    call: Callable[..., Caller], address: str, headers: dict[str, str], status: int
) -> None:
    stranger = call(None)
    stranger.client.environ_base["REMOTE_ADDR"] = address
    assert stranger.get("/metrics", headers=headers).status_code == status


@pytest.mark.parametrize(("scope", "status"), [("ledger:verify", 200), ("admin", 200), ("reports:read", 403)])
def test_elsewhere_the_scope_decides(call: Callable[..., Caller], scope: str, status: int) -> None:
    caller = call(scope)
    caller.client.environ_base["REMOTE_ADDR"] = "203.0.113.7"
    assert caller.get("/metrics").status_code == status


def test_requests_are_counted_by_method_route_and_status(admin: Caller) -> None:
    admin.register(2)
    admin.trade(a_trade())
    admin.trade(a_trade(amount_cny=1))
    admin.get("/v1/transactions/nonsense")
    answer = admin.get("/metrics")
    samples = _samples(answer.text)

    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert _requests(samples) == {
        ("POST", "/v1/residents", "201"): 2,
        ("POST", "/v1/transactions", "201"): 1,
        ("POST", "/v1/transactions", "422"): 1,
        ("GET", "/v1/transactions/<transaction_id>", "404"): 1,
    }
    assert samples["hushi_request_duration_seconds_count", (("route", "/v1/residents"),)] == 2
    assert 0 < samples["hushi_request_duration_seconds_sum", (("route", "/v1/residents"),)] < 60
    assert samples["hushi_request_duration_seconds_bucket", (("le", "+Inf"), ("route", "/v1/transactions"))] == 2
    assert ("GET", "/metrics", "200") in _requests(_samples(admin.get("/metrics").text))


def test_callers_can_not_invent_time_series(admin: Caller) -> None:
    for number in range(20):
        admin.get(f"/v1/nowhere/{number}")
        admin.client.open("/v1/residents", method=f"METHOD{number}", headers=admin.headers)
    text = admin.get("/metrics").text
    assert _requests(_samples(text)) == {("GET", "none", "404"): 20, ("other", "none", "405"): 20}


def test_the_figures_of_the_ledger_are_those_of_the_moment(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    empty = _samples(admin.get("/metrics").text)
    for _ in range(3):
        admin.trade(a_trade())
    fold(ledger)
    for _ in range(2):
        admin.trade(a_trade())
    samples = _samples(admin.get("/metrics").text)

    assert empty["hushi_tail_length", ()] == empty["hushi_head_block", ()] == empty["hushi_fold_lag_seconds", ()] == 0
    assert (samples["hushi_tail_length", ()], samples["hushi_head_block", ()]) == (2, 1)
    assert 0 < samples["hushi_fold_lag_seconds", ()] < 60
    assert samples["hushi_database_up", ()] == 1
    assert 0 < empty["hushi_uptime_seconds", ()] < samples["hushi_uptime_seconds", ()] < 600


def test_metrics_tell_of_a_database_that_does_not_answer(ledger: Ledger, engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("a file always answers")
    gone = Database(str(ledger.database.url.set(database="gone").render_as_string(hide_password=False)))
    caller = Caller(create_app(dataclasses.replace(ledger, database=gone)).test_client(), None)
    samples = _samples(caller.get("/metrics").text)
    assert (samples["hushi_database_up", ()], samples["hushi_writes_up", ()]) == (0, 0)
    assert str(samples["hushi_tail_length", ()]) == "nan"


def test_two_applications_of_a_process_count_apart(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    other = Caller(create_app(ledger).test_client(), None)
    assert _requests(_samples(other.get("/metrics").text)) == {}
