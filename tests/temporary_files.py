"""Puts the temporary files of the tests into memory, on machines with plenty of it."""

import os
import pathlib
import shutil
import tempfile

MEMORY = pathlib.Path("/dev/shm")
FREE_BYTES_MIN = 4 * 1024**3


def write_to_memory() -> None:
    """Puts temporary files, with those of processes that are started, into memory where there is plenty of it.

    Else the tests would wait for the disk at each commit of each ledger. Such files can't show that a ledger outlives
    a power cut, in memory or on a disk. PostgreSQL's programs are started from this folder, so it must allow that.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= FREE_BYTES_MIN and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # Then Python looks for the folder again.
