"""Opens an import file with the reader for the ending of its name, after a look at its first bytes."""

import mmap
import pathlib
from collections.abc import Callable, Collection

from service.importing.csv.reader import DelimitedLines
from service.importing.exported import find_exported
from service.importing.lines import FileLines, ImportFileError
from service.importing.ndjson.reader import JsonLines
from service.importing.table import FileColumns
from service.importing.xlsx.reader import WorkbookLines

ZIP_SIGNATURE = b"PK\x03\x04"
OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_MARK = "EncryptedPackage".encode("utf-16-le")

TABLE_READERS: dict[str, type[DelimitedLines] | type[WorkbookLines]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), DelimitedLines),
    **dict.fromkeys((".xlsx", ".xlsm"), WorkbookLines),
}
READERS: dict[str, Callable[[pathlib.Path, str | None], FileLines]] = {
    **TABLE_READERS,
    **dict.fromkeys((".ndjson", ".jsonl"), JsonLines),
}


def open_lines(path: pathlib.Path, encoding: str | None = None) -> FileLines:
    """Opens a CSV, XLSX or NDJSON file, and reads as far as the header. Use the returned lines in a `with` statement.

    `encoding` is the encoding of a text file where the clerk names it; with None, the reader finds it.

    Raises ImportFileError when the file can't be imported at all, OSError when it can't be opened.
    """
    ending = _known_ending(path, READERS)
    exported = find_exported(path)
    return READERS[ending](path, encoding) if exported is None else exported


def open_table(path: pathlib.Path, encoding: str | None, columns: type[FileColumns]) -> FileLines:
    """Opens a CSV or XLSX file with columns of another kind than trades. Raises as `open_lines`."""
    return TABLE_READERS[_known_ending(path, TABLE_READERS)](path, encoding, columns)


def _known_ending(path: pathlib.Path, readers: Collection[str]) -> str:
    """The ending of a file's name, after a look at its first bytes. Raises ImportFileError, OSError."""
    ending = path.suffix.lower()
    with path.open("rb") as file:
        signature = file.read(len(OLE_SIGNATURE))
    if not signature:
        raise ImportFileError("The file is empty.")
    if signature.startswith(OLE_SIGNATURE):
        raise ImportFileError(_about_ole(path))
    if ending not in readers:
        raise ImportFileError(f'Files named "{path.suffix}" are not taken; send one of {", ".join(readers)}.')
    is_archive, is_workbook = signature.startswith(ZIP_SIGNATURE), READERS[ending] is WorkbookLines
    if is_archive and not is_workbook:
        raise ImportFileError(f"The file is named {path.suffix} but is an archive; a workbook is named .xlsx.")
    if is_workbook and not is_archive:
        raise ImportFileError(f"The file is named {path.suffix} but is no workbook. Save it as .xlsx, or name it .csv.")
    return ending


def _about_ole(path: pathlib.Path) -> str:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        encrypted = content.find(ENCRYPTED_MARK) >= 0
    if encrypted:
        return "The workbook is protected by a password. Save it without one."
    return "The file is a workbook in the old .xls format. Save it as .xlsx."
