"""Replaces standard streams that were closed before the process began."""

import io
import os
import sys

_LAST = 2


def open_closed_streams() -> None:
    """Opens the null device in the place of each closed standard stream.

    Otherwise the next file or connection that is opened gets the number of standard error. A log line, or a crash
    report of a library, would then be written into it: into the database's connection, for instance.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(descriptor, True)  # The processes that this one starts need it as well.
    os.close(descriptor)
    # Python makes no objects for streams that were closed when it began.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
