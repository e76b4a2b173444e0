"""What there is of backups: whether a file is a whole one, and how old the newest one of a folder is."""

import datetime
import pathlib

from service.storage import archives, copying
from service.storage.archives import DamagedArchive, Manifest
from service.storage.backup_folders import find_newest


def check_backup(file: pathlib.Path) -> Manifest:
    """Reads a backup whole, every byte and every row, and returns its manifest. It needs no database.

    Raises DamagedArchive, which names the part that is damaged, or OSError when the file can't be read.
    """
    with archives.opening(file) as archive:
        for table, columns in archive.manifest.columns.items():
            reader = copying.line_reader(table, columns)
            try:
                for line in archive.read_lines(table):
                    reader.read(line)
            except copying.UnreadableLine as error:
                raise DamagedArchive(str(error)) from None
        return archive.manifest


def find_backup_age_s(folder: pathlib.Path, now: datetime.datetime) -> float | None:
    """The age of the newest whole backup in a folder, in seconds; None when there is none, or the folder can't be read.

    A backup tells the ledger of the second at which it was begun, so that is where its age is counted from.
    """
    try:
        newest = find_newest(folder)
    except OSError:
        return None
    return None if newest is None else max(0.0, (now - newest.at).total_seconds())
