"""A process that is suspended while it writes does not stop other writers, and goes on by itself when continued."""

import contextlib
import datetime
import fcntl
import os
import pathlib
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence

import psutil
import pytest
import sqlalchemy as sa

import service.commands.committer
from schemas.transactions import TradeSchema
from service.commands.committer import Committer
from service.commands.posting import NewEntry, Outcome, Post, post
from service.commands.residents import Registration, register
from service.domain.idempotency import key_digest, trade_fingerprint
from service.ledger import Ledger
from service.storage import postgresql
from service.storage.faults import NotWritten
from service.storage.suspending import Suspension
from tests.builders import a_citizen_number, a_key, a_trade
from tests.servers import HUSHI
from tests.waiting import wait_until

HEADINGS = "备案号,类别,品名,原产国,重量(千克),金额(元),交易时间,单据号\n"
LINES = 12_000
POSTED_IN_TIME_S = 5.0


@pytest.fixture
def market(ledger: Ledger) -> Ledger:
    """A ledger with two residents."""
    for number in range(2):
        born = a_citizen_number(number)
        register(ledger, Registration("巴特尔", born, datetime.date(2023, 6, 1), None, None, None))
    return ledger


def _entry() -> Post:
    trade = TradeSchema().read(a_trade(resident_id="R00000002"))
    return Post(key_digest(1, "t", a_key()), trade_fingerprint(trade), "t", trade)


def _post_in_time(ledger: Ledger) -> None:
    outcomes: list[Outcome] = []
    posting = threading.Thread(target=lambda: outcomes.extend(post(ledger, [_entry()])), daemon=True)
    posting.start()
    posting.join(POSTED_IN_TIME_S)
    assert [outcome.transaction is not None for outcome in outcomes] == [True]


@contextlib.contextmanager
def _importing(environment: dict[str, str], folder: pathlib.Path) -> Iterator[psutil.Popen]:
    """An import at work."""
    line = "R00000001,肉类,马肉,蒙古国,100,{0}.00,2024-04-01 09:30,D-{0}\n"
    file = folder / "day.csv"
    file.write_text(HEADINGS + "".join(line.format(number) for number in range(1, LINES + 1)), "utf-8")
    output = subprocess.PIPE
    with psutil.Popen([HUSHI, "import", file], env={**os.environ, **environment}, stdout=output) as running:
        try:
            yield running
        finally:
            if running.poll() is None:
                running.send_signal(signal.SIGKILL)


def _has_begun(ledger: Ledger) -> bool:
    with ledger.database.reading() as connection:
        return bool(connection.execute(sa.text("SELECT count(*) FROM journal")).scalar_one())


def _is_stopped(process: psutil.Process) -> bool:
    return bool(process.status() == psutil.STATUS_STOPPED)


def test_an_import_that_is_suspended_holds_nobody_up_and_goes_on(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with _importing(environment, tmp_path) as running:
        wait_until(lambda: _has_begun(market))
        for times in range(4):
            running.send_signal(signal.SIGTSTP)
            wait_until(lambda: _is_stopped(running) or running.poll() is not None)
            if running.poll() is not None:  # A quick machine has ended it by now.
                assert times > 0
                break
            _post_in_time(market)
            running.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        assert running.communicate(timeout=60)[0] == f"{LINES} accepted, 0 known already, 0 refused\n".encode()


ASKS_TO_STOP = """
import os, threading
from service.storage.suspending import SUSPENSION

def work():
    while True:
        with SUSPENSION.put_off():
            SUSPENSION.ask()
            os.write(1, b"-")
        os.write(1, b"+")

for _ in range(20):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
working = threading.Thread(target=work)
working.start()
working.join()
"""


def test_a_thread_that_stops_its_process_does_not_go_on_before_it_is_continued() -> None:
    """Otherwise it could begin the next transaction, and be stopped in it."""
    with psutil.Popen([sys.executable, "-c", ASKS_TO_STOP], stdout=subprocess.PIPE) as running:
        try:
            for times in range(200):
                wait_until(lambda: _is_stopped(running))
                assert os.read(running.stdout.fileno(), 10) == (b"+-" if times else b"-")
                running.send_signal(signal.SIGCONT)
                wait_until(lambda: select.select([running.stdout], [], [], 0)[0])
        finally:
            running.kill()


STOPS_BETWEEN = """
import os, threading
from service.storage.suspending import stop_between_transactions

stop_between_transactions()
{fork}
for _ in range(20):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
os.write(1, b"%d\\n" % os.getpid())
threading.Event().wait()
"""
FORK = "if os.fork(): os.wait()"


@pytest.mark.parametrize("fork", ["", FORK], ids=["itself", "forked off"])
def test_a_process_that_is_continued_and_told_to_stop_again_does(fork: str) -> None:
    """Threads that wake up late: the signal may reach another than the main one, which sleeps on."""
    with psutil.Popen([sys.executable, "-c", STOPS_BETWEEN.format(fork=fork)], stdout=subprocess.PIPE) as running:
        process = psutil.Process(int(running.stdout.readline()))
        try:
            for _ in range(100):
                process.send_signal(signal.SIGSTOP)
                wait_until(lambda: _is_stopped(process))
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTSTP)
                wait_until(lambda: _is_stopped(process))
                process.send_signal(signal.SIGCONT)
                wait_until(lambda: not _is_stopped(process))
        finally:
            process.kill()


STARTS_A_HELPER = """
import subprocess, sys, time
from service.storage.suspending import stop_between_transactions

stop_between_transactions()
subprocess.run([sys.executable, "-c", sys.argv[1]])
"""
HELPS = """
import os, time
{unblocks}
os.write(1, b"%d\\n" % os.getpid())
time.sleep(60)
"""
UNBLOCKS = "from service.storage.suspending import stop_at_once; stop_at_once()"


@pytest.mark.parametrize("unblocks", [UNBLOCKS, ""])
def test_a_process_that_helps_and_only_reads_stops_at_once(unblocks: str) -> None:
    """The control: it begins with the mask of the process that has started it."""
    command = [sys.executable, "-c", STARTS_A_HELPER, HELPS.format(unblocks=unblocks)]
    # In a process group without a parent in its session nobody could continue it, and the system ignores the signal.
    with psutil.Popen(command, stdout=subprocess.PIPE, process_group=0) as running:
        helper = psutil.Process(int(running.stdout.readline()))
        try:
            helper.send_signal(signal.SIGTSTP)
            time.sleep(0.5)
            assert _is_stopped(helper) is bool(unblocks)
        finally:
            helper.kill()
            running.kill()


def _caught_with_the_turn(running: psutil.Popen, turns: pathlib.Path) -> None:
    """Stops a process at a moment when it has the turn."""
    with turns.open("rb") as file:
        for _ in range(1000):
            running.send_signal(signal.SIGSTOP)
            wait_until(lambda: _is_stopped(running))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            fcntl.flock(file, fcntl.LOCK_UN)
            running.send_signal(signal.SIGCONT)
            time.sleep(0.003)
    raise AssertionError("it was never caught")


@pytest.mark.skipif(not pathlib.Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_who_was_stopped_with_the_turn_is_woken_until_it_is_given_back(
    market: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """A process can't delay the SIGSTOP that it gets."""
    assert market.database.file is not None
    with _importing(environment, tmp_path) as running:
        wait_until(lambda: _has_begun(market))
        _caught_with_the_turn(running, market.database.file.with_name(market.database.file.name + "-turns"))
        _post_in_time(market)
        wait_until(lambda: _is_stopped(running))
        running.send_signal(signal.SIGCONT)
        assert running.communicate(timeout=60)[0] == f"{LINES} accepted, 0 known already, 0 refused\n".encode()


@pytest.fixture
def hasty_postgresql(engine_name: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Ledger:
    """A ledger whose idle transactions end soon."""
    if engine_name == "sqlite":
        pytest.skip("there, nobody ends the transaction of another")
    soon = postgresql._WRITING.replace(f"={postgresql.IDLE_IN_TRANSACTION_MS}", "=100")
    assert soon != postgresql._WRITING
    monkeypatch.setattr(postgresql, "_WRITING", soon)
    ledger: Ledger = request.getfixturevalue("market")
    return ledger


def test_a_transaction_that_was_idle_for_too_long_is_run_again(
    hasty_postgresql: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import that is continued after the server has ended its transaction goes on like this."""
    slept: list[float] = []

    def sleep_once(ledger: Ledger, entries: Sequence[NewEntry]) -> list[Outcome]:
        with ledger.database.writing() as connection:
            if not slept:
                slept.append(0.3)
                connection.execute(sa.text("SELECT 1"))
                time.sleep(slept[0])
                connection.execute(sa.text("SELECT 1"))
        return post(ledger, entries)

    monkeypatch.setattr(service.commands.committer, "post", sleep_once)
    with contextlib.closing(Committer(hasty_postgresql)) as committer:
        assert committer.submit([_entry()])[0].transaction is not None
    assert slept == [0.3]


def test_one_that_was_ended_before_its_commit_was_not_written(hasty_postgresql: Ledger) -> None:
    def sleep() -> None:
        with hasty_postgresql.database.writing() as connection:
            connection.execute(sa.text("SELECT 1"))
            time.sleep(0.3)

    with pytest.raises(NotWritten):
        sleep()


def test_a_stop_is_put_off_until_no_transaction_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[signal.Signals] = []
    monkeypatch.setattr(signal, "pthread_kill", lambda _, number: sent.append(number))
    suspension = Suspension()
    with suspension.put_off():
        with suspension.put_off():
            suspension.ask()
        assert sent == []
    assert sent == [signal.SIGSTOP]
    with suspension.put_off():
        pass
    assert sent == [signal.SIGSTOP]
    suspension.ask()
    assert sent == [signal.SIGSTOP] * 2
