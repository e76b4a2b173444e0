"""Finds a file of two encodings: one cell by itself is UTF-8, and the file as a whole is GB18030.

The bytes of two Chinese characters in UTF-8 are three characters in GB18030. So such a file decodes as GB18030 without
an error, and a Chinese word elsewhere in the file seems to prove that it is GB18030. A file looks like this when lines
of two programs were put into it.
"""

import pathlib
import re

from service.importing.csv.scripts import VOWELS, is_common, word_pieces
from service.importing.recognised import letters_in

UTF_8_SHARE_MIN = 0.5
"""At least this share of a text's letters must be plain ones (`_is_plain`), else the text is not taken as UTF-8."""

CYRILLIC_LETTERS_MIN = 3
"""A Cyrillic word needs so many letters: two Cyrillic letters in UTF-8 are too often two common Chinese characters."""

PLATES = frozenset(letters_in("plates"))
"""The characters that begin a plate such as 蒙A12345. Any other single character is no evidence of UTF-8."""

_UTF_8_RUN = re.compile(
    rb"(?<![\x80-\xff])(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+(?![\x80-\xff])"
)
# Of Russian and of Mongolian: А to Я, Ё, Ө and Ү, in capitals and in lower case.
_CAPITALS, _SMALL = r"\u0410-\u042f\u0401\u04e8\u04ae", r"\u0430-\u044f\u0451\u04e9\u04af"
_CYRILLIC = re.compile(f"[«“„]?(?:[{_CAPITALS}]?[{_SMALL}]+|[{_CAPITALS}]+)[»”]?")
_MONGOLIAN_OR_KANA = re.compile("[\u1820-\u18aa\u3040-\u30ff]")
_HANGUL = re.compile("[\uac00-\ud7a3]")

_WIDE = re.compile("[\u1820-\u18aa\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_PLAIN = re.compile(
    f"[«·»{_CAPITALS}{_SMALL}"
    "\u180b-\u180f\u1820-\u18aa\u2010-\u2027\u202f\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff01-\uff5e]+"
)
"""The characters that people at the market write. Bytes that are UTF-8 by accident hold signs of other scripts."""


def utf_8_cell(path: pathlib.Path) -> tuple[int, str] | None:
    """The line number and the text of the first cell of a GB18030 file that by itself is UTF-8; None without one.

    Latin letters with accents are not found: their two bytes of UTF-8 may just as well be one Chinese character.
    """
    line = 1
    for piece in word_pieces(path):
        for match in _UTF_8_RUN.finditer(piece):
            if (text := _utf_8_text(match[0])) is not None:
                return line + piece.count(b"\n", 0, match.start()), text
        line += piece.count(b"\n")
    return None


def _utf_8_text(run: bytes) -> str | None:
    """The text of bytes that make more sense as UTF-8 than as GB18030; None for other bytes."""
    text = run.decode("utf-8", "replace")
    if _CYRILLIC.fullmatch(text):
        is_a_word = len(text) >= CYRILLIC_LETTERS_MIN and VOWELS.search(text) is not None
        return text if is_a_word else None
    if _PLAIN.fullmatch(text) is None or _WIDE.search(text) is None or (len(text) == 1 and text not in PLATES):
        return None
    share = _share_of_common(text)
    return text if share >= UTF_8_SHARE_MIN and share > _share_of_common(run.decode("gb18030", "replace")) else None


def _share_of_common(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha() or letter == "\ufffd"]
    return sum(map(_is_plain, letters)) / len(letters) if letters else 0.0


def _is_plain(letter: str) -> bool:
    """Whether a letter is a common Chinese character, Mongolian, Japanese kana, or a Korean syllable that is in use."""
    if _HANGUL.match(letter):
        return bool(letter.encode("euc_kr", "ignore"))
    return _MONGOLIAN_OR_KANA.match(letter) is not None or is_common(letter)
