"""A server survives a log that can't be written, a full disk, and the death of its threads and processes."""

import contextlib
import fcntl
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pysqlite3.dbapi2
import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from service.server.lifetimes import EXIT_DIED
from tests.builders import a_registration, a_trade
from tests.servers import Server, serving, workers_of
from tests.small_disks import fill, mounted


@pytest.fixture
def engine_name() -> str:
    """These tests are about the process, so one engine is enough."""
    return "sqlite"


@pytest.fixture
def headers(ledger: Ledger) -> dict[str, str]:
    """The header of an administrator."""
    return {"Authorization": f"Bearer {create_key(ledger, 'test', ['admin'])[1]}"}


def _wait_for(what: Callable[[], Any]) -> Any:
    for _ in range(400):
        with contextlib.suppress(OSError):
            if found := what():
                return found
        time.sleep(0.05)
    raise AssertionError("it did not happen within twenty seconds")


def _post(server: Server, headers: dict[str, str], key: str) -> int:
    return server.ask("POST", "/v1/transactions", a_trade(amount_cny="1.00"), {**headers, "Idempotency-Key": key})[0]


def _metric(server: Server, name: str) -> float:
    lines = server.ask("GET", "/metrics")[1].decode().splitlines()
    return float(next(line.split()[1] for line in lines if line.startswith(f"{name} ")))


@contextlib.contextmanager
def _pipe(folder: pathlib.Path, kind: str) -> Iterator[tuple[pathlib.Path, Callable[[], None]]]:
    """A pipe that nobody reads, and what makes it the wanted kind once the server runs."""
    path = folder / "log-pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    yield path, (lambda: os.close(reader)) if kind == "closed" else (lambda: None)
    if kind != "closed":
        os.close(reader)


@contextlib.contextmanager
def _log(folder: pathlib.Path, kind: str) -> Iterator[tuple[pathlib.Path, Callable[[], None]]]:
    if kind == "full":
        yield pathlib.Path("/dev/full"), lambda: None
    else:
        with _pipe(folder, kind) as found:
            yield found


@pytest.mark.parametrize("kind", ["full", "closed", "blocked"])
def test_a_log_that_can_not_be_written_stops_nothing(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path, kind: str
) -> None:
    with _log(tmp_path, kind) as (log, begin), serving({**environment, "HUSHI_LOG_LEVEL": "DEBUG"}, log) as server:
        begin()
        assert server.ask("POST", "/v1/residents", a_registration(), headers)[0] == 201
        with ThreadPoolExecutor(16) as callers:
            posted = list(callers.map(lambda n: _post(server, headers, f"k{n}"), range(40)))
            lived = list(callers.map(lambda _: server.ask("GET", "/health/live")[0], range(60)))
        assert (set(posted), set(lived)) == ({201}, {200})
        _wait_for(lambda: server.ask("GET", "/v1/ledger", None, headers)[1]["tail"] == 0)
        assert server.ask("GET", "/health/ready")[0] == 200
        if kind != "blocked":  # A pipe that nobody reads may be read after all: ten thousand lines wait for that.
            assert _metric(server, "hushi_log_lines_lost_total") > 0
        assert server.stop() == 0


_CLOSED = ("sh", "-c", 'exec "$@" 2>&- >&-', "sh", sys.executable, "-c", "from service.cli.main import main; main()")


def test_closed_standard_streams_are_taken_by_nothing_else(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    """Else log lines would be written into a file that was opened under the same descriptor."""
    with serving(environment, tmp_path / "log", program=_CLOSED) as server:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        assert _post(server, headers, "k") == 201
        _wait_for(lambda: len(psutil.Process(server.process.pid).children()) == 3)
        for process in (server.process.pid, *(child.pid for child in psutil.Process(server.process.pid).children())):
            assert str(pathlib.Path(f"/proc/{process}/fd/2").readlink()) == os.devnull
        assert server.stop() == 0


def test_a_full_folder_for_temporary_files_stops_nothing_and_all_is_counted(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with (
        mounted(tmp_path / "tmp", "1m") as temporary,
        serving({**environment, "TMPDIR": str(temporary)}, tmp_path / "log") as server,
    ):
        fill(temporary)
        server.ask("POST", "/v1/residents", a_registration(), headers)
        assert {_post(server, headers, f"k{number}") for number in range(40)} == {201}
        counted = server.ask("GET", "/metrics")[1].decode()
    assert 'hushi_requests_total{method="POST",route="/v1/transactions",status="201"} 40.0' in counted


def test_what_was_counted_outlives_who_counted_it(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log", "--workers", "1") as server:
        for _ in range(10):
            server.ask("GET", "/v1/residents", None, headers)
        workers_of(server.process.pid)[0].kill()
        _wait_for(lambda: server.ask("GET", "/v1/residents", None, headers)[0] == 200)
        counted = server.ask("GET", "/metrics")[1].decode()
    assert 'hushi_requests_total{method="GET",route="/v1/residents",status="200"} 11.0' in counted


_FAILS_ONCE = """
import os, pathlib, sys
import service.commands.committer as committer
flag, take_together = pathlib.Path(sys.argv.pop()), committer.Committer._take_together
def fail_once(self, first):
    if flag.exists():
        flag.unlink()
        raise MemoryError
    return take_together(self, first)
committer.Committer._take_together = fail_once
from service.cli.main import main
main()
"""


def test_a_process_whose_writing_thread_dies_is_replaced(
    environment: dict[str, str], headers: dict[str, str], tmp_path: pathlib.Path
) -> None:
    flag, log = tmp_path / "fails", tmp_path / "log"
    with serving(environment, log, str(flag), program=(sys.executable, "-c", _FAILS_ONCE)) as server:
        server.ask("POST", "/v1/residents", a_registration(), headers)
        flag.touch()
        with contextlib.suppress(Exception):  # Half an answer is no answer, whatever the client calls it.
            _post(server, headers, "k")
        _wait_for(lambda: _post(server, headers, "k") == 201)
        assert not flag.exists()
        assert server.stop() == 0
    said = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    assert [(line["thread"], line["error"]) for line in said if line["event"] == "thread-died"] == [
        ("committer", "MemoryError")
    ]


_FOLDS_NO_MORE = """
import os
import service.server.folder as folder
def fail(self):
    raise MemoryError
folder.Folder._fold_once = fail
folder.main(os.getppid())
"""


def test_a_folder_that_can_not_fold_ends(environment: dict[str, str], ledger: Ledger) -> None:
    """Its thread had died once, and the process looked like one that folds."""
    ended = subprocess.run(
        [sys.executable, "-c", _FOLDS_NO_MORE], env={**os.environ, **environment}, capture_output=True, timeout=20
    )
    assert ended.returncode == EXIT_DIED
    assert json.loads(ended.stderr)["event"] == "thread-died"


def test_who_serves_and_who_folds_end_with_the_one_that_started_them(
    environment: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    with serving(environment, tmp_path / "log") as server:
        children = _wait_for(lambda: (all_three := psutil.Process(server.process.pid).children())[2:] and all_three)
        server.process.kill()
        server.process.wait()
        try:
            _, alive = psutil.wait_procs(children, timeout=10)
            assert [child for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", server.port))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.process.pid, signal.SIGKILL)


def test_a_full_disk_is_told_by_ready_as_by_posts_and_is_over_when_it_is_over(
    environment: dict[str, str], headers: dict[str, str], ledger: Ledger, tmp_path: pathlib.Path
) -> None:
    with mounted(tmp_path / "disk", "8m") as disk:
        there = {**environment, "HUSHI_DATABASE_URL": f"sqlite:///{disk}/hushi.db"}
        _move(ledger, disk)
        with serving(there, tmp_path / "log", "--workers", "1") as server:
            assert server.ask("POST", "/v1/residents", a_registration(), headers)[0] == 201
            assert _post(server, headers, "before") == 201
            filler = fill(disk)
            refused = _until_refused(server, headers)
            told = server.ask("GET", "/health/ready")
            assert (told[0], told[1]["writes"], told[1]["database"]) == (503, "failing", "ok")
            assert _metric(server, "hushi_writes_up") == 0
            assert server.ask("GET", "/v1/reports/trade?period=2024", None, headers)[0] == 200
            filler.unlink()
            _wait_for(lambda: server.ask("GET", "/health/ready")[0] == 200)
            assert _post(server, headers, refused) == 201


def _move(ledger: Ledger, folder: pathlib.Path) -> None:
    """A copy of the ledger in another folder."""
    assert ledger.database.file is not None
    with (
        contextlib.closing(pysqlite3.dbapi2.connect(ledger.database.file)) as here,
        contextlib.closing(pysqlite3.dbapi2.connect(folder / "hushi.db")) as there,
    ):
        here.backup(there)


def _until_refused(server: Server, headers: dict[str, str]) -> str:
    """Posts until the disk is full; the key of the one that was refused."""
    for number in range(2000):
        status = _post(server, headers, f"k{number}")
        if status != 201:
            assert status == 503
            return f"k{number}"
    raise AssertionError("the disk took everything")
