"""Writes new files, for keys and backups. A file gets its name only when all of it is on the disk.

A file is first written under another name, `NAME.XXXXXXXX.part`, and its writer holds a lock of the system on it. So a
full disk leaves no file, and two writers never write into one file. When a writer was killed, its lock is free: the
next writer of the same name, or of a file of the same kind (`remove_left`), finds that out and removes the part.
"""

import contextlib
import errno
import fcntl
import os
import pathlib
import re
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

PART = ".part"
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
"""The errors of a file system that can't give a file a second name."""


@contextlib.contextmanager
def new_file(path: pathlib.Path) -> Iterator[BinaryIO]:
    """Gives a new file to write, which only its owner may read. At the end the file gets its name, synced to the disk.

    Raises FileExistsError when a file of that name exists at the end, and does not change that file. Raises OSError.
    """
    remove_left(path.parent, re.escape(path.name))
    descriptor, part = _open_part(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _give_name(part, path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)


def _open_part(path: pathlib.Path) -> tuple[int, pathlib.Path]:
    """Makes a part and locks it. It tries again when another writer removed the part before it was locked."""
    while True:
        descriptor, name = tempfile.mkstemp(PART, f"{path.name}.", path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), pathlib.Path(name).stat()):
                return descriptor, pathlib.Path(name)
        os.close(descriptor)


def remove_left(folder: pathlib.Path, names: str) -> None:
    """Removes the parts of writers that were killed, of files whose names match a regular expression."""
    is_part = re.compile(rf"(?:{names})\.[a-z0-9_]{{8}}{re.escape(PART)}", re.ASCII)
    for found in folder.iterdir() if folder.is_dir() else []:
        if is_part.fullmatch(found.name) and found.is_file() and not found.is_symlink():
            with contextlib.suppress(OSError), found.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.unlink()


def _give_name(part: pathlib.Path, path: pathlib.Path) -> None:
    """Gives the part its name by a link, which fails when the name exists; renaming would replace that file."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)


def sync_folder(folder: pathlib.Path) -> None:
    """Syncs the folder, because the new name must survive a power cut as well as the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
