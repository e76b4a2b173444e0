"""The XML parts inside a workbook's archive, read piece by piece with expat.

An import needs flat memory, limits on what a small file may become, and what the libraries do not tell: formats, hidden
rows, formulas without a result. docs/decisions/0004 has the figures. The tests compare the cells with those of openpyxl
and python-calamine.
"""

import contextlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, NoReturn
from xml.parsers import expat

from service.importing.lines import ImportFileError

PIECE_BYTES = 1 << 14
"""Rows of one piece are in memory together: 400 of them, if each has one cell in the last column."""
PART_BYTES_MAX = 4 << 30
SMALL_PART_BYTES_MAX = 64 << 20
SMALL_PART_ITEMS_MAX = 1_000_000
"""Elements and attributes of a small part. Excel's 65,490 styles of cells have 600,000."""
TOKEN_BYTES_MAX = 1 << 20
"""Of one tag with its attributes, or one comment: the parser holds each as a whole."""
DEPTH_MAX = 64
"""Elements inside of each other; a workbook has seven or so."""

Attributes = dict[str, str]

_ESCAPED = re.compile(r"_x((?![Dd][89A-Fa-f])[0-9A-Fa-f]{4})_", re.ASCII)


def local_name(name: str) -> str:
    """A name without its namespace, which differs between transitional and strict workbooks."""
    return name.rpartition(" ")[2]


def unescape(text: str) -> str:
    """The text of a cell, in which workbooks spell control characters as _x000D_, and a literal _x as _x005F_x."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def new_parser() -> expat.XMLParserType:
    """A parser that tells namespaces by a space and takes no document type."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def open_part(archive: zipfile.ZipFile, part: str, bytes_max: int = PART_BYTES_MAX) -> IO[bytes]:
    """The unpacked bytes of a part. A small archive may hold a thousand times its size."""
    if archive.getinfo(part).file_size > bytes_max:
        raise ImportFileError(f"The workbook's part {part} is larger than {bytes_max >> 20} MiB.")
    return archive.open(part)


def parse_pieces(parser: expat.XMLParserType, stream: IO[bytes]) -> Iterator[int]:
    """Feeds the stream to the parser and says after each piece how many bytes it had."""
    fed = 0
    while piece := stream.read(PIECE_BYTES):
        parser.Parse(piece)
        fed += len(piece)
        if fed - parser.CurrentByteIndex > TOKEN_BYTES_MAX:
            raise ImportFileError(f"The workbook is damaged: one of its tags is longer than {TOKEN_BYTES_MAX} bytes.")
        yield len(piece)
    parser.Parse(b"", True)
    yield 0


def elements(archive: zipfile.ZipFile, part: str) -> list[tuple[str, Attributes]]:
    """Each element of a small part, in order: its local name and its attributes by their local names."""
    found: list[tuple[str, Attributes]] = []
    parser, depth, items = new_parser(), Depth(), 0

    def start(name: str, attributes: Attributes) -> None:
        """Notes an element."""
        nonlocal items
        depth.enter()
        items += 1 + len(attributes)
        if items > SMALL_PART_ITEMS_MAX:
            raise ImportFileError(f"The workbook's part {part} has more than {SMALL_PART_ITEMS_MAX} elements.")
        found.append((local_name(name), {local_name(key): value for key, value in attributes.items()}))

    parser.StartElementHandler = start
    parser.EndElementHandler = depth.leave
    with open_part(archive, part, SMALL_PART_BYTES_MAX) as stream:
        for _ in parse_pieces(parser, stream):
            pass
    return found


class Depth:
    """How many elements are open: the parser keeps each of them, so no file may open millions."""

    def __init__(self) -> None:
        """None is open."""
        self._depth = 0

    def enter(self, *_: object) -> None:
        """An element begins."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise ImportFileError(f"The workbook is damaged: more than {DEPTH_MAX} elements are inside of each other.")

    def leave(self, *_: object) -> None:
        """An element ends."""
        self._depth -= 1


@contextlib.contextmanager
def damage_refused() -> Iterator[None]:
    """Turns whatever a damaged archive raises into an ImportFileError."""
    try:
        yield
    except ImportFileError:
        raise
    except KeyError as error:
        raise ImportFileError(f"The file is no complete workbook: {error.args[0]}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, expat.ExpatError, RuntimeError, ValueError) as error:
        raise ImportFileError(f"The workbook is damaged ({error}). Save it again as .xlsx.") from None


def _refuse_document_type(*_: object) -> NoReturn:
    raise ImportFileError("The workbook declares an XML document type, which no spreadsheet program writes.")
