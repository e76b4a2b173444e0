"""Standard streams that were closed before the process began."""

import io
import os
import sys

_LAST = 2


def open_closed_streams() -> None:
    """Opens the null device in their place.

    Otherwise the next file or connection that is opened gets the number of standard error, and whatever is written to
    standard error (a log line, a crash report of a library) ends up in it: in the database's connection, for instance.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _LAST:
        os.set_inheritable(descriptor, True)  # For the processes that this one starts.
    os.close(descriptor)
    # Python has no objects for streams that were closed when it began.
    sys.stdout = sys.stdout or io.TextIOWrapper(io.FileIO(1, "w", closefd=False), encoding="utf-8")
    sys.stderr = sys.stderr or io.TextIOWrapper(io.FileIO(2, "w", closefd=False), encoding="utf-8")
