"""Citizen numbers where none belongs: found in the free texts of an entry, so that none is ever stored in clear.

Source: the domain rules, "Warnings": 18 characters with a right check digit never enter the ledger. A run of exactly 18
characters is judged by its check digit alone. A number that is written in parts ("152501 19900101 1238") also needs a
province and a birth date that exist, because parts of other numbers stand side by side as well; so does one with
Han digits or with another sign for its X. Longer runs of digits are document numbers and no citizen numbers.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from service.domain.errors import FieldError, PersonalData
from service.domain.residents import birth_date, has_right_check_digit

NUMBER_LENGTH = 18
REDACTED = "*"
"""What stands for a text with a citizen number in whatever is kept of a refused request."""

_BETWEEN = r"\s\-_./,:·•・、‐-―−()\[\]{}<>〈〉《》「」『』【】〔〕*+|~〜'\"‘’“”"
_CANDIDATE = re.compile(rf"(?:[0-9][{_BETWEEN}]{{0,3}}){{17}}[0-9Xx]")
"""What every spelling has: 18 characters with little between them. Few texts do, and only those are looked at again."""

_RUN = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
_SEPARATORS = rf"[{_BETWEEN}]{{1,3}}"
_IN_PARTS = re.compile(rf"(?<![0-9])[0-9]+(?:{_SEPARATORS}[0-9]+)*(?:(?:{_SEPARATORS})?[Xx](?![0-9A-Za-z]))?")
_SEPARATED = re.compile(_SEPARATORS)
# The Cyrillic letter looks like the check character, and a Mongolian keyboard has it in its place.
_LIKE_X = str.maketrans("\N{CYRILLIC CAPITAL LETTER HA}\N{CYRILLIC SMALL LETTER HA}", "XX")
# Signs that are taken for an X, and the Han digits 〇零一二三四五六七八九; both mean something else in most texts.
_READ_AS_X = str.maketrans("×Χχ", "XXX")
_READ_AS_DIGITS = str.maketrans("\u3007\u96f6\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d", "00123456789")
_PROVINCES = {
    str(code)
    for codes in (
        range(11, 16),
        range(21, 24),
        range(31, 38),
        range(41, 47),
        range(50, 55),
        range(61, 66),
        (71, 81, 82),
    )
    for code in codes
}
_BORN_FIRST = 1900


def refuse_personal_data(texts: Iterable[tuple[str, str | None]]) -> None:
    """Refuses texts, each with its JSON pointer, that hold a citizen number. Raises PersonalData; it repeats none."""
    wrong = tuple(
        FieldError(pointer, PersonalData.code, "Send the text without the citizen number; the ledger never holds one.")
        for pointer, text in texts
        if text is not None and has_citizen_number(text)
    )
    if wrong:
        named = ", ".join(error.pointer for error in wrong)
        raise PersonalData(
            f"{named}: a citizen number stands here. Send the text without it, and name residents by resident_id.",
            errors=wrong,
        )


def texts_of(metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The keys and values of metadata with their pointers; the pointer of a wrong key does not repeat it."""
    for key, value in metadata.items():
        yield "/metadata", key
        if has_citizen_number(key):
            yield "/metadata", value
        else:
            yield f"/metadata/{key.replace('~', '~0').replace('/', '~1')}", value


def redacted(text: str | None) -> str | None:
    """The text, or REDACTED where a citizen number stands in it."""
    return REDACTED if text is not None and has_citizen_number(text) else text


def has_citizen_number(text: str) -> bool:
    """Whether a citizen number stands in a text, in any spelling of its digits."""
    if len(text) < NUMBER_LENGTH:
        return False
    plain = text if text.isascii() else _plain(text)
    if _holds(plain, has_right_check_digit):
        return True
    if plain.isascii():
        return False
    with_x = plain.translate(_READ_AS_X)
    return _holds(with_x, _is_plausible) or _holds(with_x.translate(_READ_AS_DIGITS), _is_plausible)


def _holds(text: str, is_number: Callable[[str], bool]) -> bool:
    """Whether a run of 18 characters in a text is a number, or its parts come to one that is plausible."""
    if _CANDIDATE.search(text) is None:
        return False
    if any(is_number(run.upper()) for run in _RUN.findall(text)):
        return True
    return any(_is_plausible(joined.upper()) for joined in _joined_parts(text))


def _plain(text: str) -> str:
    """The text with ASCII digits for those of any script, and without characters that nobody sees."""
    normal = unicodedata.normalize("NFKC", text).translate(_LIKE_X)
    return "".join(_digit_or_itself(c) for c in normal if unicodedata.category(c) != "Cf")


def _digit_or_itself(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _joined_parts(text: str) -> Iterator[str]:
    """What neighbouring parts of 18 characters in all come to, without what stands between them."""
    for found in _IN_PARTS.finditer(text):
        parts = _SEPARATED.split(found[0]) if len(found[0]) > NUMBER_LENGTH else []
        for first in range(len(parts) - 1):
            joined = parts[first]
            for part in parts[first + 1 :]:
                joined += part
                if len(joined) >= NUMBER_LENGTH:
                    break
            if len(joined) == NUMBER_LENGTH:
                yield joined


def _is_plausible(number: str) -> bool:
    """Whether a number could be a person's: its province, its birth date and its check character exist."""
    if number[:2] not in _PROVINCES or not has_right_check_digit(number):
        return False
    try:
        return birth_date(number).year >= _BORN_FIRST
    except ValueError:
        return False
