"""Health: what a load balancer and an operator are told."""

import dataclasses
import datetime
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from service.app import create_app
from service.commands.folding import fold
from service.ledger import Ledger
from service.storage.engine import Database
from tests.builders import a_trade
from tests.conftest import Caller

STANDBY = ("standby", "standby_lag_s", "standby_lag_entries")
PARTS = ("database", "schema", "writes", "tail", "fold", "fold_lag_s", "log", "log_bytes", "integrity", *STANDBY)


@pytest.fixture
def later(ledger: Ledger) -> Callable[[int], Caller]:
    """A stranger to the same ledger, some seconds from now."""

    def make(seconds: int) -> Caller:
        clock = lambda: ledger.now() + datetime.timedelta(seconds=seconds)  # noqa: E731 (a clock in a line)
        return Caller(create_app(dataclasses.replace(ledger, clock=clock)).test_client(), None)

    return make


def _problem(answer: TestResponse) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.content_type == "application/problem+json"
    document: dict[str, Any] = answer.get_json()
    assert (document["status"], document["code"]) == (503, "unavailable")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    return document


def test_an_empty_ledger_is_ready(later: Callable[[int], Caller], engine_name: str) -> None:
    answer = later(1000).get("/health/ready")
    ready = answer.get_json()
    log_bytes = ready.pop("log_bytes")
    assert answer.status_code == 200
    assert ready == {
        "status": "ok", "database": "ok", "schema": "ok", "writes": "ok", "tail": 0, "fold": "ok", "fold_lag_s": 0,
        "log": "ok" if engine_name == "sqlite" else None, "integrity": "ok", **dict.fromkeys(STANDBY),
    }  # fmt: skip
    assert (log_bytes is None) == (engine_name == "postgresql")


@pytest.mark.parametrize(
    ("seconds", "fold_is"), [(0, "ok"), (30, "ok"), (90, "standing still"), (7200, "standing still")]
)
def test_a_tail_that_nobody_folds_is_told_and_the_ledger_stays_ready(
    admin: Caller, later: Callable[[int], Caller], seconds: int, fold_is: str
) -> None:
    admin.register(1)
    admin.trade(a_trade())
    answer = later(seconds).get("/health/ready")
    ready = answer.get_json()
    assert (answer.status_code, ready["status"], ready["tail"], ready["fold"]) == (200, "ok", 1, fold_is)
    assert seconds <= ready["fold_lag_s"] <= seconds + 10


def test_after_a_fold_nothing_lags(ledger: Ledger, admin: Caller, later: Callable[[int], Caller]) -> None:
    admin.register(1)
    admin.trade(a_trade())
    fold(ledger)
    ready = later(7200).get("/health/ready").get_json()
    assert (ready["tail"], ready["fold"], ready["fold_lag_s"]) == (0, "ok", 0)


def test_the_age_is_that_of_the_oldest(ledger: Ledger, admin: Caller, later: Callable[[int], Caller]) -> None:
    admin.register(1)
    soon = later(100)
    soon.headers = admin.headers
    admin.trade(a_trade())
    soon.trade(a_trade())
    assert later(200).get("/health/ready").get_json()["fold_lag_s"] >= 200
    soon.client.application.extensions["hushi"].committer.close()


def test_an_old_schema_is_not_ready_and_nothing_is_claimed_of_the_tail(ledger: Ledger, admin: Caller) -> None:
    with ledger.database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    answer = admin.get("/health/ready")
    problem = _problem(answer)
    assert "hushi db upgrade" in problem["detail"]
    assert {name: problem[name] for name in PARTS} == {
        **dict.fromkeys(PARTS), "database": "ok", "schema": "old",
    }  # fmt: skip


def test_a_database_that_does_not_answer_is_not_ready(ledger: Ledger, engine_name: str) -> None:
    if engine_name == "sqlite":
        pytest.skip("a file always answers")
    gone = Database(str(ledger.database.url.set(database="gone").render_as_string(hide_password=False)))
    caller = Caller(create_app(dataclasses.replace(ledger, database=gone)).test_client(), None)
    answer = caller.get("/health/ready")
    problem = _problem(answer)
    assert {name: problem[name] for name in PARTS} == {**dict.fromkeys(PARTS), "database": "unavailable"}
    assert caller.get("/health/live").status_code == 200
