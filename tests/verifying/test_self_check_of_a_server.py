"""A real server recounts its days by itself: it finds a changed cell, raises the alarm, and is well after a repair."""

import pathlib
import re
import sys
from collections.abc import Iterator

import orjson
import pytest

from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import Server, run_hushi, serving
from tests.verifying.checked_market import CHANGES, REPORT, fill
from tests.waiting import wait_until

_CHECKS_OFTEN = """
import sys
import service.server.processes
service.server.processes.FOLDER_COMMAND = [sys.executable, "-c", '''
import runpy
import service.server.self_checking
service.server.self_checking.SELF_CHECK_INTERVAL_S = 0.05
runpy.run_module("service.server.folder", run_name="__main__", alter_sys=True)
''']
from service.cli.main import main
main()
"""
"""A server whose self-check comes twenty times a second, and not once a minute."""


@pytest.fixture
def server(environment: dict[str, str], ledger: Ledger, admin: Caller, tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server that serves the small market."""
    fill(ledger, admin)
    with serving(environment, tmp_path / "log", program=[sys.executable, "-c", _CHECKS_OFTEN]) as server:
        yield server


def _figure(server: Server, name: str) -> float:
    """The value of a metric without labels."""
    found = re.search(rf"^{name} (\S+)$", server.ask("GET", "/metrics")[1].decode(), re.MULTILINE)
    return float(found[1]) if found else -1.0


def _checks_more(server: Server) -> None:
    """Waits until the server has recounted some more days."""
    before = _figure(server, "hushi_integrity_checks_total")
    wait_until(lambda: _figure(server, "hushi_integrity_checks_total") >= before + 5)


def test_a_server_finds_a_changed_cell_by_itself_and_is_well_again_after_a_repair(
    ledger: Ledger, server: Server, admin: Caller, environment: dict[str, str], tmp_path: pathlib.Path
) -> None:
    _checks_more(server)
    assert server.ask("GET", "/health/ready")[0] == 200, "the control: what is right raises no alarm"
    status, right, _ = server.ask("GET", REPORT, headers=admin.headers)
    assert status == 200
    statement, measure = CHANGES["an amount"]
    with ledger.database.writing() as connection:
        connection.exec_driver_sql(statement)

    wait_until(lambda: server.ask("GET", "/health/ready")[0] == 503)
    named = server.ask("GET", "/health/ready")[1]["integrity"]
    assert all(part in named for part in ("2024-06-29", "grain 1", measure)), named
    assert _figure(server, "hushi_integrity_ok") == 0.0
    told = map(orjson.loads, (tmp_path / "log").read_bytes().splitlines())
    lines = [line for line in told if line["event"] == "wrong-figure"]
    named_by = {(line["level"], line["day"], line["grain"], line["measure"]) for line in lines}
    assert named_by == {("error", "2024-06-29", 1, measure)}
    refused = server.ask("GET", REPORT, headers=admin.headers)
    assert (refused[0], refused[1]["code"]) == (503, "unavailable")
    meanwhile = a_trade(traded_at="2024-05-01T10:00:00+08:00")
    assert server.ask("POST", "/v1/transactions", meanwhile, {**admin.headers, "Idempotency-Key": "x"})[0] == 201

    repaired = run_hushi(environment, "verify", "--repair-cells")
    assert (repaired.returncode, repaired.stderr) == (0, ""), repaired.stdout
    assert "1 cells and 0 processing cells were built again." in repaired.stdout
    wait_until(lambda: server.ask("GET", "/health/ready")[0] == 200)
    _checks_more(server)
    assert server.ask("GET", "/health/ready")[1]["integrity"] == "ok"
    assert _figure(server, "hushi_integrity_ok") == 1.0
    again = server.ask("GET", REPORT, headers=admin.headers)
    assert (again[0], again[1]["rows"]) == (200, right["rows"])
    assert run_hushi(environment, "verify").returncode == 0
