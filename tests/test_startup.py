"""The modules that a command loads: with a second of imports, each call in a script takes a second longer."""

import pathlib
import subprocess
import sys

import pytest

from service.cli.main import COMMANDS, hushi

HEAVY = {"alembic", "flask", "granian", "marshmallow", "psycopg", "rich", "structlog", "xlsxwriter"}
_CALL = """
import sys
from service.cli.main import hushi
hushi(sys.argv[1:], standalone_mode=False)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def _loaded_by(data: pathlib.Path, *arguments: str) -> set[str]:
    called = subprocess.run(
        [sys.executable, "-c", _CALL, *arguments],
        env={"HUSHI_DATA_DIR": str(data)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(called.stdout.splitlines()[-1].split())


def test_a_command_on_a_current_ledger_loads_what_it_needs_only(tmp_path: pathlib.Path) -> None:
    assert "alembic" in _loaded_by(tmp_path, "db", "upgrade")
    loaded = _loaded_by(tmp_path, "keys", "list")
    assert "sqlalchemy" in loaded
    assert loaded & HEAVY == set()


def test_the_version_is_told_without_what_talks_to_databases(tmp_path: pathlib.Path) -> None:
    assert _loaded_by(tmp_path, "completion", "bash") & (HEAVY | {"sqlalchemy"}) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_name_leads_to_its_command(name: str) -> None:
    command = hushi.get_command(hushi.make_context("hushi", [name], resilient_parsing=True), name)
    assert command is not None
    assert command.name == name
    assert command.help
