"""Tells whether bytes that decode as GB18030 are Chinese. Cyrillic in one byte a letter also decodes, by accident.

Two Cyrillic letters are one Chinese character. So a word of an even length becomes rare characters, or in KOI8-R even
common characters. Three tests follow each other: whether the file holds a known Chinese word (a heading, a country, a
category); whether its words are Cyrillic in a code page that people use; how common its Chinese characters are.
"""

import functools
import pathlib
import re
from collections.abc import Iterable, Iterator

from service.importing.headings import CHINESE_HEADINGS
from service.importing.recognised import letters_in, table_of, words_in
from service.importing.words import DIRECTIONS, OVER_ALLOWANCE, TRADE_POINTS, category_names, country_codes_by_name

CYRILLIC_CODECS = {
    "cp1251": "windows-1251",
    "koi8_u": "koi8-u",
    "cp866": "cp866",
    "mac_cyrillic": "mac-cyrillic",
    "iso8859_5": "iso-8859-5",
}
"""The code pages of Russian and Mongolian files, and the names that `--encoding` takes for them."""

CYRILLIC_SHARE_MIN = 0.8
"""From this share of Cyrillic words on, a file may be Cyrillic. At most one in ten words of a Chinese text looks
Cyrillic, because its bytes are upper and lower case in any order."""

COMMON_SHARE_MIN = 0.5
"""At least this share of the characters of a Chinese text is among the 3,755 that GB 2312 calls common."""

KOREAN_SYLLABLES_MIN = 6
"""When a text has so many different Chinese characters, they hardly ever all lie where EUC-KR has its syllables. With
fewer characters this may happen."""

GOODS = tuple(words_in("goods"))
"""Goods of the market. A file with one of these words is Chinese, as with a known word of another column."""

WORDS_LOOKED_AT_MAX = 5_000
PIECE_BYTES = 1 << 16
WORD_BYTES_MAX = 4_096

# In the Mongolian variants of these code pages, Өө and Үү have the bytes of Єє and Її.
_CAPITALS, _SMALL = r"\u0410-\u042f\u0401\u0404\u0407", r"\u0430-\u044f\u0451\u0454\u0457"
_CYRILLIC_WORD = re.compile(f"[{_CAPITALS}]?[{_SMALL}]*|[{_CAPITALS}]+")
VOWELS = re.compile(f"[{letters_in('cyrillic_vowels')}]", re.IGNORECASE)
_BETWEEN_WORDS = re.compile("[“”„–—]+")
_HIGH_BYTES = re.compile(rb"[\x80-\xff]+")
_ANY_HIGH_BYTE = bytes(range(0x80, 0x100))
_IDEOGRAPHS = re.compile("[\u3400-\u9fff]+")
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_VOWELLESS_LETTERS_MAX = 3
_KNOWN_LENGTH_MIN = 2
_COMMON_FIRST_BYTES = range(0xB0, 0xD8)
_HANGUL_FIRST_BYTES = range(0xB0, 0xC9)
_SECOND_BYTE_MIN = 0xA1
_CYRILLIC_ROW = 0xA7
_CHARACTER_BYTES = 2


def cyrillic_encoding(path: pathlib.Path) -> str | None:
    """The code page in which most words of a file look Cyrillic, by its name for `--encoding`; None without one."""
    words = _words(path)
    if not words:
        return None
    shares = {codec: sum(_looks_cyrillic(word, codec) for word in words) / len(words) for codec in CYRILLIC_CODECS}
    likeliest = max(shares, key=lambda codec: shares[codec])
    return CYRILLIC_CODECS[likeliest] if shares[likeliest] >= CYRILLIC_SHARE_MIN else None


class ChineseEvidence:
    """Collects, piece by piece, the evidence that a text that was decoded as GB18030 is Chinese."""

    def __init__(self) -> None:
        self.is_known = False
        """Whether a known word of the market's files was found."""
        self._ideographs: set[str] = set()
        self._has_private = False

    def add(self, text: str) -> None:
        """Adds the evidence of another piece of the text."""
        runs = set(_IDEOGRAPHS.findall(text))
        self.is_known = self.is_known or not _known_words().isdisjoint(runs)
        self._ideographs.update(*runs)
        self._has_private = self._has_private or _PRIVATE.search(text) is not None

    @property
    def is_common(self) -> bool:
        """Whether the characters are those of plain Chinese; true also for a text without Chinese characters."""
        if self._has_private:
            return False
        found = self._ideographs
        return not found or sum(map(is_common, found)) >= COMMON_SHARE_MIN * len(found)

    @property
    def may_be_korean(self) -> bool:
        """Whether each character would be a Korean syllable in EUC-KR, and there are enough characters to tell.

        The 2,350 syllables of EUC-KR lie where GB 2312 has two thirds of its common characters.
        """
        found = self._ideographs
        return len(found) >= KOREAN_SYLLABLES_MIN and all(map(_may_be_korean, found))


@functools.cache
def _known_words() -> frozenset[str]:
    """Words of clerks; an import has loaded the rules before it asks, and reads one file."""
    tables = (CHINESE_HEADINGS, table_of("transfer_headings"), table_of("purposes"))
    headings = [name for table in tables for others in table.values() for name in others]
    words: Iterable[str] = (
        *headings, *DIRECTIONS, *OVER_ALLOWANCE, *TRADE_POINTS, *category_names(), *country_codes_by_name(), *GOODS,
    )  # fmt: skip
    runs = {run for word in words for run in _IDEOGRAPHS.findall(word)}
    return frozenset(run for run in runs if len(run) >= _KNOWN_LENGTH_MIN)


def is_common(letter: str) -> bool:
    """Whether a letter is among the 3,755 Chinese characters that GB 2312 calls common."""
    try:
        return letter.encode("gb2312")[0] in _COMMON_FIRST_BYTES
    except UnicodeEncodeError:
        return False


def _may_be_korean(letter: str) -> bool:
    return is_common(letter) and letter.encode("gb2312")[0] in _HANGUL_FIRST_BYTES


def _words(path: pathlib.Path) -> set[bytes]:
    """Different words of bytes that are not ASCII. It stops when there are WORDS_LOOKED_AT_MAX, enough to decide."""
    words: set[bytes] = set()
    for piece in word_pieces(path):
        words.update(word for word in _HIGH_BYTES.findall(piece) if not _is_plainly_gb18030(word))
        if len(words) >= WORDS_LOOKED_AT_MAX:
            break
    return words


def word_pieces(path: pathlib.Path) -> Iterator[bytes]:
    """The bytes of a file in pieces. No piece ends inside a word of bytes that are not ASCII."""
    with path.open("rb") as file:
        yield from _whole_words(iter(functools.partial(file.read, PIECE_BYTES), b""))


def _is_plainly_gb18030(word: bytes) -> bool:
    """Whether bytes are one common Chinese character, such as 肉, or Cyrillic letters as GB18030 itself encodes them.

    Such words are not counted as Cyrillic: two letters of one byte each say too little, and no Cyrillic word has the
    same letter in every other place.
    """
    if set(word[::2]) == {_CYRILLIC_ROW}:
        return True
    return len(word) == _CHARACTER_BYTES and word[0] in _COMMON_FIRST_BYTES and word[1] >= _SECOND_BYTE_MIN


def _whole_words(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, cut where a word of bytes that are not ASCII ends."""
    begun = b""
    for piece in pieces:
        text = begun + piece
        begun = text[len(text.rstrip(_ANY_HIGH_BYTE)) :]
        begun = begun if len(begun) < WORD_BYTES_MAX else b""
        yield text.removesuffix(begun)
    yield begun


def _looks_cyrillic(word: bytes, codec: str) -> bool:
    """Whether the bytes are words of Cyrillic letters: each in lower case, in capitals, or with a capital in front."""
    parts = _BETWEEN_WORDS.split(word.decode(codec, "replace").removeprefix("«").removesuffix("»"))
    return any(parts) and all(
        _CYRILLIC_WORD.fullmatch(part) and (len(part) <= _VOWELLESS_LETTERS_MAX or VOWELS.search(part))
        for part in parts
    )
