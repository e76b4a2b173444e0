"""The port of a server is its own: two ledgers never answer on one address, and a wrong address is one line."""

import contextlib
import pathlib
import socket
import subprocess
import time
import urllib.request

import pytest

from tests.servers import HUSHI, free_port, run_hushi, serving


def _ledger(folder: pathlib.Path) -> dict[str, str]:
    return {"HUSHI_DATA_DIR": str(folder), "HUSHI_LOG_LEVEL": "WARNING"}


def test_a_second_server_on_the_port_is_refused_before_it_touches_anything(tmp_path: pathlib.Path) -> None:
    with serving(_ledger(tmp_path / "first"), tmp_path / "log") as server:
        refused = run_hushi(_ledger(tmp_path / "second"), "serve", "--port", str(server.port), "--welcome")
        everywhere = run_hushi(_ledger(tmp_path / "second"), "serve", "--port", str(server.port), "--host", "0.0.0.0")
        assert server.ask("GET", "/health/ready")[0] == 200
    assert (refused.returncode, refused.stdout, everywhere.returncode) == (2, "", 2)
    assert refused.stderr == f"hushi: --port: {server.port} is in use on 127.0.0.1; choose another with --port.\n"
    assert not (tmp_path / "second").exists()


def test_of_two_servers_that_start_at_once_one_serves(tmp_path: pathlib.Path) -> None:
    port = free_port()
    command = [str(HUSHI), "serve", "--port", str(port)]
    started = [
        subprocess.Popen(command, env=_ledger(tmp_path / name), stderr=subprocess.DEVNULL) for name in ("one", "two")
    ]
    try:
        until = time.monotonic() + 20
        while all(process.poll() is None for process in started) and time.monotonic() < until:
            time.sleep(0.05)
        assert sorted(process.poll() or 0 for process in started) == [0, 2]
        # Told to stop while it starts, a worker would not listen and be killed after 30 s.
        _wait_until_it_answers(port)
    finally:
        for process in started:
            process.terminate()
            process.wait(35)


def _wait_until_it_answers(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2):
            return
        time.sleep(0.05)
    raise AssertionError("the server did not answer")


def test_a_port_that_another_program_listens_on_is_refused(tmp_path: pathlib.Path) -> None:
    with socket.socket() as foreign:
        foreign.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        foreign.bind(("127.0.0.1", 0))
        foreign.listen()
        refused = run_hushi(_ledger(tmp_path), "serve", "--port", str(foreign.getsockname()[1]))
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert "in use" in refused.stderr


def test_a_server_starts_again_on_the_port_that_it_has_just_left(tmp_path: pathlib.Path) -> None:
    with serving(_ledger(tmp_path), tmp_path / "log") as server:
        left = socket.create_connection(("127.0.0.1", server.port))
        assert server.ask("GET", "/health/live")[0] == 200
        assert server.stop() == 0
    with left, serving(_ledger(tmp_path), tmp_path / "log", "--host", "localhost", port=server.port) as again:
        assert again.ask("GET", "/health/ready")[0] == 200


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("10.9.8.7", "--host: 10.9.8.7 is no address of this machine"),
        ("999.1.1.1", "--host: there is no address for '999.1.1.1'"),
        ("", "--host: there is no address for ''"),
    ],
)
def test_a_host_that_can_not_be_listened_on_is_one_line(tmp_path: pathlib.Path, host: str, said: str) -> None:
    refused = run_hushi(_ledger(tmp_path / "none"), "serve", "--port", str(free_port()), "--host", host)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"hushi: {said}")
    assert len(refused.stderr.splitlines()) == 1


def test_the_welcome_comes_from_the_server_that_has_the_port(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    with serving(_ledger(tmp_path), log, "--welcome") as server:
        key = (tmp_path / "demo.key").read_text("ascii").strip()
        assert f"http://127.0.0.1:{server.port}/signin#key={key}" in log.read_text("utf-8")
        listed = server.ask("GET", "/v1/transactions", None, {"Authorization": f"Bearer {key}"})
    assert listed[0] == 200
