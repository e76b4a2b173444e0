"""Finds what a spreadsheet's date format shows besides the date: the name of a zone, and decimals of the second."""

import functools
import re
import unicodedata
from dataclasses import dataclass

from service.importing.recognised import letters_in, one_of, table_of, words_in

_DATE_LETTERS = re.compile(r"[ymdhs]", re.IGNORECASE)
_NOT_SHOWN_AS_DATE = re.compile(r'"[^"]*"|[\\!].|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]'
    rf"|(?P<time>\[?[hs]+\]?|AM/PM|A/P|{'/'.join(table_of('halves_of_the_day').values())})"
    r"|(?P<date>\[m+\]|y+|m+|d+|e+|g+|b+|aaaa?)|\[[^\]]*\]|(?P<end>;)|(?P<plain>.)",
    re.IGNORECASE | re.DOTALL,
)
_PLACE = "\0"
"""This character stands for a part of the date or time among the literals of a format."""

_OF_THE_MARKET = re.compile(
    r"(?:utc|gmt)? ?\+ ?0?8(?::?00)?(?![0-9:])|china standard time"
    rf"|(?:{one_of(words_in('market_places'))})(?:{letters_in('standard')})?(?:{one_of(words_in('times'))})?",
    re.IGNORECASE,
)
_ZONE = re.compile(
    r"(?<![^\W_])(?:utc|gmt|ut|z|[a-z]{1,3}[sd]t|msk|ulat|[a-z]+(?: standard)? time"
    rf"|{one_of(words_in('other_zone_letters'))})(?![^\W_])"
    rf"|{one_of(words_in('other_zones'))}|(?:{one_of(words_in('other_places'))})(?:{one_of(words_in('other_times'))})"
    r"|[-+−] ?[0-9]{1,2}(?::?[0-9]{2})?(?![0-9])",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+")
_UNITS = frozenset(words_in("time_units"))
"""Words that a format may put behind the time. Any other word there is taken for the name of a zone."""

_POINTS = frozenset({".", ","})


@dataclass(frozen=True, slots=True)
class DateFormat:
    """What a date format shows of the time."""

    names_zone: bool
    """Whether the format shows the name of another zone than the market's beside the time."""
    shows_decimals: bool
    """Whether the format shows parts of the second."""


def is_date_format(code: str) -> bool:
    """Whether a number format such as yyyy"年"m"月" shows a date or a time; "General" and [Red]0.00 do not."""
    return _DATE_LETTERS.search(_NOT_SHOWN_AS_DATE.sub("", code)) is not None


@functools.cache
def date_format(code: str) -> DateFormat:
    """Reads a format's code. It reads the first section only, because this is the section for dates."""
    literals = ""
    has_time = shows_decimals = after_time = False
    for token in _TOKEN.finditer(code):
        if token["end"]:
            break
        if token["time"] or token["date"]:
            literals += _PLACE
            has_time = has_time or bool(token["time"])
            after_time = "s" in (token["time"] or "").casefold()
            continue
        text = token["quoted"] or token["escaped"] or token["currency"] or token["plain"] or ""
        shows_decimals = shows_decimals or (after_time and text in _POINTS and code[token.end() :].startswith("0"))
        after_time = False
        literals += text
    literals = _OF_THE_MARKET.sub(" ", unicodedata.normalize("NFKC", literals))
    behind = literals.rpartition(_PLACE)[2]
    has_odd_word = has_time and any(word.casefold() not in _UNITS for word in _WORD.findall(behind))
    return DateFormat(has_odd_word or _ZONE.search(literals) is not None, shows_decimals)
