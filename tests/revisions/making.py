"""Makes a ledger with the code of a commit, on both engines, and keeps it: `python -m tests.revisions.making COMMIT`.

The code of that time runs on today's libraries. It serves the ledger, and what it answers over HTTP is kept beside it.
"""

import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

import orjson

from tests import postgresql
from tests.builders import a_registration, a_trade
from tests.revisions.kept import LEDGER, SECRETS, TOLD, dump, keep
from tests.servers import Server, serving

ROOT = pathlib.Path(__file__).parents[2]
_START = """
import importlib, sys
try:
    main = importlib.import_module("service.cli.main").main
except ModuleNotFoundError:
    main = importlib.import_module("service.cli").main
sys.argv[0] = "hushi"
main()
"""
TRADES = 6


def main() -> None:
    """Makes the ledgers of the commit that the command line names."""
    (commit,) = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="hushi-revision-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        code = code_of(commit, folder / "code")
        revision = max(path.name[:4] for path in (code / "service/migrations/versions").glob("0*.py"))
        for engine in LEDGER:
            print(keep(revision, engine, _make(engine, folder / engine, code)))


def code_of(commit: str, folder: pathlib.Path) -> pathlib.Path:
    """Unpacks the code of a commit into a new folder, and returns the folder. The commit must be in the history."""
    folder.mkdir()
    packed = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=packed, check=True)
    return folder


def program_of(code: pathlib.Path) -> list[str]:
    """The command that runs the code in a folder. It runs there, because Python and Granian import from there first."""
    return ["env", "-C", str(code), sys.executable, "-c", _START]


def _make(engine: str, folder: pathlib.Path, code: pathlib.Path) -> pathlib.Path:
    program = program_of(code)
    data, kept = folder / "data", folder / "kept"
    data.mkdir(parents=True)
    kept.mkdir()
    settings = {"HUSHI_DATA_DIR": str(data), "HUSHI_LOG_LEVEL": "WARNING"}
    if engine == "sqlite":
        _fill(settings, kept, program)
        shutil.copy(data / "secrets.json", kept / SECRETS)
        with contextlib.closing(sqlite3.connect(data / "hushi.db")) as connection:
            connection.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )  # What is in the log must be in the file that is kept.
        shutil.copy(data / "hushi.db", kept / LEDGER[engine])
        return kept
    # This makes the secrets, beside a ledger on SQLite that nobody uses.
    _run(program, settings, "keys", "create", "--name", "x", "--scope", "admin")
    shutil.copy(data / "secrets.json", kept / SECRETS)
    with postgresql.running() as server:
        server.execute("CREATE DATABASE kept")
        settings |= {"HUSHI_DATABASE_URL": server.url("kept"), "HUSHI_SECRETS_FILE": str(kept / SECRETS)}
        _run(program, settings, "db", "upgrade")
        _fill(settings, kept, program)
        dump(server, "kept", kept / LEDGER[engine])
    return kept


def _run(program: list[str], settings: Mapping[str, str], *arguments: str) -> str:
    environment = {**os.environ, **settings}
    done = subprocess.run([*program, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


def _fill(settings: Mapping[str, str], kept: pathlib.Path, program: list[str]) -> None:
    """Posts something of everything that every revision knows; half of it is folded, and half of it is in the tail."""
    key = _run(program, settings, "keys", "create", "--name", "desk", "--scope", "admin")
    told: dict[str, Any] = {"key": key, "trades": {}}
    with serving(settings, kept.parent / "log", "--workers", "1", program=program) as server:
        _register(server, key)
        for number in range(TRADES):
            told["trades"][f"trade-{number}"] = _trade(server, key, f"trade-{number}")
        reversed_id = told["trades"]["trade-1"]["transaction_id"]
        reversal = ("POST", f"/v1/transactions/{reversed_id}/reversal", {"reason": "wrong weight"})
        told["reversal"] = _ask(server, key, *reversal, "reversal")["transaction_id"]
        too_much = a_trade(amount_cny="9000.00", over_allowance="refuse")
        told["refusal"] = _ask(server, key, "POST", "/v1/transactions", too_much, "refused", status=422)["code"]
    if _knows("fold", program, settings):
        _run(program, settings, "fold")
    with serving(settings, kept.parent / "log", "--workers", "1", program=program) as server:
        for number in range(TRADES, 2 * TRADES):
            told["trades"][f"trade-{number}"] = _trade(server, key, f"trade-{number}")
        server.stop()
    (kept / TOLD).write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))


def _knows(command: str, program: list[str], settings: Mapping[str, str]) -> bool:
    asked = [*program, command, "--help"]
    return subprocess.run(asked, env={**os.environ, **settings}, capture_output=True).returncode == 0


def _register(server: Server, key: str) -> None:
    for number in range(3):
        _ask(server, key, "POST", "/v1/residents", a_registration(number))
    _ask(server, key, "POST", "/v1/groups", {"name": "东村", "kind": "village"})
    _ask(server, key, "POST", "/v1/groups/G000001/members", {"resident_ids": ["R00000001"]}, status=200)
    suspended = {"status": "suspended", "reason": "test", "effective_on": "2025-01-01"}
    _ask(server, key, "POST", "/v1/residents/R00000002/status", suspended, status=200)


def _trade(server: Server, key: str, name: str) -> dict[str, Any]:
    answer = _ask(server, key, "POST", "/v1/transactions", a_trade(), name)
    return {"transaction_id": answer["transaction_id"], "exempt_cny": answer["exempt_cny"]}


def _ask(
    server: Server, key: str, method: str, path: str, body: Any, name: str | None = None, status: int = 201
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {key}", **({} if name is None else {"Idempotency-Key": name})}
    answered, document, _ = server.ask(method, path, body, headers)
    assert answered == status, document
    return dict(document)


if __name__ == "__main__":
    main()
