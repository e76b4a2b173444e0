"""Compares a report over HTTP, while the ledger does not change, with a bare route of the same server: `make bench`."""

import contextlib
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import orjson
import psutil

from loadtests.client import closed_loop, request_bytes
from loadtests.histories import FOLDER, history
from loadtests.sender import Loop
from service.commands.keys import create_key
from service.config import WORKERS
from service.server.processes import THREADS_PER_WORKER

PATH = "/v1/reports/trade?from=2024-01-01&to=2024-08-31&by=category"
ROUNDS = 3
SIZE = 100_000
"""How many transactions the ledger has. The figures do not depend on it. The ledger is not one of the other
benchmarks', because the server folds the tail, and the other benchmarks need their tail."""
STARTS_WITHIN_S = 120.0
SETTLED = 40
"""The ledger is at rest when so many answers, a tenth of a second apart, have one ETag: the server folds the tail once
a second."""


@contextlib.contextmanager
def running(command: list[str], environment: dict[str, str], port: int, path: str) -> Iterator[psutil.Process]:
    """Starts a server, gives its process after its first answer, and ends it. Raises SystemExit when none comes."""
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        until = time.monotonic() + STARTS_WITHIN_S
        while not _answers(f"http://127.0.0.1:{port}{path}"):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"{' '.join(command)} does not serve; its exit code is {process.poll()}.")
            time.sleep(0.1)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(40)


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError):
        urllib.request.urlopen(url, timeout=2).close()
        return True
    return False


def free_port() -> int:
    """A port on which no process listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _settled_tag(url: urllib.request.Request) -> str:
    """Waits until the tail is folded and each worker has answered, and returns the report's ETag."""
    tags: list[str] = []
    while len(tags) < SETTLED or len(set(tags[-SETTLED:])) > 1:
        with urllib.request.urlopen(url) as answer:
            tags.append(answer.headers["ETag"])
        time.sleep(0.1)
    return tags[-1]


def measure(engine: str, size: int) -> dict[str, object]:
    """The rates of a report, of its 304 answer and of a bare route, in turns. The best of three rounds counts."""
    programs = pathlib.Path(sys.executable).parent
    bare_port, port = free_port(), free_port()
    bare = [
        str(programs / "granian"), "--interface", "wsgi", "--port", str(bare_port), "--workers", str(WORKERS),
        "--blocking-threads", str(THREADS_PER_WORKER), "--no-ws", "--log-level", "error", "loadtests.peers.bare:app",
    ]  # fmt: skip
    with history(engine, size) as ledger:
        _, key = create_key(ledger, "bench", ["reports:read"])
        environment = {
            "HUSHI_DATABASE_URL": ledger.database.url.render_as_string(hide_password=False),
            "HUSHI_SECRETS_FILE": str(FOLDER / f"{engine}-{size}" / "secrets.json"),
            "HUSHI_LOG_LEVEL": "WARNING",
        }
        serve = [str(programs / "hushi"), "serve", "--port", str(port), "--workers", str(WORKERS)]
        with running(bare, {}, bare_port, "/"), running(serve, environment, port, "/health/live"):
            headers = {"Authorization": f"Bearer {key}"}
            url = urllib.request.Request(f"http://127.0.0.1:{port}{PATH}", headers=headers)
            tag = _settled_tag(url)
            requests = {
                "bare": (bare_port, request_bytes("/", {})),
                "200": (port, request_bytes(PATH, headers)),
                "304": (port, request_bytes(PATH, {**headers, "If-None-Match": tag})),
            }
            best: dict[str, Loop] = {}
            for _ in range(ROUNDS):
                for name, (to, request) in requests.items():
                    loop = closed_loop(to, request, seconds=3)
                    assert set(loop.statuses) == {int(name) if name != "bare" else 200}, loop.statuses
                    best[name] = max(best.get(name, loop), loop, key=lambda found: found.rate)
    rates = {name: round(loop.rate) for name, loop in best.items()}
    shares = {f"{name}_share_of_bare": round(rates[name] / rates["bare"], 2) for name in ("200", "304")}
    return {"engine": engine, "rows": size, "workers": WORKERS, "per_second": rates, **shares}


if __name__ == "__main__":
    figures = [measure(engine, SIZE) for engine in sys.argv[1].split(",")]
    for found in figures:
        print(orjson.dumps(found).decode())
    (FOLDER / "http.json").write_bytes(orjson.dumps(figures))
