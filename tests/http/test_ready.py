"""Whether posts are written is what /health/ready says, in time, whatever the database is doing."""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

import service.http.vitals
import service.queries.health
import service.storage.engines
from service.app import create_app
from service.ledger import Ledger
from service.storage.engine import Database
from tests.builders import a_trade
from tests.conftest import Caller
from tests.postgresql import PostgreSQL

ANSWER_TIMEOUT_S = 2.0


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes seconds takes moments."""
    monkeypatch.setattr(service.http.vitals, "STANDS_STILL_AFTER_S", 0.3)
    monkeypatch.setattr(service.http.vitals, "WRITTEN_LATELY_S", 0.05)
    monkeypatch.setattr(service.http.vitals, "PROVE_AGAIN_AFTER_S", 0.05)


def _wait_until(caller: Caller, status: int, writes: str | None) -> None:
    for _ in range(100):
        answer = caller.get("/health/ready")
        if (answer.status_code, answer.get_json()["writes"]) == (status, writes):
            return
        time.sleep(0.05)
    raise AssertionError(answer.get_json())


def test_reading_it_takes_no_connection_that_reports_may_need(ledger: Ledger, admin: Caller) -> None:
    _, readers = ledger.database.engines
    assert isinstance(readers.pool, sa.pool.QueuePool)
    with contextlib.ExitStack() as reports:
        for _ in range(readers.pool.size()):
            reports.enter_context(ledger.database.reading())
        began = time.monotonic()
        assert admin.get("/health/ready").status_code == 200
        assert "hushi_database_up 1.0" in admin.get("/metrics").text
        assert time.monotonic() - began < ANSWER_TIMEOUT_S


def test_a_ledger_that_another_process_holds_stands_still(
    admin: Caller, other_ledger: Ledger, engine_name: str, hasty: None
) -> None:
    """As one that was suspended in the middle of a transaction would."""
    if engine_name == "postgresql":
        pytest.skip("there, each writer has a transaction of its own")
    admin.register(1)
    with other_ledger.database.writing():
        _wait_until(admin, 503, "standing still")
    _wait_until(admin, 200, "ok")
    assert admin.trade(a_trade()).status_code == 201


@pytest.fixture
def read_only(ledger: Ledger, engine_name: str, request: pytest.FixtureRequest) -> Iterator[Callable[[bool], None]]:
    """Makes the database one that may only be read, and ends that again, for connections that are opened then."""
    if engine_name == "sqlite":
        pytest.skip("a file that may only be read is refused at the start")
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = ledger.database.url.database

    def change(on: bool) -> None:
        server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")

    yield change
    server.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_a_database_that_may_only_be_read_is_not_ready_and_takes_no_post(
    ledger: Ledger, admin: Caller, read_only: Callable[[bool], None], hasty: None
) -> None:
    admin.register(1)
    read_only(True)
    ledger.database.close()
    _wait_until(admin, 503, "failing")
    refused = admin.trade(a_trade(), key="k")
    assert refused.status_code == 503
    read_only(False)
    ledger.database.close()
    _wait_until(admin, 200, "ok")
    assert admin.trade(a_trade(), key="k").status_code == 201


def test_a_database_that_hangs_is_told_in_time(ledger: Ledger, engine_name: str, other_ledger: Ledger) -> None:
    if engine_name == "sqlite":
        pytest.skip("no reader waits for a writer there")
    caller = Caller(create_app(ledger).test_client(), None)
    with other_ledger.database.writing() as connection:
        connection.execute(sa.text("LOCK TABLE block IN ACCESS EXCLUSIVE MODE"))
        began = time.monotonic()
        answer = caller.get("/health/ready")
        assert time.monotonic() - began < ANSWER_TIMEOUT_S
        assert (answer.status_code, answer.get_json()["database"]) == (503, "unavailable")
        assert caller.get("/health/live").status_code == 200
    _wait_until(caller, 200, "ok")


def test_a_commit_of_nothing_waits_for_the_log_as_any_other(postgresql: PostgreSQL, ledger: Ledger) -> None:
    """The negative control beside it: a transaction that has only got itself a number does not."""
    if ledger.database.is_sqlite:
        pytest.skip("there, each commit writes the log that it waits for")

    def unflushed_after(commit: Callable[[], None]) -> int:
        with ledger.database.reading_apart() as connection:
            connection.exec_driver_sql("SELECT 1")
        commit()
        with ledger.database.reading_apart() as connection:
            behind = "SELECT pg_current_wal_insert_lsn() - pg_current_wal_flush_lsn()"
            return int(connection.exec_driver_sql(behind).scalar_one())

    def commit_a_number() -> None:
        with ledger.database.writing(is_post=True) as connection:  # Posts see to it themselves.
            connection.exec_driver_sql("SELECT pg_current_xact_id()")

    assert min(unflushed_after(ledger.database.commit_nothing) for _ in range(5)) == 0
    assert max(unflushed_after(commit_a_number) for _ in range(5)) > 0


def test_a_commit_of_nothing_changes_nothing_and_lengthens_the_log_of_sqlite(ledger: Ledger) -> None:
    if not ledger.database.is_sqlite:
        pytest.skip("PostgreSQL's log is tested above")
    ledger.database.commit_nothing()
    before = ledger.database.log_bytes or 0
    ledger.database.commit_nothing(with_room=True)
    assert (ledger.database.log_bytes or 0) > before
    assert ledger.database.file is not None
    assert [path.name for path in ledger.database.file.parent.glob("*-room-*")] == []


def test_a_lone_failure_is_over_as_soon_as_a_commit_succeeds(ledger: Ledger) -> None:
    caller = Caller(create_app(dataclasses.replace(ledger)).test_client(), None)
    ledger.database.writes.failed_at = time.monotonic()
    assert caller.get("/health/ready").status_code == 503
    _wait_until(caller, 200, "ok")


def test_where_nobody_posts_the_disk_is_not_written_at_each_look(ledger: Ledger) -> None:
    caller = Caller(create_app(ledger).test_client(), None)
    commits: list[bool] = []
    commit_nothing = Database.commit_nothing

    def note_and_commit(*arguments: Any, **named: Any) -> None:
        commits.append(True)
        commit_nothing(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "commit_nothing", note_and_commit)
        assert {caller.get("/health/ready").status_code for _ in range(20)} == {200}
    assert len(commits) == 1


def test_a_reader_that_lets_sqlites_log_grow_is_told_and_the_log_is_cut_when_it_has_gone(
    ledger: Ledger, other_ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not ledger.database.is_sqlite:
        pytest.skip("PostgreSQL has no such log")
    monkeypatch.setattr(service.queries.health, "LOG_LONG_BYTES", 100_000)
    monkeypatch.setattr(service.storage.engines, "SQLITE_LOG_KEPT_BYTES", 50_000)
    monkeypatch.setattr(service.storage.engines, "SQLITE_PAGES_PER_CHECKPOINT", 8)
    caller = Caller(create_app(ledger).test_client(), None)

    def ready() -> tuple[int, str, int]:
        answer = caller.get("/health/ready")
        return answer.status_code, answer.get_json()["log"], answer.get_json()["log_bytes"]

    for _ in range(40):
        ledger.database.commit_nothing()
    assert ready()[:2] == (200, "ok")
    with other_ledger.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM journal")
        for _ in range(40):
            ledger.database.commit_nothing()
        status, log, log_bytes = ready()
        assert (status, log) == (200, "long")
        assert f"hushi_wal_bytes {float(log_bytes)}" in caller.get("/metrics").text
    for _ in range(2):
        ledger.database.commit_nothing()
    assert ready() == (200, "ok", 50_000)
