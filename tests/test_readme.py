"""Runs the commands of README as they are printed, against real servers; only the ports are replaced by free ones."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import pytest

from service.commands.folding import fold_all
from service.config import read_settings
from service.ledger import open_ledger
from tests.servers import serving

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")

CURL = shutil.which("curl") or ""

pytestmark = pytest.mark.skipif(not CURL, reason="no curl on this machine")


def _blocks(heading: str) -> str:
    """The shell blocks of a section, one after the other."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(r"^```\n(.+?)^```$", section, re.MULTILINE | re.DOTALL))


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder as `make run` leaves it: the examples, and hushi in .venv."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv").symlink_to(pathlib.Path(sys.executable).parents[1])
    return tmp_path


def _run(script: str, checkout: pathlib.Path) -> subprocess.CompletedProcess[str]:
    on_path = re.search(r"^export PATH=.+$", README, re.MULTILINE)
    assert on_path is not None
    environment = {"HOME": str(checkout), "PATH": f"{pathlib.Path(CURL).parent}:{os.defpath}"}
    command = ["bash", "-e", "-o", "pipefail", "-c", f"{on_path[0]}\n{script}"]
    running = subprocess.Popen(
        command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        shown = running.communicate(timeout=120)
    finally:
        # A script that stops half way leaves its server behind.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
    return subprocess.CompletedProcess(command, running.returncode, *shown)


def test_a_transaction_is_posted_and_fetched_as_readme_shows_it(checkout: pathlib.Path) -> None:
    settings = {"HUSHI_DATA_DIR": str(checkout / "data"), "HUSHI_LOG_LEVEL": "WARNING"}
    with serving(settings, checkout / "log", "--welcome") as server:
        script = _blocks("Post a transaction, fetch it") + _blocks("Reports")
        shown = _run(script.replace("127.0.0.1:8000", f"127.0.0.1:{server.port}"), checkout)
        ledger = open_ledger(read_settings(settings))
        fold_all(ledger)
        ledger.database.close()
        noted = "hushi verify | grep -o '[0-9a-f]\\{64\\}'"
        operated = _run(_blocks("Operating it").replace("HASH", f"$({noted})") + _blocks("Keys"), checkout)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert '"exempt_cny":"8000.00","taxable_cny":"1900.00","verdict":"partly_taxed"' in shown.stdout
    assert '"remaining_cny":"0.00"' in shown.stdout
    assert "▲ 新增" in shown.stdout
    assert (checkout / "trade.xlsx").read_bytes().startswith(b"PK")
    assert operated.returncode == 0, operated.stderr
    assert "1 transactions, 1 residents, 1 blocks are restored" in operated.stdout
    assert "every figure is what the journal adds up to" in operated.stdout
    assert operated.stderr.splitlines() == [
        "Key 2 for clerk-1: transactions:write residents:read. It is shown this once.",
        (
            "Key 3 for desk-3: transactions:write, of the trade point erenhot only, until 2100-01-01T00:00:00+08:00. "
            "It is shown this once."
        ),
    ]
    assert "2\tclerk-1\t" in operated.stdout
    assert operated.stdout.endswith("Key 2 is revoked.\n")


def test_goods_go_on_as_readme_shows_it(checkout: pathlib.Path) -> None:
    shown = _run(_blocks("Import a clerk's file") + _blocks("After the market"), checkout)
    assert shown.returncode == 0, shown.stderr
    for said in (
        "would go on to E00000001 for processing: 8 trades,",
        "2 transfers of 12 lines recorded, 0 known already, 0 lines refused",
        '"yield_pct":"',
        "T00000002",
    ):
        assert said in shown.stdout


def test_a_clerks_file_is_imported_as_readme_shows_it(checkout: pathlib.Path) -> None:
    script = _blocks("Import a clerk's file")
    shown = _run(script, checkout)
    warned = "Accepted with a warning: 40 back-dated, 26 rule-not-verified, 2 near-limit. See hushi report warnings.\n"
    assert (shown.returncode, shown.stderr) == (0, warned)
    assert "8 registered, 0 known already, 0 refused\n40 accepted, 0 known already, 0 refused\n" in shown.stdout
