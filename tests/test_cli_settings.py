"""The settings of a command: its help needs none, and wrong ones never make a second, empty ledger by mistake."""

import pathlib
import re

import pytest
from click.testing import Result

from service.cli.opening import open_current_ledger
from service.config import SettingError, read_settings
from service.ledger import open_ledger
from tests.servers import call_hushi


def _run(environment: dict[str, str], *arguments: str) -> Result:
    return call_hushi({"HUSHI_LOG_LEVEL": "WARNING", **environment}, *arguments)


READING = [
    ("verify",), ("fold",), ("db", "check"), ("keys", "list"), ("keys", "revoke", "1"), ("backup", "copy.zip"),
    ("import", __file__), ("report", "trade", "--period", "2024"), ("report", "brief", "--period", "2024"),
]  # fmt: skip


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_needs_a_ledger_makes_none(tmp_path: pathlib.Path, command: tuple[str, ...]) -> None:
    stopped = _run({"HUSHI_DATA_DIR": str(tmp_path / "typo")}, *command)
    assert isinstance(stopped.exception, SettingError), stopped.output
    assert "There is no ledger in" in str(stopped.exception)
    assert "HUSHI_DATA_DIR" in str(stopped.exception)
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("command", [("db", "upgrade"), ("keys", "create", "--name", "clerk", "--scope", "admin")])
def test_a_command_that_begins_a_ledger_makes_it_with_its_secrets(
    tmp_path: pathlib.Path, command: tuple[str, ...]
) -> None:
    assert _run({"HUSHI_DATA_DIR": str(tmp_path / "new")}, *command).exit_code == 0
    assert (tmp_path / "new" / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert _run({"HUSHI_DATA_DIR": str(tmp_path / "new")}, "db", "check").exit_code == 0


def test_lost_secrets_are_not_replaced_beside_a_ledger(tmp_path: pathlib.Path) -> None:
    settings = read_settings({"HUSHI_DATA_DIR": str(tmp_path)})
    open_current_ledger(settings).database.close()
    settings.secrets_file.unlink()
    with pytest.raises(SettingError, match=r"^HUSHI_SECRETS_FILE: .* is missing; put its copy back"):
        open_ledger(settings)
    assert not settings.secrets_file.exists()


@pytest.mark.parametrize(
    "command", [("serve", "--help"), ("report", "trade", "--help"), ("completion", "bash"), ("--version",)]
)
def test_help_and_completion_need_no_settings(command: tuple[str, ...]) -> None:
    assert _run({"HUSHI_DATABASE_URL": "nonsense", "HUSHI_LOG_LEVEL": "LOUD"}, *command).exit_code == 0


@pytest.mark.parametrize(
    "command",
    [(), ("serve",), ("demo",), ("keys", "create"), ("import",), ("report",), ("verify",), ("backup",), ("restore",)],
)
def test_help_teaches_by_example(command: tuple[str, ...]) -> None:
    shown = _run({}, *command, "--help").output
    assert re.search(rf"^ +(\S+=\S+ )?hushi {' '.join(command)}", shown, re.MULTILINE), shown


def test_secrets_are_made_before_any_setting_names_them(tmp_path: pathlib.Path) -> None:
    postgresql = {"HUSHI_DATABASE_URL": "postgresql+psycopg://hushi@db.example/hushi"}
    assert _run(postgresql, "secrets", "create", str(tmp_path / "secrets.json")).exit_code == 0
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
