"""Whether bytes that decode as GB18030 are Chinese: Cyrillic in one byte a letter decodes as well, by accident.

Two Cyrillic letters are one Chinese character, so a word of an even length becomes rare characters, or in KOI8-R even
common ones. What is known as Chinese decides first (a heading, a country, a category); then whether every word would be
a Cyrillic one, in a code page that people use; then how common the Chinese characters are.
"""

import functools
import pathlib
import re
from collections.abc import Iterable, Iterator

from service.importing.headings import CHINESE_HEADINGS
from service.importing.recognised import letters_in, words_in
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
"""Of the words of a Chinese text at most one in ten looks Cyrillic: upper and lower case come in any order."""

COMMON_SHARE_MIN = 0.5
"""Of the characters of a Chinese text most are among the 3,755 that GB 2312 calls common."""

KOREAN_SYLLABLES_MIN = 6
"""Of so many different Chinese characters hardly ever all lie where EUC-KR has its syllables; of fewer they may."""

GOODS = tuple(words_in("goods"))
"""Goods of the market by which a file is known to be Chinese, besides the words of its other columns."""

WORDS_LOOKED_AT_MAX = 5_000
PIECE_BYTES = 1 << 16
WORD_BYTES_MAX = 4_096

# Єє Її stand for Өө Үү in the Mongolian variants of these code pages.
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
    """The code page in which the words of a file look Cyrillic, by the name that `--encoding` takes; None for none."""
    words = _words(path)
    if not words:
        return None
    shares = {codec: sum(_looks_cyrillic(word, codec) for word in words) / len(words) for codec in CYRILLIC_CODECS}
    likeliest = max(shares, key=lambda codec: shares[codec])
    return CYRILLIC_CODECS[likeliest] if shares[likeliest] >= CYRILLIC_SHARE_MIN else None


class ChineseEvidence:
    """What speaks for Chinese in a text that was decoded as GB18030, gathered piece by piece."""

    def __init__(self) -> None:
        self.is_known = False
        """Whether a word of the tables that a market's files hold is among it."""
        self._ideographs: set[str] = set()
        self._has_private = False

    def add(self, text: str) -> None:
        """Looks at another piece."""
        runs = set(_IDEOGRAPHS.findall(text))
        self.is_known = self.is_known or not _known_words().isdisjoint(runs)
        self._ideographs.update(*runs)
        self._has_private = self._has_private or _PRIVATE.search(text) is not None

    @property
    def is_common(self) -> bool:
        """Whether the characters are those of plain Chinese; so are none at all."""
        if self._has_private:
            return False
        found = self._ideographs
        return not found or sum(map(is_common, found)) >= COMMON_SHARE_MIN * len(found)

    @property
    def may_be_korean(self) -> bool:
        """Whether each character would be a Korean syllable in EUC-KR.

        Its 2,350 syllables lie where GB 2312 has two thirds of its common characters.
        """
        found = self._ideographs
        return len(found) >= KOREAN_SYLLABLES_MIN and all(map(_may_be_korean, found))


@functools.cache
def _known_words() -> frozenset[str]:
    headings = [name for others in CHINESE_HEADINGS.values() for name in others]
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
    """Different words of bytes that are no ASCII, as many as a judgement needs."""
    words: set[bytes] = set()
    for piece in word_pieces(path):
        words.update(word for word in _HIGH_BYTES.findall(piece) if not _is_plainly_gb18030(word))
        if len(words) >= WORDS_LOOKED_AT_MAX:
            break
    return words


def word_pieces(path: pathlib.Path) -> Iterator[bytes]:
    """The bytes of a file in pieces, none of which ends inside a word of bytes that are no ASCII."""
    with path.open("rb") as file:
        yield from _whole_words(iter(functools.partial(file.read, PIECE_BYTES), b""))


def _is_plainly_gb18030(word: bytes) -> bool:
    """Whether bytes are one common Chinese character, such as 肉, or Cyrillic letters of GB18030's own.

    Two Cyrillic letters of one byte say less than one character, and no word has the same letter in every other place.
    """
    if set(word[::2]) == {_CYRILLIC_ROW}:
        return True
    return len(word) == _CHARACTER_BYTES and word[0] in _COMMON_FIRST_BYTES and word[1] >= _SECOND_BYTE_MIN


def _whole_words(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces, cut where a word ends."""
    begun = b""
    for piece in pieces:
        text = begun + piece
        begun = text[len(text.rstrip(_ANY_HIGH_BYTE)) :]
        begun = begun if len(begun) < WORD_BYTES_MAX else b""
        yield text.removesuffix(begun)
    yield begun


def _looks_cyrillic(word: bytes, codec: str) -> bool:
    """Whether the bytes are words of Cyrillic letters: each in lower case, capitals, or with a capital in front."""
    parts = _BETWEEN_WORDS.split(word.decode(codec, "replace").removeprefix("«").removesuffix("»"))
    return any(parts) and all(
        _CYRILLIC_WORD.fullmatch(part) and (len(part) <= _VOWELLESS_LETTERS_MAX or VOWELS.search(part))
        for part in parts
    )
