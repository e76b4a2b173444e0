"""Keeps the files of a ledger on SQLite private to their owner, because a reader of them sees what everybody trades."""

import contextlib
import os
import pathlib
import stat

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700

_BESIDE = ("", "-wal", "-shm", "-turns", "-serving")
"""The endings of the files of a ledger. SQLite makes its own files with the database's mode, for any umask."""


def make_file(database: pathlib.Path) -> None:
    """Makes the file of a new ledger if there is none, because SQLite would let everybody read a file that it makes.

    It raises nothing when the file can't be made: opening the file then raises an error.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(database, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE))


def length_of_log(database: pathlib.Path) -> int:
    """The length of SQLite's log beside a ledger, in bytes; 0 when there is none."""
    with contextlib.suppress(OSError):
        return database.with_name(f"{database.name}-wal").stat().st_size
    return 0


def has_log(database: pathlib.Path) -> bool:
    """Whether there is a log beside the file, from which SQLite would recover entries."""
    return length_of_log(database) > 0


def make_private(database: pathlib.Path) -> None:
    """Removes the rights of other users from the files of a ledger.

    A group that may write keeps its rights, because somebody has given the ledger to it on purpose. A file whose mode
    can't be changed stays as it is (see `find_exposed`). When a file can't be opened at all, SQLite reports it.
    """
    for file in _files_of(database):
        with contextlib.suppress(OSError):
            mode = stat.S_IMODE(file.stat().st_mode)
            if mode != _private(mode):
                file.chmod(_private(mode))


def find_exposed(database: pathlib.Path) -> list[pathlib.Path]:
    """The files of a ledger that other users may still read or write, because they belong to another user."""
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
