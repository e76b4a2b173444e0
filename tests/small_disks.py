"""Makes a disk of a few megabytes in memory, which a test can fill."""

import contextlib
import os
import pathlib
import subprocess
import sys
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def mounted(folder: pathlib.Path, size: str) -> Iterator[pathlib.Path]:
    """Mounts such a disk on a folder. The test is skipped where this process may not mount."""
    folder.mkdir(exist_ok=True)
    done = None
    if sys.platform == "linux" and os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
        done = subprocess.run(mount, capture_output=True)
    if done is None or done.returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: pathlib.Path) -> pathlib.Path:
    """Fills all free space of a disk with one file, and returns the file."""
    filler = folder / "filler"
    with filler.open("ab", buffering=0) as taken, contextlib.suppress(OSError):
        while True:
            taken.write(bytes(4096))
    return filler
