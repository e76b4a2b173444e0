"""New files that bear their name when all of them is on the disk, and never before: keys and backups.

A file is written under a name of its own, `NAME.XXXXXXXX.part`, which its writer holds by a lock of the system. So a
full disk leaves nothing, two writers never write into one file, and what a killed writer has left is told by its free
lock: the next writer of the same name removes it.
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
"""What a file system says that knows no second name for a file."""


@contextlib.contextmanager
def new_file(path: pathlib.Path) -> Iterator[BinaryIO]:
    """A new file for its owner only, to be written; it is there when nothing was raised, and survives a power cut.

    Raises FileExistsError when there is a file of that name at the end, which stays as it is, and OSError.
    """
    _remove_left(path)
    descriptor, part = _open_part(path)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _give_name(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _open_part(path: pathlib.Path) -> tuple[int, pathlib.Path]:
    """A part of one's own, locked. Before it is, another writer may take it for one that was left, and remove it."""
    while True:
        descriptor, name = tempfile.mkstemp(PART, f"{path.name}.", path.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), pathlib.Path(name).stat()):
                return descriptor, pathlib.Path(name)
        os.close(descriptor)


def _remove_left(path: pathlib.Path) -> None:
    """Removes the parts of writers that were killed. What is not named as a part of this file is nobody's to remove."""
    is_part = re.compile(re.escape(path.name) + r"\.[a-z0-9_]{8}" + re.escape(PART))
    for found in path.parent.iterdir() if path.parent.is_dir() else []:
        if is_part.fullmatch(found.name) and found.is_file() and not found.is_symlink():
            with contextlib.suppress(OSError), found.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found.unlink()


def _give_name(part: pathlib.Path, path: pathlib.Path) -> None:
    """A link is made only where there is no such name, in one step; a name that is moved would replace a file."""
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


def _sync_folder(folder: pathlib.Path) -> None:
    """The new name must survive a power cut as well as the file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
