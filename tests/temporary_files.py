"""Where the tests have their temporary files: in memory, where there is plenty of it."""

import os
import pathlib
import shutil
import tempfile

MEMORY = pathlib.Path("/dev/shm")
FREE_BYTES_MIN = 4 * 1024**3


def write_to_memory() -> None:
    """Has temporary files, and those of processes that are started, in memory where there is plenty of it.

    Tests wait for the disk otherwise, for each commit of each of their ledgers; that a ledger outlives a power cut
    can't be tested here either way. PostgreSQL's programs are started from there: it must allow that.
    """
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    if shutil.disk_usage(MEMORY).free >= FREE_BYTES_MIN and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # So that it is looked for again.
