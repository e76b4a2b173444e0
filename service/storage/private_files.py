"""The files of a ledger on SQLite are for their owner: whoever can read them sees what everybody has traded."""

import contextlib
import os
import pathlib
import stat

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_BESIDE = ("", "-wal", "-shm", "-turns", "-serving")
"""SQLite gives its own files beside the database the same mode when it makes them, whatever the umask is."""


def make_file(database: pathlib.Path) -> None:
    """Makes the file of a new ledger, where there is none, before SQLite would make it for everybody.

    That it can't be made, whoever opens it says.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def length_of_log(database: pathlib.Path) -> int:
    """How many bytes SQLite's log beside a ledger has; 0 where there is none."""
    with contextlib.suppress(OSError):
        return database.with_name(f"{database.name}-wal").stat().st_size
    return 0


def has_log(database: pathlib.Path) -> bool:
    """Whether SQLite has left a log beside the file, from which it would go on."""
    return length_of_log(database) > 0


def make_private(database: pathlib.Path) -> None:
    """Takes the rights of others off the files of a ledger.

    A group that may write is kept: somebody has given the ledger to it on purpose. Whatever can't be done is left as it
    is (see `find_exposed`); that a file can't be opened at all, SQLite says itself.
    """
    for file in _files_of(database):
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode != _private(mode):
                file.chmod(_private(mode))


def find_exposed(database: pathlib.Path) -> list[pathlib.Path]:
    """The files of a ledger that others may still read or write: they belong to another user."""
    exposed = []
    for file in _files_of(database):
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode != _private(mode):
                exposed.append(file)
    return exposed


def _files_of(database: pathlib.Path) -> list[pathlib.Path]:
    return [database.with_name(database.name + ending) for ending in _BESIDE]


def _private(mode: int) -> int:
    of_group = mode & stat.S_IRWXG if mode & stat.S_IWGRP else 0
    return mode & stat.S_IRWXU | of_group
