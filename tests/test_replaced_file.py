"""SQLite's file is moved while a process serves it. The process does not write to a file that others can't find."""

import pathlib
import shutil
from collections.abc import Iterator

import pytest
from flask import Flask

from service.app import create_app
from service.commands.keys import create_key
from service.config import read_settings
from service.ledger import open_ledger
from service.vault import create_secrets
from tests.builders import a_trade
from tests.conftest import Caller

REPORT = "/v1/reports/trade?period=2024"


def _counted(caller: Caller) -> int:
    counted: int = caller.get(REPORT).get_json()["total"]["transactions"]["current"]
    return counted


@pytest.fixture
def on_sqlite(sqlite_template: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[tuple[Caller, pathlib.Path, Flask]]:
    """A caller of a serving process on SQLite, and its file."""
    file = tmp_path / "hushi.db"
    shutil.copy(sqlite_template, file)
    create_secrets(tmp_path / "secrets.json")
    ledger = open_ledger(
        read_settings({"HUSHI_DATABASE_URL": f"sqlite:///{file}", "HUSHI_SECRETS_FILE": str(tmp_path / "secrets.json")})
    )
    app = create_app(ledger)
    yield Caller(app.test_client(), create_key(ledger, "clerk", ["admin"])[1]), file, app
    app.extensions["hushi"].committer.close()
    ledger.database.close()


@pytest.mark.parametrize("another_takes_its_place", [True, False])
def test_a_file_that_was_replaced_is_not_written_to(
    on_sqlite: tuple[Caller, pathlib.Path, Flask], another_takes_its_place: bool
) -> None:
    """An entry that is written to a file that no process finds any more would be acknowledged and lost."""
    caller, file, _ = on_sqlite
    caller.register(1)
    assert [caller.trade(a_trade()).status_code for _ in range(2)] == [201, 201]
    assert _counted(caller) == 2
    moved = file.with_name("moved.db")
    file.rename(moved)
    if another_takes_its_place:
        shutil.copy(moved, file)
    assert caller.trade(a_trade()).status_code == 503
    assert caller.get(REPORT).status_code == 503
    assert caller.get("/v1/residents/R00000001").status_code == 503
    file.unlink(missing_ok=True)
    moved.rename(file)
    assert caller.trade(a_trade()).status_code == 201
    assert _counted(caller) == 3
