"""What Hushi writes into a working directory is never committed by mistake, secrets least of all."""

import os
import pathlib
import shutil
import subprocess

import pytest

from tests.servers import HUSHI, serving

ROOT = pathlib.Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "transactions-en.csv"
"""Its residents are registered nowhere here: each of its lines is refused."""
NOT_IGNORED = {".gitignore", "trades.csv"}

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git on this machine")


def _git(folder: pathlib.Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def _hushi(folder: pathlib.Path, environment: dict[str, str], *arguments: str) -> int:
    command = [str(HUSHI), *arguments]
    return subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True).returncode


def _untracked(folder: pathlib.Path) -> set[str]:
    return set(_git(folder, "ls-files", "--others", "--exclude-standard").splitlines())


@pytest.fixture
def checkout(tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder under git, with what the project ignores and a file that somebody wants to import."""
    _git(tmp_path, "init", "--quiet")
    shutil.copy(ROOT / ".gitignore", tmp_path)
    shutil.copy(EXAMPLE, tmp_path / "trades.csv")
    return tmp_path


def test_nothing_that_the_commands_write_shows_up_as_new(checkout: pathlib.Path) -> None:
    other = {"HUSHI_DATA_DIR": "other", "HUSHI_LOG_LEVEL": "ERROR"}
    assert _hushi(checkout, other, "keys", "create", "--name", "clerk", "--scope", "admin") == 0
    assert _hushi(checkout, other, "import", "trades.csv") == 1
    assert _hushi(checkout, other, "report", "trade", "--period", "2024", "--output", "trade.xlsx") == 0
    assert _hushi(checkout, other, "backup", "hushi-2024-06-30.zip") == 0
    assert _hushi(checkout, other, "secrets", "create", "secrets-of-2027.json") == 0
    served = {**other, "HUSHI_DATA_DIR": str(checkout / "other")}
    with serving(served, checkout / "other" / "serve.key"):
        beside = {path.name for path in (checkout / "other").glob("hushi.db-*")}
    assert {"hushi.db-wal", "hushi.db-shm"} <= beside
    assert {path.name for path in checkout.iterdir()} >= {"other", "trades.csv.refused.csv", "trade.xlsx"}
    assert _untracked(checkout) == NOT_IGNORED


@pytest.mark.parametrize(
    "path",
    [
        ".venv/bin/python", ".coverage-data/coverage.1", ".bench-data/http.json", "node_modules/eslint/index.js",
        "service/__pycache__/app.pyc", "dist/hushi-0.2.0.tar.gz", ".hypothesis/examples/1", "data/demo.key",
        "hushi.db", "hushi.db-wal", "hushi.db-shm", "hushi.db-turns", "secrets.json", "demo.key",
        "orders.refused.csv", "orders.xlsx.refused.csv.0a1b2c3d.part", "backup.zip.k3j2h1g0.part",
    ],
)  # fmt: skip
def test_what_is_written_is_ignored(checkout: pathlib.Path, path: str) -> None:
    assert _git(checkout, "check-ignore", path).strip() == path


def test_nothing_that_is_committed_is_ignored() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this copy is no git checkout")
    assert _git(ROOT, "ls-files", "--cached", "--ignored", "--exclude-standard") == ""
