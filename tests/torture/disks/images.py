"""Rebuilds a disk as it may be after a power cut at any point of a record (disk.c makes the records).

What was flushed before the cut is there. Of what was not, each sector of 512 bytes is there or not, and each name, by
the seed. A sync that failed flushes nothing for good: what it leaves out is never written by a later sync, because the
system takes these pages for clean.
"""

import dataclasses
import hashlib
import itertools
import pathlib
import shutil
import struct

SECTOR_BYTES = 512
_HEADER = struct.Struct("6Q")
WRITTEN, TRUNCATED, MADE, RENAMED, REMOVED, SYNC_BEGUN, SYNCED, SYNC_FAILED = range(1, 9)
_IS_FOLDER = 1
_FRESH = 2**62
"""A new file may get the inode number of one that was removed, so each new file gets a number of its own here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One record. `place` is an offset, a length, or the number with which a sync began; `at_s` is a time."""

    number: int
    kind: int
    inode: int
    place: int
    data: bytes
    at_s: float

    @property
    def text(self) -> str:
        """A name, or two names."""
        return self.data.decode()


def read_events(log: pathlib.Path) -> list[Event]:
    """All records in their order."""
    content = memoryview(log.read_bytes())
    events, at = [], 0
    while at < len(content):
        number, kind, inode, place, length, time_ns = _HEADER.unpack_from(content, at)
        at += _HEADER.size
        data = bytes(content[at : at + length]) if kind != TRUNCATED else b""
        at += length
        events.append(Event(number, kind, inode, place, data, time_ns / 1e9))
    return sorted(events, key=lambda event: event.number)


def _is_kept(seed: int, number: int, sector: int) -> bool:
    """A coin for each sector of each write, the same in every run of a seed."""
    return bool(hashlib.blake2b(struct.pack("QQq", seed, number, sector), digest_size=1).digest()[0] & 1)


def _apply(content: bytearray, event: Event, seed: int | None) -> None:
    """Changes a file's content by a write, whole (without a seed) or by the sectors that the seed keeps."""
    if event.kind == TRUNCATED:
        if seed is None or _is_kept(seed, event.number, -1):
            del content[event.place :]
            content.extend(bytes(event.place - len(content)))
        return
    at, end = event.place, event.place + len(event.data)
    while at < end:
        until = end if seed is None else min(end, (at // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if seed is None or _is_kept(seed, event.number, at // SECTOR_BYTES):
            content.extend(bytes(max(0, until - len(content))))
            content[at:until] = event.data[at - event.place : until - event.place]
        at = until


class Disk:
    """A disk that is fed with records, one after the other, and that can be copied as a cut would leave it."""

    def __init__(self, folder: pathlib.Path, base: pathlib.Path) -> None:
        """Begins with what a folder holds, all flushed, and keeps a copy of it (`base`)."""
        shutil.copytree(folder, base, symlinks=True)
        self._base = base
        self._names: dict[str, int] = {}
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                self._names[str(path.relative_to(folder))] = path.stat().st_ino
        self._based = {inode: name for name, inode in self._names.items()}
        self._contents: dict[int, bytearray] = {}
        self._pending: dict[int, list[Event]] = {}
        self._renamed: list[Event] = []
        self._number_of: dict[int, int] = {}
        self._fresh = itertools.count(_FRESH)

    def feed(self, event: Event, seed: int = 0) -> None:
        """Takes the next record. The seed decides what a sync that fails has flushed."""
        if event.kind == MADE and event.place != _IS_FOLDER:
            self._number_of[event.inode] = next(self._fresh)
        event = dataclasses.replace(event, inode=self._number_of.get(event.inode, event.inode))
        if event.kind in (WRITTEN, TRUNCATED):
            self._pending.setdefault(event.inode, []).append(event)
        elif event.kind in (MADE, RENAMED, REMOVED):
            self._renamed.append(event)
        elif event.kind in (SYNCED, SYNC_FAILED) and event.data:
            self._flush_names(event, seed)
        elif event.kind in (SYNCED, SYNC_FAILED):
            self._flush(event, seed)

    def _flush(self, sync: Event, seed: int) -> None:
        pending = self._pending.get(sync.inode, [])
        for event in pending:
            if event.number < sync.place:
                _apply(self._content(sync.inode), event, None if sync.kind == SYNCED else seed)
        self._pending[sync.inode] = [event for event in pending if event.number > sync.place]

    def _flush_names(self, sync: Event, seed: int) -> None:
        folder = pathlib.PurePath(sync.text)
        kept = []
        for event in self._renamed:
            if event.number > sync.place or pathlib.PurePath(event.text.split("\n")[-1]).parent != folder:
                kept.append(event)
            elif sync.kind == SYNCED or _is_kept(seed, event.number, 0):
                _rename(self._names, event)
        self._renamed = kept

    def _content(self, inode: int) -> bytearray:
        if inode not in self._contents:
            name = self._based.get(inode)
            self._contents[inode] = bytearray() if name is None else bytearray((self._base / name).read_bytes())
        return self._contents[inode]

    def cut(self, seed: int, target: pathlib.Path) -> None:
        """Copies the disk to a folder that does not exist, as a power cut would leave it now."""
        names = dict(self._names)
        for event in self._renamed:
            if _is_kept(seed, event.number, 0):
                _rename(names, event)
        shutil.copytree(self._base, target, symlinks=True)
        for name in set(self._based.values()) - set(names):
            (target / name).unlink()
        for name, inode in names.items():
            self._write(seed, target, name, inode)

    def _write(self, seed: int, target: pathlib.Path, name: str, inode: int) -> None:
        if inode < 0:
            (target / name).mkdir(parents=True, exist_ok=True)
            return
        pending = self._pending.get(inode)
        if self._based.get(inode) == name and inode not in self._contents and not pending:
            return
        content = self._content(inode)
        if pending:
            content = bytearray(content)
            for event in pending:
                _apply(content, event, seed)
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        path.write_bytes(content)
        if is_new:
            path.chmod(0o600)


def _rename(names: dict[str, int], event: Event) -> None:
    if event.kind == MADE:
        names[event.text] = -1 if event.place == _IS_FOLDER else event.inode
    elif event.kind == REMOVED:
        names.pop(event.text, None)
    else:
        was, now = event.text.split("\n")
        names.pop(was, None)
        names[now] = event.inode
