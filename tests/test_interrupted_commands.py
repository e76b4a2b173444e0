"""Ctrl-C ends a command with one line and the exit code of shells, wherever it meets the command."""

import pathlib
from collections.abc import Callable
from typing import NoReturn

import orjson
import pytest

from service.cli import backup
from tests.servers import call_hushi, environment_of_new_ledger


def _press(*_given: object) -> NoReturn:
    raise KeyboardInterrupt


def _press_in_a_library(*_given: object) -> bytes:
    """A function that a library written in C calls: the library raises an error of its own."""
    return orjson.dumps(object(), default=_press)


@pytest.mark.parametrize("interrupted", [_press, _press_in_a_library])
def test_an_interrupted_command_says_so_in_one_line(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, interrupted: Callable[..., object]
) -> None:
    environment = environment_of_new_ledger(tmp_path)
    assert call_hushi(environment, "keys", "create", "--name", "first", "--scope", "admin").exit_code == 0
    monkeypatch.setattr(backup, "back_up", interrupted)
    ended = call_hushi(environment, "backup", str(tmp_path / "b.zip"))
    assert (ended.exit_code, ended.stdout, ended.stderr) == (130, "", "hushi: interrupted\n")


def test_another_error_stays_what_it_is(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = environment_of_new_ledger(tmp_path)
    assert call_hushi(environment, "keys", "create", "--name", "first", "--scope", "admin").exit_code == 0
    monkeypatch.setattr(backup, "back_up", lambda *_given: orjson.dumps(object()))
    assert isinstance(call_hushi(environment, "backup", str(tmp_path / "b.zip")).exception, TypeError)
