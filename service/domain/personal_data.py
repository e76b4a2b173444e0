"""Finds citizen numbers in free texts, where they do not belong, so that no citizen number is stored in clear text.

See docs/RULES.md, Personal data: 18 characters with a right check digit never enter the ledger. A run of exactly 18
characters is judged by its check digit alone. A number that is written in parts ("152501 19900101 1238") must also have
a province and a birth date that exist, because parts of other numbers can stand side by side as well. The same holds
for a number with Han digits or with another sign for its X. Longer runs of digits are document numbers, not citizen
numbers.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping

from service.domain.errors import FieldError, PersonalData
from service.domain.residents import birth_date, has_right_check_digit

NUMBER_LENGTH = 18
REDACTED = "*"
"""In the records of a refused request, this takes the place of a text with a citizen number."""

_BETWEEN = r"\s\-_./,:·•・、‐-―−()\[\]{}<>〈〉《》「」『』【】〔〕*+|~〜'\"‘’“”"
_CANDIDATE = re.compile(rf"(?:[0-9][{_BETWEEN}]{{0,3}}){{17}}[0-9Xx]")
"""Every spelling has 18 characters with little between them. Only the few texts that have this are examined further."""

_RUN = re.compile(r"(?<![0-9])[0-9]{17}[0-9Xx](?![0-9])")
_SEPARATORS = rf"[{_BETWEEN}]{{1,3}}"
_IN_PARTS = re.compile(rf"(?<![0-9])[0-9]+(?:{_SEPARATORS}[0-9]+)*(?:(?:{_SEPARATORS})?[Xx](?![0-9A-Za-z]))?")
_SEPARATED = re.compile(_SEPARATORS)
# The Cyrillic letter looks like the check character X, and a Mongolian keyboard has it in the place of the X.
_LIKE_X = str.maketrans("\N{CYRILLIC CAPITAL LETTER HA}\N{CYRILLIC SMALL LETTER HA}", "XX")
# These signs are sometimes written for X, and the Han digits 〇零一二三四五六七八九 for digits.
# In most texts they mean something else.
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
    """Raises PersonalData when texts, each with its JSON pointer, hold a citizen number. The error repeats none."""
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


def refuse_persons_number(pointer: str, code: str) -> None:
    """Raises PersonalData when a code of another kind may be a person's citizen number. The error does not repeat it.

    Other codes of 18 digits fit the check character by chance. So the province and the birth date must exist too.
    """
    if has_citizen_number(code) and _is_plausible(code):
        refuse_personal_data([(pointer, code)])


def texts_of(metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yields the keys and values of metadata with their pointers. The pointer of a refused key does not contain it."""
    for key, value in metadata.items():
        yield "/metadata", key
        if has_citizen_number(key):
            yield "/metadata", value
        else:
            yield f"/metadata/{key.replace('~', '~0').replace('/', '~1')}", value


def redacted(text: str | None) -> str | None:
    """The text, or REDACTED when it contains a citizen number."""
    return REDACTED if text is not None and has_citizen_number(text) else text


def has_citizen_number(text: str) -> bool:
    """Whether a text contains a citizen number, in any spelling of its digits."""
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
    """Whether a run of 18 characters in a text is a number, or neighbouring parts make a plausible number together."""
    if _CANDIDATE.search(text) is None:
        return False
    if any(is_number(run.upper()) for run in _RUN.findall(text)):
        return True
    return any(_is_plausible(joined.upper()) for joined in _joined_parts(text))


def _plain(text: str) -> str:
    """The text with ASCII digits in the place of other scripts' digits, and without invisible characters."""
    normal = unicodedata.normalize("NFKC", text).translate(_LIKE_X)
    return "".join(_digit_or_itself(c) for c in normal if unicodedata.category(c) != "Cf")


def _digit_or_itself(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _joined_parts(text: str) -> Iterator[str]:
    """Yields neighbouring parts that have 18 characters together, joined without the separators."""
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
    """Whether a number may be a person's: its province and birth date exist, and its check character is right."""
    if number[:2] not in _PROVINCES or not has_right_check_digit(number):
        return False
    try:
        return birth_date(number).year >= _BORN_FIRST
    except ValueError:
        return False
