"""Backup files: a ZIP archive with the lines of each table and a manifest that says what must be in it.

The archive is checked by its own means: a file that was cut has no directory at its end, a changed byte no longer has
its checksum, and the manifest counts the rows.
"""

import contextlib
import lzma
import pathlib
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from service.storage.new_files import new_file

FORMAT = "hushi-backup-1"
COMPRESSION_LEVEL = 3
MANIFEST_BYTES_MAX = 64 * 1024
LINE_BYTES_MAX = 64 * 1024 * 1024
"""A row of a cell with a bitmap of every resident that there can be stays far below."""

_MANIFEST = "manifest.json"
_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
    LookupError, TypeError, ValueError, RuntimeError, ArithmeticError,
)  # fmt: skip
"""What reading wrong bytes raises: an offset that leads nowhere is an OSError, a missing field a TypeError."""


class DamagedArchive(Exception):
    """The file is not a backup, or not the whole of one; the message says what is wrong in half a sentence."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds: from when and of which schema, the head of its ledger, each table's columns and rows."""

    hushi: str
    revision: str
    engine: str
    created_at: str
    head_no: int
    head_hash: str | None
    columns: Mapping[str, list[str]]
    rows: Mapping[str, int]

    @property
    def summary(self) -> str:
        """What people count of it."""
        counted = (("journal", "transactions"), ("resident", "residents"), ("block", "blocks"))
        return ", ".join(f"{self.rows[table]} {things}" for table, things in counted)


class NewArchive:
    """A backup file that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Over an open archive."""
        self._archive = archive

    def write_lines(self, table: str, lines: Iterable[bytes]) -> int:
        """Writes a table; the number of its lines."""
        count = 0
        with self._archive.open(_entry(table), "w", force_zip64=True) as entry:
            for count, line in enumerate(lines, start=1):  # noqa: B007 (counted for the caller)
                entry.write(line)
        return count

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes the manifest, after the tables that it counts."""
        document = {"format": FORMAT, **asdict(manifest)}
        self._archive.writestr(_MANIFEST, orjson.dumps(document, option=orjson.OPT_INDENT_2))


@contextlib.contextmanager
def creating(file: pathlib.Path) -> Iterator[NewArchive]:
    """A new backup file, for its owner only: it bears its name when everything is on the disk, and not before.

    Raises FileExistsError when the file exists, at once or when another backup was quicker, OSError when it can't be
    written. What a killed backup into the same file has left is removed.
    """
    if file.exists():
        raise FileExistsError(f"{file} exists: backups are never overwritten")
    try:
        with (
            new_file(file) as raw,
            zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive,
        ):
            yield NewArchive(archive)
    except FileExistsError:
        raise FileExistsError(f"{file} exists: it was made meanwhile") from None


class Archive:
    """A backup file that is being read."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        """Over an open archive, its manifest read."""
        self._archive = archive
        self.manifest = manifest

    def read_lines(self, table: str) -> Iterator[bytes]:
        """The lines of a table. Raises DamagedArchive, at the latest at the end, where the checksum is compared."""
        count = 0
        with _damage_named(), self._archive.open(_entry(table)) as entry:
            while line := entry.readline(LINE_BYTES_MAX):
                if not line.endswith(b"\n"):
                    raise DamagedArchive(f"a line of {table} is cut or longer than any row")
                count += 1
                yield line
        if count != self.manifest.rows[table]:
            raise DamagedArchive(f"{table} holds {count} rows, and its manifest says {self.manifest.rows[table]}")


@contextlib.contextmanager
def opening(file: pathlib.Path) -> Iterator[Archive]:
    """A backup file with a readable manifest. Raises DamagedArchive, or OSError when the file can't be opened."""
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(file.open("rb"))
        with _damage_named():
            archive = stack.enter_context(zipfile.ZipFile(raw))
            with archive.open(_MANIFEST) as entry:
                manifest = _manifest_of(orjson.loads(entry.read(MANIFEST_BYTES_MAX)))
        yield Archive(archive, manifest)


def _manifest_of(document: Any) -> Manifest:
    if not isinstance(document, dict) or document.pop("format", None) != FORMAT:
        raise DamagedArchive(f"its manifest is not one of the format {FORMAT}")
    manifest = Manifest(**document)
    if set(manifest.columns) != set(manifest.rows):
        raise DamagedArchive("its manifest does not count each of its tables")
    return manifest


@contextlib.contextmanager
def _damage_named() -> Iterator[None]:
    """Everything that reading a file of wrong bytes can raise, as DamagedArchive."""
    try:
        yield
    except _FAULTS as error:
        raise DamagedArchive(f"it was cut or changed ({error})") from None


def _entry(table: str) -> str:
    return f"tables/{table}.ndjson"
