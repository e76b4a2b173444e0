"""A ledger's files are for their owner only, whatever the umask is and whoever made them before."""

import contextlib
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping

import pytest

from service.cli.welcome import welcome_text
from service.commands.groups import create_group
from service.config import read_settings
from service.ledger import Ledger, open_ledger
from service.queries.backing_up import back_up
from service.storage import schema
from service.storage.engine import Database
from service.storage.private_files import find_exposed, make_private


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: pathlib.Path) -> dict[str, str]:
    return {file.name: f"{file.stat().st_mode & 0o777:o}" for file in folder.iterdir()}


def settings_of(folder: pathlib.Path) -> Mapping[str, str]:
    return {"HUSHI_DATABASE_URL": f"sqlite:///{folder}/hushi.db", "HUSHI_DATA_DIR": str(folder)}


def in_use(folder: pathlib.Path, group: str = "东") -> Ledger:
    """A ledger whose writer and reader are open, so that all of SQLite's files are there."""
    ledger = open_ledger(read_settings(settings_of(folder)))
    schema.upgrade(ledger.database, ledger.vault.macs)
    create_group(ledger, group, "village")
    return ledger


NOBODY = 65534
FILES = {"hushi.db", "hushi.db-wal", "hushi.db-shm", "hushi.db-turns", "hushi.db-serving", "secrets.json"}


@pytest.mark.parametrize("mask", [0o022, 0o000, 0o077])
def test_a_new_ledger_is_for_its_owner(tmp_path: pathlib.Path, mask: int) -> None:
    folder = tmp_path / "data"
    with umask(mask):
        ledger = in_use(folder)
        welcome_text(ledger, folder, 8000)
        back_up(ledger, folder / "backup.zip")
    assert f"{folder.stat().st_mode & 0o777:o}" == "700"
    assert modes(folder) == dict.fromkeys(FILES | {"backup.zip", "demo.key"}, "600")
    ledger.database.close()


def test_an_older_ledger_is_made_private_when_it_is_opened(tmp_path: pathlib.Path) -> None:
    with umask(0):
        ledger = in_use(tmp_path)
        for file in tmp_path.glob("hushi.db*"):
            file.chmod(0o644)
        opened = in_use(tmp_path, "西")
    assert modes(tmp_path) == dict.fromkeys(FILES, "600")
    assert opened.database.exposed_files == []
    for each in (ledger, opened):
        each.database.close()


@pytest.mark.parametrize(
    ("before", "after"), [(0o600, 0o600), (0o640, 0o600), (0o660, 0o660), (0o666, 0o660), (0o444, 0o400)]
)
def test_a_group_that_may_write_is_kept(tmp_path: pathlib.Path, before: int, after: int) -> None:
    file = tmp_path / "hushi.db"
    file.touch()
    file.chmod(before)
    make_private(file)
    assert file.stat().st_mode & 0o777 == after


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_what_belongs_to_somebody_else_is_said() -> None:
    """Only its owner may change the mode of a file: it is left as it is, and named."""
    with tempfile.TemporaryDirectory(prefix="hushi-tests-") as folder:
        pathlib.Path(folder).chmod(0o755)
        file = pathlib.Path(folder) / "hushi.db"
        file.touch()
        file.chmod(0o644)
        os.seteuid(NOBODY)
        try:
            make_private(file)
            assert find_exposed(file) == [file]
        finally:
            os.seteuid(0)
        make_private(file)
        assert find_exposed(file) == []


def test_a_ledger_in_memory_makes_no_file(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    database = Database("sqlite://")
    with database.reading():
        assert list(tmp_path.iterdir()) == []
    database.close()
