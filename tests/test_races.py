"""The races of this domain, with real threads, real processes and real databases; each lock has a negative control."""

import contextlib
import json
import pathlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from schemas.transactions import TradeSchema
from service.commands.auditing import Caller as Recorder
from service.commands.committer import Committer
from service.commands.keys import create_key
from service.commands.posting import Post
from service.commands.residents import change_status
from service.config import read_settings
from service.domain.idempotency import key_digest, trade_fingerprint
from service.domain.residents import StatusChange
from service.domain.transactions import Trade
from service.judging import prepare_judge
from service.ledger import Ledger, open_ledger
from service.storage import allowance, residents
from service.storage.engines import sqlite_engine
from service.storage.faults import NotWritten
from service.storage.tables import allowance_use, journal, resident_status
from tests import race_worker
from tests.builders import a_trade
from tests.conftest import Caller
from tests.forked import run_together

LIMIT_FEN = 800_000
THREADS = 64
PROCESSES = 4


def _post_together(call: Callable[..., Caller], count: int) -> list[Any]:
    caller = call()
    answers: list[Any] = []
    admission = threading.Barrier(count)

    def post(number: int) -> None:
        mine = Caller(caller.client.application.test_client(), None)
        mine.headers = caller.headers
        admission.wait()
        answers.append(mine.trade(a_trade(), key=f"race-{number}"))

    threads = [threading.Thread(target=post, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _exempt_and_used_fen(ledger: Ledger) -> tuple[int, int]:
    with ledger.database.reading() as connection:
        exempt = connection.execute(sa.select(sa.func.sum(journal.c.exempt_fen))).scalar_one()
        used = connection.execute(sa.select(sa.func.sum(allowance_use.c.exempt_fen))).scalar_one()
    return int(exempt), int(used)


def test_sixty_four_threads_use_one_allowance_exactly_once(ledger: Ledger, call: Callable[..., Caller]) -> None:
    call().register(1)

    answers = _post_together(call, THREADS)

    assert Counter(answer.status_code for answer in answers) == {201: THREADS}
    assert Counter(answer.get_json()["verdict"] for answer in answers) == {"exempt": 8, "taxed": THREADS - 8}
    assert _exempt_and_used_fen(ledger) == (LIMIT_FEN, LIMIT_FEN)


def _run_processes(
    environment: dict[str, str], folder: pathlib.Path, key: str, *, shared_key: bool
) -> list[tuple[int, dict[str, Any]]]:
    start, kind = str(time.time() + 2.5), "shared" if shared_key else "own"
    calls = [(str(THREADS // PROCESSES), "one" if shared_key else f"p{n}", kind, start) for n in range(PROCESSES)]
    done = run_together(race_worker.main, calls, {**environment, "RACE_KEY": key}, folder)
    assert not [process.stderr for process in done if process.returncode]
    return [tuple(answer) for process in done for answer in json.loads(process.stdout.splitlines()[-1])]


def test_several_processes_use_one_allowance_exactly_once(
    ledger: Ledger, environment: dict[str, str], admin: Caller, tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    _, key = create_key(ledger, "race", ["transactions:write"])

    answers = _run_processes(environment, tmp_path, key, shared_key=False)

    assert Counter(status for status, _ in answers) == {201: THREADS}
    assert Counter(body["verdict"] for _, body in answers) == {"exempt": 8, "taxed": THREADS - 8}
    assert _exempt_and_used_fen(ledger) == (LIMIT_FEN, LIMIT_FEN)


def test_several_processes_with_one_idempotency_key_make_one_entry(
    ledger: Ledger, environment: dict[str, str], admin: Caller, tmp_path: pathlib.Path
) -> None:
    admin.register(1)
    _, key = create_key(ledger, "race", ["transactions:write"])

    answers = _run_processes(environment, tmp_path, key, shared_key=True)

    assert len(answers) == THREADS
    assert len({json.dumps(answer) for answer in answers}) == 1
    with ledger.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(journal)).scalar_one() == 1


def _trade(**changes: Any) -> Trade:
    trade: Trade = TradeSchema().read(a_trade(**changes))
    return trade


def _race_at_the_desk(ledger: Ledger, other: Ledger) -> int:
    """Two transactions judge the whole allowance at once; returns the exempt fen that both gave out together."""
    trade = _trade(amount_cny="8000.00")
    judged: list[int] = []
    first_has_judged = threading.Event()

    def judge(which: Ledger, *, is_first: bool) -> None:
        if not is_first:
            assert first_has_judged.wait(10)
        with which.database.writing() as connection:
            judge = prepare_judge(connection, which.rules.read(connection), which.now(), which.new_id, [trade])
            exempt_fen = judge.accept(trade).exempt_fen
            if is_first:
                first_has_judged.set()
                time.sleep(0.3)  # Time enough for the second to judge as well, if nothing makes it wait.
            allowance.save(connection, judge.touched, judge.limits)
        judged.append(exempt_fen)

    def judge_until_written(which: Ledger, *, is_first: bool) -> None:
        try:
            judge(which, is_first=is_first)
        except NotWritten as error:
            if not error.is_race:
                raise
            judge(which, is_first=is_first)  # As the committer does: it sees now what the other has used.

    first = threading.Thread(target=judge_until_written, args=(ledger,), kwargs={"is_first": True})
    second = threading.Thread(target=judge_until_written, args=(other,), kwargs={"is_first": False})
    first.start()
    second.start()
    first.join()
    second.join()
    return sum(judged)


def test_the_second_judge_waits_for_the_first(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    _use_once(ledger)
    assert _race_at_the_desk(ledger, other_ledger) == LIMIT_FEN - 1


def test_of_two_that_open_one_row_one_judges_again(ledger: Ledger, other_ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    assert _race_at_the_desk(ledger, other_ledger) == LIMIT_FEN


def test_without_the_primary_key_both_open_the_row(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, engine_name: str
) -> None:
    if engine_name == "sqlite":
        pytest.skip("on SQLite the second can't begin before the first has ended")
    admin.register(1)
    with ledger.database.engines[0].begin() as connection:
        connection.execute(sa.text("ALTER TABLE allowance_use DROP CONSTRAINT pk_allowance_use"))
    assert _race_at_the_desk(ledger, other_ledger) == 2 * LIMIT_FEN


def test_without_the_lock_both_judges_give_the_allowance_out(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine_name == "sqlite":
        pytest.skip("on SQLite the lock is BEGIN IMMEDIATE; its control is the next test")
    admin.register(1)
    _use_once(ledger)  # The row exists, so that not even its insertion makes the second judge wait.
    monkeypatch.setattr(allowance, "_LOCK", allowance._FIND)
    assert _race_at_the_desk(ledger, other_ledger) == 2 * (LIMIT_FEN - 1)


def _use_once(ledger: Ledger) -> None:
    trade = _trade(amount_cny="0.01")
    with ledger.database.writing() as connection:
        judge = prepare_judge(connection, ledger.rules.read(connection), ledger.now(), ledger.new_id, [trade])
        judge.accept(trade)
        allowance.save(connection, judge.touched, judge.limits)


def test_without_begin_immediate_the_second_writer_of_sqlite_fails(
    ledger: Ledger,
    other_ledger: Ledger,
    admin: Caller,
    engine_name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if engine_name != "sqlite":
        pytest.skip("PostgreSQL has the row locks of the test before")
    admin.register(1)

    def no_turn(**_how: bool) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    for database in (ledger.database, other_ledger.database):
        database.close()
        deferred = sqlite_engine(database.url, database.identity, begin="BEGIN", pool_size=1, read_only=False)
        monkeypatch.setattr(database, "_writer", deferred)
        monkeypatch.setattr(database, "_turn", no_turn)  # Turns alone would keep the two apart as well.
    failures: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda caught: failures.append(str(caught.exc_value)))

    assert _race_at_the_desk(ledger, other_ledger) == LIMIT_FEN

    assert failures == ["database is locked"]


def _posts(ledger: Ledger, name: str, residents: list[int]) -> list[Post]:
    entries = []
    for resident in residents:
        trade = _trade(resident_id=f"R{resident:08d}")
        digest = key_digest(1, "race", f"{name}-{resident}")
        entries.append(Post(digest, trade_fingerprint(trade), "race", trade))
    return entries


def test_batches_that_name_residents_in_different_orders_do_not_deadlock(
    ledger: Ledger, environment: dict[str, str], admin: Caller
) -> None:
    admin.register(20)
    ledgers = [open_ledger(read_settings(environment)) for _ in range(4)]
    errors: list[Exception] = []

    def post_many(number: int) -> None:
        order = list(range(1, 21)) if number % 2 else list(range(20, 0, -1))
        committer = Committer(ledgers[number])
        try:
            for round_number in range(15):
                outcomes = committer.submit(_posts(ledgers[number], f"{number}-{round_number}", order))
                assert all(outcome.transaction is not None for outcome in outcomes)
        except Exception as error:  # noqa: BLE001 (the test wants to see whatever it is)
            errors.append(error)
        finally:
            committer.close()

    threads = [threading.Thread(target=post_many, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for opened in ledgers:
        opened.database.close()

    assert errors == []
    assert _exempt_and_used_fen(ledger) == (20 * LIMIT_FEN, 20 * LIMIT_FEN)


def test_facts_of_residents_become_visible_in_the_order_of_their_ids(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, engine_name: str
) -> None:
    """A reader that has seen the newest id has missed no lower one. Reports and the judge rely on it for residents."""
    assert _newest_facts_seen_too_early(ledger, other_ledger, admin, engine_name) == []


def test_without_the_lock_a_fact_can_be_missed(
    ledger: Ledger, other_ledger: Ledger, admin: Caller, engine_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite has one writer: the second can't begin before the first has ended")
    monkeypatch.setattr(residents, "lock_registrations", lambda _connection: None)
    assert _newest_facts_seen_too_early(ledger, other_ledger, admin, engine_name, within_s=20) == [2]


def _newest_facts_seen_too_early(
    ledger: Ledger, other: Ledger, admin: Caller, engine_name: str, within_s: float = 0.5
) -> list[int]:
    """The newest id that could be seen, within some time, while a lower one was still being written."""
    admin.register(2)
    caller = Recorder(1, "race")
    seen: list[int] = []
    second = threading.Thread(target=change_status, args=(other, 2, "suspended", "x", None, caller))
    with ledger.database.writing() as connection:
        residents.lock_registrations(connection)
        change = StatusChange(ledger.today(), "suspended")
        residents.add_status(connection, 1, change, "x", ledger.now(), 1)
        second.start()
        second.join(within_s)
        if engine_name == "postgresql":
            with other.database.reading() as reading:
                newest = reading.execute(sa.select(sa.func.max(resident_status.c.id))).scalar_one()
            seen = [newest] if newest else []
    second.join(20)
    return seen
