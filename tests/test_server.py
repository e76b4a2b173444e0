"""The real server: clean shutdown, logs without personal data, workers, and death by kill -9."""

import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from service.commands.keys import create_key
from service.config import WORKERS
from service.ledger import Ledger
from service.server.processes import SHUTDOWN_TIMEOUT_S, _Server
from tests.builders import a_citizen_number, a_registration, a_trade
from tests.servers import Server, free_port, run_hushi, serving
from tests.waiting import wait_until


@pytest.fixture
def headers(ledger: Ledger) -> dict[str, str]:
    """The header of an administrator."""
    return {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}


def test_a_transaction_survives_a_restart(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        assert server.ask("POST", "/v1/residents", a_registration(), headers)[0] == 201
        status, posted, _ = server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": "k"})
        assert status == 201
        assert server.stop() == 0
    with serving(environment, tmp_path / "log") as server:
        status, again, answered = server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": "k"})
    assert (status, again, answered.get("idempotency-replayed")) == (201, posted, "true")


def test_requests_in_flight_end_when_the_server_is_told_to_stop(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        lines = [a_trade(key=f"line-{n}", amount_cny="1.00") for n in range(10_000)]
        answers: list[Any] = []
        asking = threading.Thread(
            target=lambda: answers.append(server.ask("POST", "/v1/transactions/batch", {"items": lines}, headers))
        )
        asking.start()
        time.sleep(0.15)  # Ten thousand lines take longer than that, however fast they become.
        assert answers == []
        assert server.stop() == 0
        asking.join(20)
    assert answers[0][0] == 200
    assert answers[0][1]["accepted"] == 10_000


def _folder_of(server: Server) -> psutil.Process | None:
    """The process that folds, once it runs."""
    children = psutil.Process(server.process.pid).children()
    return next((child for child in children if "service.server.folder" in child.cmdline()), None)


def _holds(acknowledged: dict[str, str], wanted: int) -> bool:
    return len(acknowledged) >= wanted


def _wait_for(what: Callable[[], Any]) -> Any:
    for _ in range(200):
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within ten seconds")


def test_a_process_of_its_own_folds_and_another_takes_its_place_should_it_die(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        _wait_for(lambda: _folder_of(server)).kill()
        server.ask("POST", "/v1/residents", a_registration(), headers)
        assert server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": "k"})[0] == 201
        _wait_for(lambda: server.ask("GET", "/v1/ledger", None, headers)[1]["block"] == 1)
        folder = _wait_for(lambda: _folder_of(server))
        assert server.stop() == 0
        assert not folder.is_running()


def test_two_processes_serve_one_ledger_and_count_together(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """Forty callers at once, each on a connection of its own, for one resident: the kernel gives them to both."""
    with serving(environment, tmp_path / "log") as server:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        _wait_until_both_serve(server)

        def post(number: int) -> tuple[int, Any, Any]:
            trade = a_trade(amount_cny="1000.00")
            return server.ask("POST", "/v1/transactions", trade, {**headers, "Idempotency-Key": f"k{number}"})

        with ThreadPoolExecutor(40) as callers:
            answers = list(callers.map(post, range(40)))
        assert [status for status, _, _ in answers] == [201] * 40
        assert sum(float(posted["exempt_cny"]) for _, posted, _ in answers) == 8000
        scrapes = [server.ask("GET", "/metrics")[1].decode() for _ in range(20)]
        assert server.stop() == 0
    counted = 'hushi_requests_total{method="POST",route="/v1/transactions",status="201"} 40.0'
    assert all(counted in scrape for scrape in scrapes)


def _wait_until_both_serve(server: Server) -> None:
    for _ in range(1000):
        if b"\nhushi_processes_answering 2.0\n" in server.ask("GET", "/metrics")[1]:
            return
    raise AssertionError("one process answered a thousand requests, and the other none")


_OF_ANOTHER_PYTHON = """
import multiprocessing
multiprocessing.set_start_method("spawn")
from service.cli.main import main
main()
"""


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_it_serves_where_processes_usually_begin_anew(environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    """As they do on macOS, and from Python 3.14 on in a way of its own: Granian takes what is usual."""
    with serving(environment, tmp_path / "log", program=(sys.executable, "-c", _OF_ANOTHER_PYTHON)) as server:
        assert server.ask("GET", "/health/live")[0] == 200


_IMPATIENT = """
import service.server.processes as processes
from service.cli.main import main
processes.THREAD_IDLE_S = 5
main()
"""


def test_a_process_outlives_its_idle_threads(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """What a thread keeps for itself is taken apart when it ends: once that took the whole process with it."""
    with serving(environment, tmp_path / "log", program=(sys.executable, "-c", _IMPATIENT)) as server:
        workers = psutil.Process(server.process.pid).children(recursive=True)

        def threads() -> int:
            time.sleep(0.01)
            return sum(worker.num_threads() for worker in workers)

        def ask() -> None:
            while not enough.is_set():
                assert server.ask("GET", "/v1/reports/trade?period=2024", None, headers)[0] == 200

        enough = threading.Event()
        askers = [threading.Thread(target=ask) for _ in range(16)]
        for thread in askers:
            thread.start()
        threads_busy = max(threads() for _ in range(300))
        enough.set()
        for thread in askers:
            thread.join()
        wait_until(lambda: threads() < threads_busy, within_s=40)
        time.sleep(3)
        assert all(worker.is_running() for worker in workers)
        assert server.ask("GET", "/health/live")[0] == 200


_NEVER_READY = """
import os, sys, time
import service.app
from service.cli.main import main
service.app.application = lambda: time.sleep(60)
asleep_s = float(sys.argv.pop())
os.register_at_fork(after_in_child=lambda: time.sleep(asleep_s))
main()
"""


@pytest.mark.parametrize("engine_name", ["sqlite"])
@pytest.mark.parametrize("asleep_s", ["0", "1"], ids=["started", "just forked off"])
def test_a_server_that_is_told_to_stop_while_it_starts_does_not_start_first(
    environment: dict[str, str], ledger: Ledger, asleep_s: str
) -> None:
    """Its processes inherit a handler that only notes the signal: they would be waited for, and killed in the end."""
    command = [sys.executable, "-c", _NEVER_READY, "serve", "--port", str(free_port()), asleep_s]
    with subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as server:
        starting = psutil.Process(server.pid)
        while len(starting.children()) < WORKERS:
            assert server.poll() is None
            time.sleep(0.05)
        server.terminate()
        assert server.wait(SHUTDOWN_TIMEOUT_S / 2) == 0


@pytest.mark.parametrize("handler", ["signal_handler_interrupt", "signal_handler_reload"])
def test_a_signal_that_comes_while_the_server_holds_its_lock_does_not_hang_it(handler: str) -> None:
    """The main thread runs the handler wherever it is: it must not wait for a lock that the main thread holds."""
    server = _Server("service.app:application")

    class TakesNoLock:
        def __getattr__(self, name: str) -> None:
            raise AssertionError(f"the handler uses the event: {name}")

    server.main_loop_interrupt = TakesNoLock()  # type: ignore[assignment] # (it stands for a lock that is held)
    getattr(server, handler)()
    assert server.interrupt_signal or server.reload_signal


def test_the_log_is_json_and_names_nobody(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    log = tmp_path / "log"
    with serving({**environment, "HUSHI_LOG_LEVEL": "DEBUG"}, log) as server:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        server.ask("POST", "/v1/residents/lookup", {"id_number": a_citizen_number(0)}, headers)
        server.ask("POST", "/v1/residents", a_registration(name="x"), headers)
        server.ask("POST", "/v1/residents/R00000001/reveal", {"reason": "court order"}, headers)
        server.stop()
    lines = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    requests = [line for line in lines if line["event"] == "request" and line["method"] == "POST"]
    assert [line["route"] for line in requests][-1] == "/v1/residents/<resident_id>/reveal"
    assert all(line["request_id"] for line in requests)
    text = log.read_text("utf-8")
    assert a_citizen_number(0) not in text
    assert a_registration()["name"] not in text
    assert headers["Authorization"].removeprefix("Bearer ") not in text


def _post_until_it_dies(server: Server, headers: dict[str, str], writer: int, acknowledged: dict[str, str]) -> None:
    for number in range(10_000):
        key = f"{server.port}-{writer}-{number}"
        try:
            status, body, _ = server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": key})
        except (OSError, ValueError):
            return
        except Exception:  # noqa: BLE001 (half an answer is no acknowledgement, whatever the client calls it)
            return
        assert status == 201, body
        acknowledged[key] = body["transaction_id"]


def test_what_was_acknowledged_survives_kill_9(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    acknowledged: dict[str, str] = {}
    for cycle in range(10):
        with serving(environment, tmp_path / "log") as server:
            if cycle == 0:
                server.ask("POST", "/v1/residents", a_registration(), headers)
            writers = [
                threading.Thread(target=_post_until_it_dies, args=(server, headers, writer, acknowledged))
                for writer in range(8)
            ]
            for thread in writers:
                thread.start()
            # However slow the machine is, it dies while they write, and after some were answered.
            wanted = 12 * (cycle + 1)
            _wait_for(functools.partial(_holds, acknowledged, wanted))
            server.stop(signal.SIGKILL)
            for thread in writers:
                thread.join(30)
    assert len(acknowledged) > 100
    with serving(environment, tmp_path / "log") as server:
        found: Counter[str] = Counter()
        cursor = ""
        while True:
            page = server.ask("GET", f"/v1/transactions?limit=500{cursor}", None, headers)[1]
            found.update(item["transaction_id"] for item in page["items"])
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        key, transaction_id = next(iter(acknowledged.items()))
        again = server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": key})[1]
    assert [one for one in acknowledged.values() if found[one] != 1] == []
    assert again["transaction_id"] == transaction_id


def test_postgresql_is_not_served_on_an_old_schema(
    environment: dict[str, str], engine_name: str, ledger: Ledger
) -> None:
    if engine_name == "sqlite":
        pytest.skip("SQLite is migrated by serve")
    with ledger.database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM alembic_version")
    refused = run_hushi(environment, "serve", "--port", str(free_port()))
    assert refused.returncode == 2
    assert "hushi db upgrade" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
