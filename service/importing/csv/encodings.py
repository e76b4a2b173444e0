"""Finds the encoding of a text file: what the clerk names, a byte order mark, else strict UTF-8, else strict GB18030.

The whole file is decoded once, in pieces, before it is read, because the first Chinese character may come late. A guess
from the first kilobytes would read a GB18030 file with English headings as UTF-8, and fail half way. Bytes that are
GB18030 by accident are refused (scripts.py): a guess could record words that nobody wrote.
"""

import codecs
import io
import pathlib
from collections.abc import Iterator

from service.importing.csv.mixtures import utf_8_cell
from service.importing.csv.scripts import ChineseEvidence, cyrillic_encoding
from service.importing.lines import ImportFileError
from service.importing.quoting import shown

PIECE_BYTES = 1 << 16
SIGNATURE_BYTES = 4_096
LETTERS_OF_DAMAGED_UTF_8 = 16
"""When so many different non-ASCII characters stand before the first bad byte, the file is damaged UTF-8. Text in
GB18030 is valid UTF-8 by accident over two or three characters at most."""


SAVE_AS = 'Save it as UTF-8 ("CSV UTF-8" in Excel and WPS), or name its encoding'
TEXT_MARKS = {"utf-8": "utf-8-sig"}
"""For a codec that leaves the byte order mark in the first heading, the codec that takes the mark off."""


def open_text(binary: io.BufferedReader, path: pathlib.Path, encoding: str | None) -> io.TextIOWrapper:
    """The file as text, with its line breaks unchanged.

    `encoding` is the encoding that the clerk names; with None, the encoding is found. Raises ImportFileError when the
    bytes are not in the named encoding, or when no known encoding fits.
    """
    codec = find_encoding(path) if encoding is None else _named_encoding(path, encoding)
    return io.TextIOWrapper(binary, encoding=codec, newline="")


def _named_encoding(path: pathlib.Path, name: str) -> str:
    try:
        codec = codecs.lookup(name).name
        "".encode(codec)
    except (LookupError, ValueError):
        raise ImportFileError(
            f'"{name}" is no encoding that is known; name one like utf-8, gb18030, windows-1251 or koi8-u.'
        ) from None
    if (line := _undecodable_line(path, codec)) is not None:
        raise ImportFileError(f"Line {line} is not {name}. Name another encoding, or save the file as UTF-8.")
    return TEXT_MARKS.get(codec, codec)


def find_encoding(path: pathlib.Path) -> str:
    """The codec for the file.

    Raises ImportFileError when a line can't be decoded, and names the line, or when the encoding can't be told.
    """
    with path.open("rb") as file:
        signature = file.read(SIGNATURE_BYTES)
    marked = _codec_of_mark(signature)
    if marked is not None:
        if (line := _undecodable_line(path, marked)) is not None:
            raise ImportFileError(
                f"Line {line} is not {marked.upper()}, although the file's first bytes say that it is."
            )
        return "utf-16" if marked.startswith("utf-16") else marked
    if b"\0" in signature:
        # In UTF-16, one of the two bytes of an English letter or a comma is zero: the first one in big-endian order,
        # the second one in little-endian order.
        likely = "utf-16-be" if signature[::2].count(0) > signature[1::2].count(0) else "utf-16-le"
        raise ImportFileError(
            f"The file holds binary data, or UTF-16 without a byte order mark. {SAVE_AS}: --encoding {likely}."
        )
    return _utf_8_or_gb18030(path)


def _codec_of_mark(signature: bytes) -> str | None:
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
    return next((codec for mark, codec in marks.items() if signature.startswith(mark)), None)


def _utf_8_or_gb18030(path: pathlib.Path) -> str:
    line = _undecodable_line(path, "utf-8")
    if line is None:
        return "utf-8"
    if _is_damaged_utf_8(path):
        # The file may even be valid GB18030, but then every Chinese word of it would be recorded as another word.
        raise ImportFileError(
            f"Line {line} is not UTF-8, although the lines before it are. Save the file again as UTF-8."
        )
    gb_line = _undecodable_line(path, "gb18030")
    if gb_line is not None:
        raise ImportFileError(
            f"The file is neither UTF-8 (line {line} is not) nor GB18030 (line {gb_line} is not). "
            f"{SAVE_AS}: {_example(cyrillic_encoding(path))}."
        )
    _refuse_two_encodings(path)
    _refuse_gb18030_by_accident(path)
    return "gb18030"


def _refuse_two_encodings(path: pathlib.Path) -> None:
    if (found := utf_8_cell(path)) is not None:
        line, text = found
        raise ImportFileError(
            f"The file mixes two encodings: {shown(text)} on line {line} is UTF-8, and other lines or cells are "
            "not. Save all of it as UTF-8; where it is Chinese all the same, --encoding gb18030."
        )


def _refuse_gb18030_by_accident(path: pathlib.Path) -> None:
    evidence = ChineseEvidence()
    for text in _decoded_pieces(path, "gb18030"):
        evidence.add(text)
        if evidence.is_known:
            return
    cyrillic = cyrillic_encoding(path)
    if cyrillic is not None:
        raise ImportFileError(
            f"The file is not UTF-8, and can be read as Cyrillic ({cyrillic}) or as Chinese (GB18030), with other "
            f"words. {SAVE_AS}: --encoding {cyrillic}, or --encoding gb18030."
        )
    if evidence.may_be_korean:
        raise ImportFileError(
            "The file is not UTF-8, and can be read as Korean (EUC-KR) or as Chinese (GB18030), with other words. "
            f"{SAVE_AS}: --encoding euc-kr, or --encoding gb18030."
        )
    if not evidence.is_common:
        raise ImportFileError(
            "The file is not UTF-8, and as GB18030 it would hold characters that no Chinese text consists of. "
            f"{SAVE_AS}: {_example(None)}; where it is Chinese all the same, --encoding gb18030."
        )


def _example(encoding: str | None) -> str:
    return f"--encoding {encoding}" if encoding else "for instance --encoding windows-1251 or --encoding big5"


def _decoded_pieces(path: pathlib.Path, codec: str) -> Iterator[str]:
    """The text in pieces. Before it raises UnicodeDecodeError, it gives all text that stands before the bad byte."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    with path.open("rb") as file:
        more = True
        while more:
            piece = file.read(PIECE_BYTES)
            more = bool(piece)
            try:
                yield decoder.decode(piece, final=not more)
            except UnicodeDecodeError as error:
                yield error.object[: error.start].decode(codec, "ignore")
                raise


def _undecodable_line(path: pathlib.Path, codec: str) -> int | None:
    line = 1
    try:
        for text in _decoded_pieces(path, codec):
            line += text.count("\n")
    except UnicodeDecodeError:
        return line
    return None


def _is_damaged_utf_8(path: pathlib.Path) -> bool:
    letters: set[str] = set()
    try:
        for text in _decoded_pieces(path, "utf-8"):
            letters.update(letter for letter in set(text) if not letter.isascii())
            if len(letters) >= LETTERS_OF_DAMAGED_UTF_8:
                return True
    except UnicodeDecodeError:
        pass
    return len(letters) >= LETTERS_OF_DAMAGED_UTF_8
