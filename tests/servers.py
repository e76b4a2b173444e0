"""Runs a real server process for tests: `hushi serve` on a free port, with requests over real sockets."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import orjson
import psutil
from click.testing import CliRunner, Result

from service.cli.main import hushi, main
from tests.forked import Forked, run_together

HUSHI = pathlib.Path(sys.executable).parent / "hushi"
START_TIMEOUT_S = 20.0
FOLDER_PROGRAM = "service.server.folder"


def run_hushi(environment: Mapping[str, str], *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end."""
    with tempfile.TemporaryDirectory(prefix="hushi-tests-") as folder:
        return run_together(main, [arguments], environment, pathlib.Path(folder), timeout)[0]


def call_hushi(environment: Mapping[str, str], *arguments: str) -> Result:
    """Runs the command inside this process. It is much quicker, for tests that are not about the process itself.

    An error that a process would show as one line on standard error is the result's exception here.
    """
    return CliRunner(env={**environment}).invoke(hushi, arguments)


def live_children(server: int) -> list[psutil.Process]:
    """The processes that a server has started and that run, of the server with this process id."""
    found = []
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(server).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE and child.cmdline():
                    found.append(child)
    return found


def workers_of(server: int) -> list[psutil.Process]:
    """Those of them that serve."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return [each for each in live_children(server) if FOLDER_PROGRAM not in each.cmdline()]
    return []


@dataclass
class Server:
    """A running server, with methods to send it requests and to stop it."""

    process: subprocess.Popen[bytes] | Forked
    port: int

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Sends a request on a new connection, and returns status, JSON document (or bytes) and headers.

        A body of bytes is sent as it is.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            content = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
            sent = {**({} if body is None else {"Content-Type": "application/json"}), **(headers or {})}
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            text = answer.read()
            is_json = "json" in (answer.getheader("Content-Type") or "")
            return answer.status, orjson.loads(text) if is_json else text, dict(answer.getheaders())
        finally:
            connection.close()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tells the server to stop, kills the processes that do not, and returns the server's exit code."""
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.send_signal(how)
        try:
            self.process.wait(35)
        except subprocess.TimeoutExpired:
            print(_what_processes_do(self.process.pid))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        return self.process.wait()


def _what_processes_do(group: int) -> str:
    """What the kernel tells of each thread of a group of processes, for the report of a test that waits in vain."""
    told = []
    for place in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int((place / "stat").read_text().rpartition(")")[2].split()[2]) != group:
                continue
            told.append((place / "cmdline").read_text().replace("\0", " "))
            for task in (place / "task").iterdir():
                lines = (task / "status").read_text().splitlines()
                known = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
                waits = (task / "wchan").read_text()
                told.append(f"  {task.name} {known['Name']} {known['State']} {waits} blocks {known['SigBlk']}")
    return "\n".join(told)


def environment_of_new_ledger(folder: pathlib.Path) -> dict[str, str]:
    """The variables of a ledger on SQLite in a folder, where its secrets are made."""
    from service.vault import create_secrets

    create_secrets(folder / "secrets.json")
    return {
        "HUSHI_DATABASE_URL": f"sqlite:///{folder}/ledger.db",
        "HUSHI_DATA_DIR": str(folder),
        "HUSHI_SECRETS_FILE": str(folder / "secrets.json"),
        "HUSHI_LOG_LEVEL": "WARNING",
    }


def free_port() -> int:
    """A port on which no process listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    environment: Mapping[str, str],
    log: pathlib.Path,
    *arguments: str,
    program: Sequence[str] = (),
    port: int | None = None,
    ready: str = "/health/ready",
) -> Iterator[Server]:
    """Starts a server, and waits until it answers 200 to `ready`. Its log goes to a file; its processes end at the end.

    The server is forked off a process that has loaded the command, or else it is started as a program.
    """
    server = start_server(environment, log, *arguments, program=program, port=port)
    try:
        wait_until_ready(server, log, ready)
        yield server
    finally:
        if server.process.poll() is None:
            server.stop(signal.SIGKILL)


def start_server(
    environment: Mapping[str, str],
    log: pathlib.Path,
    *arguments: str,
    program: Sequence[str] = (),
    port: int | None = None,
    hushi: Callable[[], None] = main,
) -> Server:
    """Starts a server as `serving` does, and returns it at once. `hushi` is the function that is forked off."""
    port = port or free_port()
    command = ("serve", "--port", str(port), *arguments)
    process = _start(program, command, environment, log) if program else Forked(hushi, command, environment, log, log)
    return Server(process, port)


def _start(
    program: Sequence[str], command: Sequence[str], environment: Mapping[str, str], log: pathlib.Path
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            [*program, *command],
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def wait_until_ready(server: Server, log: pathlib.Path, ready: str = "/health/ready") -> None:
    """Waits until a server answers 200. Raises AssertionError, with what its log says, when it does not."""
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            if server.ask("GET", ready)[0] == 200:
                return
        time.sleep(0.05)
    told = log.read_text() if log.is_file() else "(its log can't be read)"
    raise AssertionError(f"the server did not become ready:\n{told}")
