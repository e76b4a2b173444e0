"""Backup files: a ZIP archive with the lines of each table, and a manifest that says what must be in the archive.

The archive shows its own damage: a file that was cut has no directory at its end, a changed byte no longer fits its
checksum, and the manifest has the number of rows.
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
"""The longest line that is read. Even a cell with a bitmap of all possible residents is far shorter."""

_MANIFEST = "manifest.json"
_FAULTS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError,
    LookupError, TypeError, ValueError, RuntimeError, ArithmeticError,
)  # fmt: skip
"""The errors that reading wrong bytes raises: a wrong offset, for instance, an OSError, a missing field a TypeError."""


class DamagedArchive(Exception):
    """The file is not a backup, or not a whole one. The message says what is wrong, as a part of a sentence."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Describes a backup: its time, its schema, the head of its ledger, and each table's columns and number of rows."""

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
        """The numbers of transactions, residents and blocks, as text for people."""
        counted = (("journal", "transactions"), ("resident", "residents"), ("block", "blocks"))
        return ", ".join(f"{self.rows[table]} {things}" for table, things in counted)


class NewArchive:
    """A backup file that is being written."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        """Takes an open archive."""
        self._archive = archive

    def write_lines(self, table: str, lines: Iterable[bytes]) -> int:
        """Writes the lines of a table, and returns their number."""
        count = 0
        with self._archive.open(_entry(table), "w", force_zip64=True) as entry:
            for count, line in enumerate(lines, start=1):  # noqa: B007 (counted for the caller)
                entry.write(line)
        return count

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes the manifest; the tables must be written before, because it has their numbers of rows."""
        document = {"format": FORMAT, **asdict(manifest)}
        self._archive.writestr(_MANIFEST, orjson.dumps(document, option=orjson.OPT_INDENT_2))


@contextlib.contextmanager
def creating(file: pathlib.Path) -> Iterator[NewArchive]:
    """Makes a backup file that only its owner may read. The file gets its name when everything is on the disk.

    Raises FileExistsError when the file exists at the start, or when another backup has made it meanwhile; OSError when
    it can't be written. It removes what a killed backup into the same file has left.
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
        """Takes an open archive and its manifest."""
        self._archive = archive
        self.manifest = manifest

    def read_lines(self, table: str) -> Iterator[bytes]:
        """Yields the lines of a table. Raises DamagedArchive, at the latest at the end (checksum, number of lines)."""
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
    """Opens a backup file and reads its manifest. Raises DamagedArchive, or OSError when the file can't be opened."""
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
    """Turns every error that reading wrong bytes can raise into DamagedArchive."""
    try:
        yield
    except _FAULTS as error:
        raise DamagedArchive(f"it was cut or changed ({error})") from None


def _entry(table: str) -> str:
    return f"tables/{table}.ndjson"
