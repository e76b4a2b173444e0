"""Reads the parts of a workbook except its rows: its worksheets, its strings, and the number formats of its styles."""

import array
import io
import mmap
import posixpath
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.importing.lines import ImportFileError
from service.importing.xlsx.number_formats import BUILT_IN, DATE_FORMATS, NumberFormat, number_format
from service.importing.xlsx.xml_parts import (
    Attributes,
    Depth,
    elements,
    local_name,
    new_parser,
    open_part,
    parse_pieces,
    unescape,
)

ROOT_RELATIONS = "_rels/.rels"
GENERAL = frozenset({"", "general", "@"})
"""The formats, in lower case, that show a number as it is."""

BUILT_IN_DATE = number_format("yyyy-mm-dd hh:mm:ss")


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet: its name, its part inside the archive, and whether a spreadsheet program shows it."""

    name: str
    part: str
    is_visible: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the rest of the reader needs to know of a workbook. Parts are named as inside the archive."""

    sheets: tuple[Worksheet, ...]
    strings_part: str | None
    styles: Mapping[str, NumberFormat]
    """The number format of each style of cells, without the styles that show a number as it is."""
    counts_from_1904: bool


def read_workbook(archive: zipfile.ZipFile) -> Workbook:
    """The workbook's parts.

    Raises ImportFileError when it has no worksheet, KeyError when it names a part that the archive does not have.
    """
    workbook_part = next(iter(_relations(archive, "", ROOT_RELATIONS, "officeDocument").values()), "xl/workbook.xml")
    folder, name = posixpath.split(workbook_part)
    relations = f"{folder}/_rels/{name}.rels".lstrip("/")
    described = elements(archive, workbook_part)
    worksheets = _relations(archive, folder, relations, "worksheet")
    sheets = tuple(
        Worksheet(a["name"], worksheets[a["id"]], a.get("state", "visible") == "visible")
        for tag, a in described
        if tag == "sheet" and a.get("id") in worksheets
    )
    if not sheets:
        raise ImportFileError("The workbook has no worksheet.")
    # Some programs name a part for styles and write none.
    styles = [part for part in _relations(archive, folder, relations, "styles").values() if part in archive.NameToInfo]
    strings = _relations(archive, folder, relations, "sharedStrings")
    return Workbook(
        sheets=sheets,
        strings_part=next(iter(strings.values()), None),
        styles={name: shown for part in styles for name, shown in _styles(elements(archive, part)).items()},
        counts_from_1904=any(tag == "workbookPr" and a.get("date1904") in {"1", "true"} for tag, a in described),
    )


def _relations(archive: zipfile.ZipFile, folder: str, part: str, kind: str) -> dict[str, str]:
    """The parts that a part names, by relation id. Their paths are relative to `folder`, or begin with a slash."""
    named = {
        name.casefold(): name for name in archive.namelist()
    }  # The names of parts are compared without regard to upper and lower case (OPC, 9.1.1).
    found: dict[str, str] = {}
    for tag, attributes in elements(archive, part):
        if tag == "Relationship" and attributes["Type"].endswith(f"/{kind}"):
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes["Id"]] = named.get(target.casefold(), target)
    return found


def _styles(styles: list[tuple[str, Attributes]]) -> dict[str, NumberFormat]:
    """The number format of each style of cells that changes how a number looks."""
    codes = {a["numFmtId"]: a.get("formatCode", "") for tag, a in styles if tag == "numFmt"}
    found: dict[str, NumberFormat] = {}
    container, number = "", 0
    for tag, attributes in styles:
        if tag in {"cellXfs", "cellStyleXfs"}:
            container, number = tag, 0
        elif tag == "xf" and container == "cellXfs":
            shown = _format_of(attributes.get("numFmtId", "0"), codes)
            if shown is not None:
                found[str(number)] = shown
            number += 1
    return found


def _format_of(number: str, codes: Mapping[str, str]) -> NumberFormat | None:
    """The format with a number in a workbook; None for one that shows a number as it is.

    A workbook may give its own code to the number of a built-in format.
    """
    if number not in codes and number.isdecimal() and int(number) in DATE_FORMATS:
        return BUILT_IN_DATE
    code = codes[number] if number in codes else BUILT_IN.get(int(number) if number.isdecimal() else 0, "")
    return None if code.casefold() in GENERAL else number_format(code)


class SharedStrings:
    """The workbook's strings by number, in a temporary file. With document numbers, there are as many strings as lines.

    Strings with personal data stay in memory (`in_memory`), so that none is left on a disk.

    The memory holds 8 bytes for each string, and the strings that were read last, because most cells repeat a few
    words.
    """

    RECENT_MAX = 4_096
    STRINGS_MAX = 8_000_000
    BYTES_MAX = 1 << 30
    BYTES_IN_MEMORY_MAX = 1 << 27
    TEXT_LENGTH_MAX = 1 << 18
    """The limit for the length of one string. A cell has 32,767 characters at most, but escapes and runs are longer."""

    def __init__(self, archive: zipfile.ZipFile, part: str | None, *, in_memory: bool = False) -> None:
        """Reads the part to its end. A workbook without this part has no strings.

        Raises ImportFileError when the text is over one of the limits.
        """
        self._ends = array.array("Q", [0])
        self._recent: dict[int, str] = {}
        self._bytes_max = self.BYTES_IN_MEMORY_MAX if in_memory else self.BYTES_MAX
        self._file: Any = io.BytesIO() if in_memory else tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
        try:
            if part is not None:
                self._store(archive, part)
            self._file.flush()
            self._text = self._written(in_memory=in_memory) if self._ends[-1] else None
        except BaseException:
            self._file.close()
            raise

    def __getitem__(self, number: int) -> str:
        """The string with a number. Raises IndexError when the workbook has no such string."""
        found = self._recent.get(number)
        if found is None:
            if not 0 <= number < len(self._ends) - 1:
                raise IndexError(number)
            start, end = self._ends[number], self._ends[number + 1]
            found = "" if self._text is None else bytes(self._text[start:end]).decode()
            if len(self._recent) >= self.RECENT_MAX:
                self._recent.clear()
            self._recent[number] = found
        return found

    def close(self) -> None:
        """Removes the temporary file."""
        if isinstance(self._text, memoryview):
            self._text.release()
        elif self._text is not None:
            self._text.close()
        self._file.close()

    def _written(self, *, in_memory: bool) -> mmap.mmap | memoryview:
        return self._file.getbuffer() if in_memory else mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def _store(self, archive: zipfile.ZipFile, part: str) -> None:
        parser, texts = new_parser(), _StringTexts()
        parser.StartElementHandler = texts.start
        parser.EndElementHandler = texts.end
        parser.CharacterDataHandler = texts.text
        end = 0
        with open_part(archive, part) as stream:
            for _ in parse_pieces(parser, stream):
                for text in texts.finished:
                    end += self._file.write(text.encode())
                    self._ends.append(end)
                texts.finished.clear()
                if texts.length > self.TEXT_LENGTH_MAX or len(self._ends) > self.STRINGS_MAX or end > self._bytes_max:
                    raise ImportFileError("The workbook has more text than any spreadsheet program can hold.")


class _StringTexts:
    """Joins the runs of each string, without the phonetic hints that East Asian versions of Excel add."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.length = 0
        """The length of the string that is being read, with one more for each run."""
        self._runs: list[str] = []
        self._depth = Depth()
        self._inside_text = self._inside_hint = False

    def start(self, name: str, _: Attributes) -> None:
        """Is called when an element begins."""
        self._depth.enter()
        match local_name(name):
            case "t":
                self._inside_text = not self._inside_hint
            case "rPh":
                self._inside_hint = True

    def end(self, name: str) -> None:
        """Is called when an element ends."""
        self._depth.leave()
        match local_name(name):
            case "si":
                self.finished.append(unescape("".join(self._runs)))
                self._runs.clear()
                self.length = 0
            case "t":
                self._inside_text = False
            case "rPh":
                self._inside_hint = False

    def text(self, text: str) -> None:
        """Is called with the text between elements; it keeps the text inside <t> only."""
        if self._inside_text:
            self._runs.append(text)
            self.length += len(text) + 1
