"""A server whose processes die: they are replaced as long as there is hope that one serves."""

import functools
import os
import pathlib
import signal
import subprocess
import sys

import psutil
import pytest

from service.ledger import Ledger
from service.server.replacements import YOUNG_FAILURES_MAX
from tests.servers import free_port, serving, workers_of
from tests.waiting import wait_until


@pytest.fixture
def engine_name() -> str:
    """These tests are about the process, so one engine is enough."""
    return "sqlite"


def _others(server: int, killed: set[int]) -> list[psutil.Process]:
    """The two processes that serve, when none of them was killed; else none."""
    found = [worker for worker in workers_of(server) if worker.pid not in killed]
    return found if len(found) == 2 else []


def test_one_process_that_dies_again_and_again_does_not_end_the_server(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        killed: set[int] = set()
        for _ in range(2):
            newest = max(wait_until(functools.partial(_others, server.process.pid, killed)), key=lambda one: one.pid)
            newest.kill()
            killed.add(newest.pid)
        wait_until(functools.partial(_others, server.process.pid, killed))
        wait_until(lambda: server.ask("GET", "/health/live")[0] == 200)
        assert server.process.poll() is None
        assert server.stop() == 0


_REPLACES_AT_ONCE = """
import service.server.replacements
service.server.replacements.FIRST_PAUSE_S = 0.05
from service.cli.main import main
main()
"""


def test_a_server_whose_processes_are_killed_again_and_again_goes_on(
    environment: dict[str, str], ledger: Ledger
) -> None:
    """As by a system without memory. The pauses are short here."""
    port = free_port()
    command = [sys.executable, "-c", _REPLACES_AT_ONCE, "serve", "--port", str(port)]
    with subprocess.Popen(command, env={**os.environ, **environment}, start_new_session=True) as process:
        try:
            killed: set[int] = set()
            for _ in range(YOUNG_FAILURES_MAX + 2):
                serving_now = wait_until(functools.partial(_others, process.pid, killed))
                for worker in serving_now:
                    worker.kill()
                killed |= {worker.pid for worker in serving_now}
            wait_until(functools.partial(_others, process.pid, killed))
            assert process.poll() is None
        finally:
            os.killpg(process.pid, signal.SIGKILL)


_NONE_CAN_SERVE = """
import service.app, service.server.replacements
def fail():
    raise MemoryError
service.app.application = fail
service.server.replacements.FIRST_PAUSE_S = 0.05
from service.cli.main import main
main()
"""


def test_a_server_none_of_whose_processes_can_serve_ends(environment: dict[str, str], ledger: Ledger) -> None:
    """The program that started the server must see that. The pauses are short here."""
    command = [sys.executable, "-c", _NONE_CAN_SERVE, "serve", "--port", str(free_port())]
    ended = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, timeout=30)
    assert ended.returncode == 1
    assert b"nobody-serves" in ended.stderr
