"""The courtesy among forked processes on PostgreSQL: one waits for the other, but not for long, nor for the dead."""

import fcntl
import os
import pathlib
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from service.storage.neighbours import PATIENCE_S, Neighbours
from tests.builders import a_key, a_registration, a_trade
from tests.servers import Server, serving, workers_of
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def _shared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(Neighbours, "_descriptor", None)
    Neighbours.share()
    descriptor = Neighbours.__dict__["_descriptor"]
    if descriptor is None:
        pytest.skip("this system has no files without a name")
    yield
    os.close(descriptor)


@pytest.fixture
def neighbour() -> Iterator[int]:
    """A forked process that has the turn and keeps it."""
    told, tell = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            with Neighbours().turn():
                os.write(tell, b"mine")
                time.sleep(60)
        finally:
            os._exit(1)
    assert os.read(told, 4) == b"mine"
    yield process
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(told)
    os.close(tell)


def _waited_s() -> float:
    began = time.monotonic()
    with Neighbours().turn():
        return time.monotonic() - began


def test_a_process_waits_for_its_neighbour_and_then_goes_on_without_a_turn(neighbour: int) -> None:
    assert _waited_s() >= PATIENCE_S
    os.kill(neighbour, signal.SIGSTOP)
    assert PATIENCE_S <= _waited_s() < 20 * PATIENCE_S


def test_the_turn_of_a_process_that_dies_is_free(neighbour: int) -> None:
    os.kill(neighbour, signal.SIGKILL)
    wait_until(lambda: _waited_s() < PATIENCE_S)


def test_a_turn_is_free_when_its_transaction_ends() -> None:
    with Neighbours().turn():
        pass
    process = os.fork()
    if process == 0:
        waited_s = PATIENCE_S
        try:
            waited_s = _waited_s()
        finally:
            os._exit(int(waited_s >= PATIENCE_S))
    assert os.waitpid(process, 0)[1] == 0


def test_where_nothing_is_shared_nobody_waits(neighbour: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert neighbour
    monkeypatch.setattr(Neighbours, "_descriptor", None)
    assert _waited_s() < PATIENCE_S


def _shared_file(worker: psutil.Process) -> pathlib.Path | None:
    """The file without a name that a serving process shares with its neighbours."""
    files = pathlib.Path(f"/proc/{worker.pid}/fd").iterdir()
    return next((file for file in files if "hushi-neighbours" in str(file.readlink())), None)


def _took_to_post_s(server: Server, headers: dict[str, str]) -> float:
    began = time.monotonic()
    assert server.ask("POST", "/v1/transactions", a_trade(), {**headers, "Idempotency-Key": a_key()})[0] == 201
    return time.monotonic() - began


@pytest.mark.parametrize("engine_name", ["postgresql"])
@pytest.mark.skipif(not pathlib.Path("/proc/self/fd").exists(), reason="only Linux shows the files of a process")
def test_the_processes_of_a_server_share_turns_and_post_without_one_in_the_end(
    ledger: Ledger, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    headers = {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}
    with serving(environment, tmp_path / "log", "--workers", "2") as server:
        assert server.ask("POST", "/v1/residents", a_registration(), headers)[0] == 201
        files = [_shared_file(worker) for worker in workers_of(server.process.pid)]
        assert len({file.stat().st_ino for file in files if file is not None}) == 1
        assert len(files) == 2
        assert files[0] is not None
        with files[0].open("r+b") as shared:
            fcntl.lockf(shared, fcntl.LOCK_EX)
            held_s = min(_took_to_post_s(server, headers) for _ in range(5))
            fcntl.lockf(shared, fcntl.LOCK_UN)
            free_s = min(_took_to_post_s(server, headers) for _ in range(5))
    assert PATIENCE_S <= held_s < 20 * PATIENCE_S
    assert free_s < held_s
