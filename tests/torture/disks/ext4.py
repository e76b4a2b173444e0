"""A real file system whose power can be cut: ext4 in a file, and the call by which ext4 drops all that it has not
written yet. That takes root."""

import contextlib
import fcntl
import functools
import itertools
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator

EXT4_SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING = 2
WHY_NOT = "cutting a disk's power needs root, mount and mkfs.ext4"


@functools.cache
def can_mount() -> bool:
    """Whether this process may make such a file system: that takes root, and a machine that lets root mount a file."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("mkfs.ext4", "mount", "umount"))):
        return False
    with tempfile.TemporaryDirectory(prefix="hushi-disk-") as name, contextlib.suppress(subprocess.CalledProcessError):
        Ext4(pathlib.Path(name), 4).unmount()
        return True
    return False


class Ext4:
    """The file system, mounted on a folder."""

    def __init__(self, folder: pathlib.Path, megabytes: int = 32) -> None:
        """Makes it below a folder, and mounts it."""
        self.path = folder / "disk"
        self._images = (folder / f"disk-{number}.img" for number in itertools.count())
        self._image = next(self._images)
        self.path.mkdir()
        with self._image.open("wb") as image:
            image.truncate(megabytes * 1024 * 1024)
        subprocess.run(["mkfs.ext4", "-q", self._image], check=True)
        self._mount()

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self._image, self.path], check=True)

    def sync(self) -> None:
        """Writes all to the disk that is not there yet."""
        subprocess.run(["sync", "-f", self.path], check=True)

    def stop(self) -> None:
        """Loses all that is not on the disk by now; from now on each call to this file system fails."""
        descriptor = os.open(self.path, os.O_RDONLY)
        fcntl.ioctl(descriptor, EXT4_SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
        os.close(descriptor)

    def start_again(self) -> None:
        """Mounts what is on the disk, as a machine does that starts again.

        It mounts a copy: another process with mounts of its own may keep this one, and it would stay as it is.
        """
        stopped, self._image = self._image, next(self._images)
        subprocess.run(["cp", "--sparse=always", stopped, self._image], check=True)
        self.unmount()
        stopped.unlink()
        self._mount()

    def cut_power(self) -> None:
        """Loses all that is not on the disk by now, and starts the machine again."""
        self.stop()
        self.start_again()

    def unmount(self) -> None:
        """Takes the file system off."""
        subprocess.run(["umount", "-l", self.path], check=True)


@contextlib.contextmanager
def ext4_below(folder: pathlib.Path, megabytes: int = 32) -> Iterator[Ext4]:
    """Such a disk, where `can_mount` says that there may be one."""
    made = Ext4(folder, megabytes)
    try:
        yield made
    finally:
        made.unmount()
