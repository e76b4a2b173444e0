"""Compiles the library that stands between programs and their disk (disk.c), and steers it by its control page."""

import contextlib
import errno
import functools
import hashlib
import mmap
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

SOURCE = pathlib.Path(__file__).with_name("disk.c")
CAN_SIMULATE = shutil.which("cc") is not None and sys.platform == "linux"
WHY_NOT = "simulating a disk needs Linux and a C compiler (cc)"
CALLS = ("write", "sync", "name", "any")
"""The kinds of calls that are counted: writes with changes of length, syncs, changes of names, and all of them."""
HOW = {"fail": 0, "short": 1, "full": 2, "lie": 3}
"""What becomes of a chosen call: it fails; half of it is written; it fails if the file would grow; a sync does nothing
and says that it has."""
NEVER = 2**63

_SEQUENCE, _COUNTED, _FROM, _UNTIL, _FAILED, _SMALL, _FOLDER, _LOG = 0, 8, 40, 72, 104, 112, 128, 640
_PAGE_BYTES = 4096


@functools.cache
def library() -> pathlib.Path:
    """The compiled library."""
    compiler = shutil.which("cc")
    assert compiler is not None, WHY_NOT
    source = SOURCE.read_bytes()
    name = f"hushi-tests-disk-{os.getuid()}-{hashlib.sha256(source).hexdigest()[:12]}.so"
    made = pathlib.Path(tempfile.gettempdir()) / name
    if not made.exists():
        descriptor, partial = tempfile.mkstemp(suffix=".so", dir=made.parent)
        os.close(descriptor)
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", partial, SOURCE, "-ldl"], check=True)
        pathlib.Path(partial).chmod(0o755)
        pathlib.Path(partial).rename(made)
    return made


class Counted(NamedTuple):
    """How many calls of each kind were made."""

    write: int
    sync: int
    name: int
    any: int


class Control:
    """The control page of one folder: it counts calls, chooses which fail, and says whether changes are recorded."""

    def __init__(self, page: pathlib.Path, folder: pathlib.Path, log: pathlib.Path) -> None:
        """Makes the page and an empty log. No call fails yet."""
        self.page, self.folder, self.log = page, folder, log
        page.write_bytes(bytes(_PAGE_BYTES))
        log.write_bytes(b"")
        for file in (page, log):  # PostgreSQL's programs may run as another user.
            file.chmod(0o666)
        with page.open("r+b") as opened:
            self._memory = mmap.mmap(opened.fileno(), _PAGE_BYTES)
        self._memory[_FOLDER : _FOLDER + 512] = os.fsencode(folder).ljust(512, b"\0")
        self._memory[_LOG : _LOG + 512] = os.fsencode(log).ljust(512, b"\0")
        self.heal()

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which a program is watched."""
        return {"LD_PRELOAD": str(library()), "HUSHI_DISK_CONTROL": str(self.page)}

    def record(self, *, sync_us: int = 0) -> None:
        """Begins to record. Each sync takes as long as `sync_us` says, because one in memory takes no time."""
        struct.pack_into("II", self._memory, _SMALL + 8, 1, sync_us)

    def stop_recording(self) -> None:
        """Records no more."""
        struct.pack_into("I", self._memory, _SMALL + 8, 0)

    def fail(self, call: str, begin: int, times: int = NEVER, *, error: int = errno.EIO, how: str = "fail") -> None:
        """Chooses the calls that fail: from now on the `begin`-th one of a kind (from 0), so many times."""
        place = CALLS.index(call) * 8
        first = self.counted()[CALLS.index(call)] + begin
        struct.pack_into("II", self._memory, _SMALL, error, HOW[how])
        struct.pack_into("Q", self._memory, _UNTIL + place, min(NEVER, first + times))
        struct.pack_into("Q", self._memory, _FROM + place, first)

    def heal(self) -> None:
        """No call fails from now on."""
        struct.pack_into("4Q", self._memory, _FROM, *[NEVER] * len(CALLS))
        struct.pack_into("4Q", self._memory, _UNTIL, *[NEVER] * len(CALLS))

    def counted(self) -> Counted:
        """How many calls there were."""
        return Counted(*struct.unpack_from("4Q", self._memory, _COUNTED))

    @property
    def failed(self) -> int:
        """How many calls were made to fail."""
        return int(struct.unpack_from("Q", self._memory, _FAILED)[0])


@contextlib.contextmanager
def controlled(folder: pathlib.Path, beside: pathlib.Path) -> Iterator[Control]:
    """Makes a control page for a folder. The page and the log lie in another one."""
    folder.mkdir(parents=True, exist_ok=True)
    beside.mkdir(parents=True, exist_ok=True)
    yield Control(beside / "control", folder.resolve(), beside / "log")
