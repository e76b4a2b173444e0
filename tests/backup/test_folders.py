"""A folder of backups: each gets a name of its own, what a rule does not keep is deleted, and nothing else is."""

import datetime
import fcntl
import pathlib
import re

import pytest

from service.config import SettingError
from service.figures.backups import BACKUP_AGE_SECONDS, NEWEST_BACKUP_AT
from service.ledger import Ledger
from service.queries import backups
from service.queries.backing_up import back_up
from service.queries.backups import find_backup_age_s
from service.server.sampling import _look_at_backups
from service.storage.archives import DamagedArchive
from service.storage.backup_folders import find_newest, list_backups, new_backup_file
from tests.servers import call_hushi

pytestmark = pytest.mark.parametrize("engine_name", ["sqlite"])
OLD = [datetime.datetime(2024, 1, day, 4, tzinfo=datetime.UTC) for day in range(1, 11)]


@pytest.fixture
def folder(ledger: Ledger, tmp_path: pathlib.Path) -> pathlib.Path:
    """A folder with a backup of each of ten days, and with files that Hushi has not made."""
    folder = tmp_path / "backups"
    first = new_backup_file(folder, OLD[0])
    back_up(ledger, first)
    for at in OLD[1:]:
        new_backup_file(folder, at).write_bytes(first.read_bytes())
    for name in ("hushi-20240101T040000Z.zip.bak", "hushi-2024.zip", "hushi-20241399T000000Z.zip", "notes.txt"):
        (folder / name).touch()
    (folder / "hushi-20240102T000000Z.zip").symlink_to(folder / "notes.txt")
    (folder / "hushi-20240103T000000Z.zip").mkdir()
    return folder


def names(folder: pathlib.Path) -> set[str]:
    """The names of everything in a folder."""
    return {path.name for path in folder.iterdir()}


def test_a_backup_into_a_folder_keeps_what_the_rule_says_and_touches_no_other_file(
    folder: pathlib.Path, environment: dict[str, str]
) -> None:
    before = names(folder)
    made = call_hushi(environment, "backup", "--into", str(folder), "--keep", "last=2,daily=4")
    assert made.exit_code == 0, made.stderr
    found = re.search(r"are in (\S+)\.\n", made.stdout)
    assert found is not None
    deleted = {f"hushi-{at:%Y%m%dT%H%M%S}Z.zip" for at in OLD[:7]}
    assert before - names(folder) == deleted
    assert names(folder) - before == {pathlib.Path(found[1]).name}
    assert (folder / found[1]).stat().st_mode & 0o777 == 0o600


def test_two_backups_of_one_second_have_two_names(folder: pathlib.Path) -> None:
    second = new_backup_file(folder, OLD[-1])
    assert second.name == "hushi-20240110T040001Z.zip"
    assert not second.exists()


def test_without_a_rule_nothing_is_deleted(folder: pathlib.Path, environment: dict[str, str]) -> None:
    before = names(folder)
    made = call_hushi({**environment, "HUSHI_BACKUP_DIR": str(folder)}, "backup")
    assert made.exit_code == 0, made.stderr
    assert len(names(folder) - before) == 1
    assert before <= names(folder)


def test_when_the_new_backup_can_not_be_read_back_nothing_is_deleted(
    folder: pathlib.Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a failing disk would let the rule delete the last good backup."""
    before = names(folder)

    def damaged(file: pathlib.Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[:-200] + bytes(100) + content[-100:])
        backups_check(file)

    backups_check = backups.check_backup
    monkeypatch.setattr("service.cli.backup.check_backup", damaged)
    made = call_hushi(environment, "backup", "--into", str(folder), "--keep", "last=1")
    assert made.exit_code == 1
    assert re.fullmatch(
        r"Error: The backup can't be read back: .*No backup was deleted; look at the disk.*\n", made.stderr
    )
    assert before <= names(folder)
    new = find_newest(folder)
    assert new is not None
    with pytest.raises(DamagedArchive):
        backups.check_backup(new.file)


def test_a_backup_that_was_just_made_stays_when_the_clock_has_gone_back(
    folder: pathlib.Path, environment: dict[str, str]
) -> None:
    future = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=2)
    new_backup_file(folder, future).write_bytes(list_backups(folder)[0].file.read_bytes())
    made = call_hushi(environment, "backup", "--into", str(folder), "--keep", "last=1")
    assert made.exit_code == 0, made.stderr
    left = [found.at for found in list_backups(folder)]
    assert len(left) == 2
    assert left[-1].date() == future.date()


def test_the_newest_backup_and_the_newest_until_a_moment_are_found(
    folder: pathlib.Path, environment: dict[str, str]
) -> None:
    newest, until = find_newest(folder), find_newest(folder, OLD[4] + datetime.timedelta(hours=1))
    assert newest is not None
    assert until is not None
    assert (newest.at, until.at) == (OLD[9], OLD[4])
    assert find_newest(folder, OLD[0] - datetime.timedelta(seconds=1)) is None
    checked = call_hushi(environment, "restore", "--check", "--until", "2024-01-05T13:00:00+08:00", str(folder))
    assert f"{until.file} is whole" in checked.stdout
    none = call_hushi(environment, "restore", "--until", "2023-01-05T13:00:00+08:00", str(folder))
    assert none.stderr == f"Error: There is no backup in {folder} from 2023-01-05T13:00:00+08:00 or before.\n"


def test_the_age_of_the_newest_backup(folder: pathlib.Path) -> None:
    assert find_backup_age_s(folder, OLD[9] + datetime.timedelta(hours=1)) == 3600
    assert find_backup_age_s(folder, OLD[9] - datetime.timedelta(hours=1)) == 0
    assert find_backup_age_s(folder / "missing", OLD[9]) is None


def test_where_the_backups_have_vanished_no_age_is_shown(folder: pathlib.Path, ledger: Ledger) -> None:
    """The alert is about an age that is not there: an old one must not stay."""
    _look_at_backups(folder, ledger)
    assert BACKUP_AGE_SECONDS.values()[()] > 0
    assert NEWEST_BACKUP_AT.values()[()] == pytest.approx(OLD[9].timestamp(), abs=1)
    _look_at_backups(folder / "missing", ledger)
    assert (BACKUP_AGE_SECONDS.values(), NEWEST_BACKUP_AT.values()) == ({}, {})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("backup",), "Name either a FILE or a folder"),
        (("backup", "x.zip", "--into", "y"), "Name either a FILE or a folder"),
        (("backup", "x.zip", "--keep", "last=1"), "--keep is about a folder of backups"),
        (("backup", "--into", "y", "--keep", "hourly=1"), "write for example last=3,daily=14"),
        (("restore",), "Name a FILE, or a folder of backups"),
        (("restore", "--until", "2024-01-01", "."), "is no moment with an offset"),
        (("restore", "--check", "--drill", "."), "Use either --check or --drill"),
        (("restore", "--on-server", "."), "use it with --drill"),
        (("restore", "--until", "2024-01-01T00:00:00+08:00", __file__), "name the folder instead of one file"),
    ],
)
def test_wrong_arguments_say_what_to_do(environment: dict[str, str], arguments: tuple[str, ...], told: str) -> None:
    refused = call_hushi(environment, *arguments)
    assert refused.exit_code == 2
    assert told in " ".join(refused.stderr.split())


def test_what_a_killed_backup_has_left_is_removed_and_what_another_writes_is_not(
    folder: pathlib.Path, environment: dict[str, str]
) -> None:
    left, used, other = (
        folder / name
        for name in ("hushi-20240111T040000Z.zip.abcd1234.part", "hushi-20240111T040001Z.zip.abcd1234.part", "a.part")
    )
    for part in (left, used, other):
        part.write_bytes(b"half")
    with used.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert call_hushi(environment, "backup", "--into", str(folder)).exit_code == 0
    assert (left.exists(), used.exists(), other.exists()) == (False, True, True)


def test_a_wrong_folder_of_the_settings_is_named(environment: dict[str, str], tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").touch()
    for place, arguments in ((tmp_path / "no", ("restore", "--drill")), (tmp_path / "file", ("backup",))):
        refused = call_hushi({**environment, "HUSHI_BACKUP_DIR": str(place)}, *arguments)
        assert isinstance(refused.exception, SettingError)
        assert str(refused.exception).startswith(f"HUSHI_BACKUP_DIR: {'there is no ' if arguments[1:] else ''}{place}")
