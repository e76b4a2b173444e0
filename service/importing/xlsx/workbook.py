"""A workbook's parts apart from the rows: its worksheets, their strings, and how its styles show numbers."""

import array
import mmap
import posixpath
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

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
"""Formats, in lower case, that show a number as it is."""

BUILT_IN_DATE = number_format("yyyy-mm-dd hh:mm:ss")


@dataclass(frozen=True, slots=True)
class Worksheet:
    """A worksheet's name, its part inside the archive, and whether a reader of the workbook gets to see it."""

    name: str
    part: str
    is_visible: bool


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the rest of the reader needs to know: part names inside the archive, None where there is no such part."""

    sheets: tuple[Worksheet, ...]
    strings_part: str | None
    styles: Mapping[str, NumberFormat]
    """The number format of each style of cells, but for those that show a number as it is."""
    counts_from_1904: bool


def read_workbook(archive: zipfile.ZipFile) -> Workbook:
    """The workbook's parts. Raises ImportFileError without a worksheet, KeyError without a part it names."""
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
    }  # A part's name is the same in any case (OPC, 9.1.1).
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
    """The format of a number in a workbook, which may give a built-in number a code of its own; None for General."""
    if number not in codes and number.isdecimal() and int(number) in DATE_FORMATS:
        return BUILT_IN_DATE
    code = codes[number] if number in codes else BUILT_IN.get(int(number) if number.isdecimal() else 0, "")
    return None if code.casefold() in GENERAL else number_format(code)


class SharedStrings:
    """The workbook's strings by number, kept in a temporary file: as many as lines, where these have document numbers.

    In memory are 8 bytes for each, and the strings read lately; most cells repeat a few words.
    """

    RECENT_MAX = 4_096
    STRINGS_MAX = 8_000_000
    BYTES_MAX = 1 << 30
    TEXT_LENGTH_MAX = 1 << 18
    """A cell has 32,767 characters at most; spelled with escapes and runs it may be longer."""

    def __init__(self, archive: zipfile.ZipFile, part: str | None) -> None:
        """Reads the part to its end; a workbook without one has no strings."""
        self._ends = array.array("Q", [0])
        self._recent: dict[int, str] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
        try:
            if part is not None:
                self._store(archive, part)
            self._file.flush()
            self._text = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._ends[-1] else None
        except BaseException:
            self._file.close()
            raise

    def __getitem__(self, number: int) -> str:
        """The string of a number. Raises IndexError when the workbook has none."""
        found = self._recent.get(number)
        if found is None:
            if not 0 <= number < len(self._ends) - 1:
                raise IndexError(number)
            start, end = self._ends[number], self._ends[number + 1]
            found = "" if self._text is None else self._text[start:end].decode()
            if len(self._recent) >= self.RECENT_MAX:
                self._recent.clear()
            self._recent[number] = found
        return found

    def close(self) -> None:
        """Removes the temporary file."""
        if self._text is not None:
            self._text.close()
        self._file.close()

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
                if texts.length > self.TEXT_LENGTH_MAX or len(self._ends) > self.STRINGS_MAX or end > self.BYTES_MAX:
                    raise ImportFileError("The workbook has more text than any spreadsheet program can hold.")


class _StringTexts:
    """Gathers each string from its runs, without the phonetic hints that East Asian Excel adds to them."""

    def __init__(self) -> None:
        self.finished: list[str] = []
        self.length = 0
        """Of the string that is being gathered, with a character for each run."""
        self._runs: list[str] = []
        self._depth = Depth()
        self._inside_text = self._inside_hint = False

    def start(self, name: str, _: Attributes) -> None:
        """An element begins."""
        self._depth.enter()
        match local_name(name):
            case "t":
                self._inside_text = not self._inside_hint
            case "rPh":
                self._inside_hint = True

    def end(self, name: str) -> None:
        """An element ends."""
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
        """Text between elements, of which only what stands in <t> counts."""
        if self._inside_text:
            self._runs.append(text)
            self.length += len(text) + 1
