"""A folder of backups: each file has its instant in its name, and only files with such a name are ever touched."""

import contextlib
import datetime
import pathlib
import re
from typing import NamedTuple

from service.storage.new_files import remove_left, sync_folder
from service.storage.private_files import PRIVATE_FOLDER

_NAME = re.compile(r"hushi-(\d{8}T\d{6})Z\.zip", re.ASCII)
_INSTANT = "%Y%m%dT%H%M%S"


class FoundBackup(NamedTuple):
    """A backup in a folder, and the second at which it was begun."""

    at: datetime.datetime
    file: pathlib.Path


def new_backup_file(folder: pathlib.Path, at: datetime.datetime) -> pathlib.Path:
    """The path of a backup that begins now; the folder is made if it is missing. Raises OSError.

    What backups that were killed have left in the folder is removed. When there is a backup of this second, it is named
    by the next second that has none.
    """
    folder.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
    remove_left(folder, _NAME.pattern)
    while (file := folder / f"hushi-{at.astimezone(datetime.UTC):{_INSTANT}}Z.zip").exists():
        at += datetime.timedelta(seconds=1)
    return file


def list_backups(folder: pathlib.Path) -> list[FoundBackup]:
    """The backups in a folder, the oldest first. Raises OSError when the folder can't be read.

    A backup gets its name when it is whole, so what is listed was whole when it was made.
    """
    found = []
    for file in folder.iterdir():
        named = _NAME.fullmatch(file.name)
        if named and file.is_file() and not file.is_symlink():
            with contextlib.suppress(ValueError):  # A 13th month, for instance: Hushi has not made such a file.
                at = datetime.datetime.strptime(named[1], _INSTANT).replace(tzinfo=datetime.UTC)
                found.append(FoundBackup(at, file))
    return sorted(found)


def find_newest(folder: pathlib.Path, until: datetime.datetime | None = None) -> FoundBackup | None:
    """The newest backup in a folder, or the newest one from `until` or before; None when there is none."""
    wanted = [found for found in list_backups(folder) if until is None or found.at <= until]
    return wanted[-1] if wanted else None


def remove_backups(folder: pathlib.Path, removed: list[FoundBackup]) -> None:
    """Deletes backups of this folder. Raises OSError; those that come before in the list are deleted then."""
    for backup in removed:
        backup.file.unlink(missing_ok=True)
    if removed:
        sync_folder(folder)
