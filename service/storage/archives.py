"""Backup files: a ZIP archive with the lines of each table, a manifest, and a digest of the whole file at its end.

The archive shows its own damage. The last bytes are the SHA-256 of all bytes before them, so a flipped byte anywhere, a
cut file and appended bytes are found before anything is read. The manifest has a digest for each piece of each table,
so the damage can be named by its table and its place (docs/decisions/0036).
"""

import contextlib
import itertools
import lzma
import pathlib
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

import orjson

from service.storage.new_files import new_file
from service.storage.pieces import TRAILER_BYTES, DigestedFile, FilePiece, find_damaged, find_digest, is_whole

FORMAT = "hushi-backup-2"
FORMAT_WITHOUT_DIGESTS = "hushi-backup-1"
"""What version 0.2.0 and older wrote. Such a file has only ZIP's own checksums."""
COMPRESSION_LEVEL = 3
MANIFEST_BYTES_MAX = 16 * 1024 * 1024
"""Enough for the digests of a file of 200 GB."""
LINE_BYTES_MAX = 64 * 1024 * 1024
"""The longest line that is read. Even a cell with a bitmap of all possible residents is far shorter."""
ADVICE = "Nothing of it was used: take another copy of the file, or an older backup."
LINES_AT_ONCE = 500
"""Lines that are compressed together: one by one, half of the time is spent on the calls."""

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
    """Describes a backup: its time, its schema, the head of its ledger, and each table's columns and number of rows.

    `pieces` has the digests of the file's bytes before the manifest, in order.
    """

    hushi: str
    revision: str
    engine: str
    created_at: str
    head_no: int
    head_hash: str | None
    columns: Mapping[str, list[str]]
    rows: Mapping[str, int]
    pieces: Sequence[FilePiece] = ()

    @property
    def summary(self) -> str:
        """The numbers of transactions, residents and blocks, as text for people."""
        counted = (("journal", "transactions"), ("resident", "residents"), ("block", "blocks"))
        return ", ".join(f"{self.rows[table]} {things}" for table, things in counted)


class NewArchive:
    """A backup file that is being written."""

    def __init__(self, archive: zipfile.ZipFile, file: DigestedFile) -> None:
        """Takes an open archive, and the file that it writes to."""
        self._archive = archive
        self._file = file

    def write_lines(self, table: str, lines: Iterable[bytes]) -> int:
        """Writes the lines of a table, and returns their number."""
        count = 0
        lines = iter(lines)
        self._file.begin(table)
        with self._archive.open(_entry(table), "w", force_zip64=True) as entry:
            while together := list(itertools.islice(lines, LINES_AT_ONCE)):
                entry.write(b"".join(together))
                count += len(together)
        self._file.end()
        return count

    def write_manifest(self, manifest: Manifest) -> None:
        """Writes the manifest with the digests; the tables must be written before, because it has their numbers."""
        document = {"format": FORMAT, **asdict(manifest), "pieces": [list(piece) for piece in self._file.pieces]}
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
        with new_file(file) as raw:
            digested = DigestedFile(raw)
            with zipfile.ZipFile(digested, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESSION_LEVEL) as archive:
                archive.comment = bytes(TRAILER_BYTES)
                yield NewArchive(archive, digested)
            digested.write_digest()
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
        with _damage_named(f"its table {table}"), self._archive.open(_entry(table)) as entry:
            while line := entry.readline(LINE_BYTES_MAX):
                if not line.endswith(b"\n"):
                    raise DamagedArchive(f"a line of {table} is cut or longer than any row")
                count += 1
                yield line
        if count != self.manifest.rows[table]:
            raise DamagedArchive(f"{table} holds {count} rows, and its manifest says {self.manifest.rows[table]}")


@contextlib.contextmanager
def opening(file: pathlib.Path) -> Iterator[Archive]:
    """Opens a backup file, reads it whole to compare its digest, and then its manifest.

    Raises DamagedArchive, which names the part of the file that is damaged, or OSError when it can't be opened.
    """
    with contextlib.ExitStack() as stack:
        raw = stack.enter_context(file.open("rb"))
        whole = is_whole(raw)
        with _damage_named("its directory, at the end of the file,", _end_of(raw)):
            archive = stack.enter_context(zipfile.ZipFile(raw))
        with _damage_named("its manifest, near the end of the file,", _end_of(raw)):
            with archive.open(_MANIFEST) as entry:
                document = orjson.loads(entry.read(MANIFEST_BYTES_MAX))
            manifest = _manifest_of(document)
        if not whole and (manifest.pieces or find_digest(raw) is not None):
            raise DamagedArchive(_damage_of(raw, manifest.pieces))
        yield Archive(archive, manifest)


def _damage_of(raw: BinaryIO, pieces: Sequence[FilePiece]) -> str:
    """Where a file with a readable manifest is damaged."""
    damage = find_damaged(raw, pieces)
    where = f"between byte {damage.first} and byte {damage.last} of the file"
    if damage.table is not None:
        return f"its table {damage.table} was changed {where}"
    return f"its manifest, its directory or its digest was changed {where}{_end_of(raw)}"


def _end_of(raw: BinaryIO) -> str:
    """What the end of the file tells of its length, as the rest of a sentence; empty when it has the right length."""
    end = find_digest(raw)
    if end is None:
        return " (the digest at its end is missing: the file was cut, or an older version made it)"
    more = raw.seek(0, 2) - end
    return f" ({more} bytes were added behind its end)" if more else ""


def _manifest_of(document: Any) -> Manifest:
    if not isinstance(document, dict) or document.get("format") not in {FORMAT, FORMAT_WITHOUT_DIGESTS}:
        raise DamagedArchive(f"its manifest is not one of the format {FORMAT}")
    pieces = [FilePiece(*piece) for piece in document.pop("pieces", [])]
    if bool(pieces) != (document.pop("format") == FORMAT):
        raise DamagedArchive("its manifest has not the digests that its format has")
    manifest = Manifest(**document, pieces=pieces)
    if set(manifest.columns) != set(manifest.rows):
        raise DamagedArchive("its manifest does not count each of its tables")
    return manifest


@contextlib.contextmanager
def _damage_named(part: str, end: str = "") -> Iterator[None]:
    """Turns every error that reading wrong bytes can raise into DamagedArchive.

    The text of the error is left out, because it tells a programmer something, and not the operator.
    """
    try:
        yield
    except KeyError:
        raise DamagedArchive(f"{part} is missing{end}") from None
    except _FAULTS:
        raise DamagedArchive(f"{part} was cut or changed{end}") from None


def _entry(table: str) -> str:
    return f"tables/{table}.ndjson"
