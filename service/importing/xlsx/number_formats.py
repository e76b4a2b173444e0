"""What a number looks like under a spreadsheet's number format: 123 under 000000 is 000123, and so its document.

The formats are those of ECMA-376, 18.8.30 and 18.8.31, as Excel, WPS and LibreOffice write them. What is not
understood is not guessed: `show` says None.
"""

import decimal
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.importing.recognised import one_of, words_in
from service.importing.xlsx.date_formats import DateFormat, date_format, is_date_format

DIGITS_SHOWN_MAX = 15
"""So many digits a spreadsheet keeps of a number; those beyond are the noise of binary fractions."""

SECTIONS_MAX = 4
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""The built-in number formats that show a date or time, the East Asian ones included."""

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)",
    41: '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ ', 42: '_ ¥* #,##0_ ;_ ¥* -#,##0_ ;_ ¥* "-"_ ;_ @_ ',
    43: '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', 44: '_ ¥* #,##0.00_ ;_ ¥* -#,##0.00_ ;_ ¥* "-"??_ ;_ @_ ',
    48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The built-in formats that a workbook names by number only; of currencies, the one of a Chinese installation."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|_(?P<blank>.)|\*(?P<filling>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]'
    rf"|\[(?P<colour>[A-Za-z]+|[^\x00-\x7f]+|(?:{one_of(words_in('colour'))}) ?[0-9]+)\]"
    rf"|(?P<general>{one_of(words_in('general_format'))})"
    r"|(?P<digit>[0#?])|(?P<sign>[.,%@;])|(?P<plain>[-+$():^&'~{}<>= 1-9]|[^\x00-\x7f])",
    re.IGNORECASE,
)

_BARE_TEXT = re.compile(r"(?:\[[^\]]*\]|_.|\* |\s)*@(?:_.|\* |\s)*")


class Digit(str):
    """A placeholder: "0" shows a zero where there is no digit, "?" a blank, "#" nothing. Other texts are literals."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One of the up to four parts of a format: literals, and placeholders for the digits of a number.

    A section without placeholders shows the whole number (`is_general`), a text (`is_text`), or its literals only.
    """

    before: str
    after: str
    is_general: bool = False
    is_text: bool = False
    integer: tuple[str, ...] = ()
    fraction: tuple[str, ...] = ()
    has_point: bool = False
    is_grouped: bool = False
    thousands: int = 0
    percents: int = 0

    def show(self, number: decimal.Decimal) -> str:
        """A number that is not negative, in this section."""
        if self.is_general:
            return f"{self.before}{number.normalize():f}{self.after}"
        if not self.integer and not self.fraction:
            return f"{self.before}{self.after}"
        number = number.scaleb(2 * self.percents - 3 * self.thousands)
        places = sum(1 for part in self.fraction if isinstance(part, Digit))
        rounded = number.quantize(decimal.Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP)
        whole, _, decimals = f"{rounded:f}".partition(".")
        integer = _place_integer(self.integer, "" if whole == "0" else whole, is_grouped=self.is_grouped)
        point = "." if self.has_point else ""
        return f"{self.before}{integer}{point}{_place_fraction(self.fraction, decimals)}{self.after}"


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A number format; `sections` is None where it is not understood."""

    code: str
    date: DateFormat | None
    """What it tells of the time; None where it shows no date."""
    sections: tuple[Section, ...] | None

    def show(self, number: float) -> str | None:
        """The number as the spreadsheet shows it; None where that can't be told."""
        numeric = tuple(section for section in self.sections or () if not section.is_text)
        if not numeric:
            return None
        value = decimal.Decimal(f"{number:.{DIGITS_SHOWN_MAX}g}")
        if value > 0 or (value == 0 and len(numeric) < SECTIONS_MAX - 1):
            return numeric[0].show(value)
        if value == 0:
            return numeric[2].show(value)
        return f"-{numeric[0].show(-value)}" if len(numeric) == 1 else numeric[1].show(-value)

    @property
    def plain(self) -> tuple[int, str] | None:
        """Of a format that rounds a positive number and puts something around it: to how many decimals, and what.

        None where it does more: a share, thousands, signs between digits.
        """
        first = self.sections[0] if self.sections else None
        if first is None or not first.integer or first.thousands or first.percents:
            return None
        if any(part != "0" for part in first.fraction) or not all(isinstance(part, Digit) for part in first.integer):
            return None
        return len(first.fraction), first.before + first.after

    @property
    def changes_text(self) -> bool:
        """Whether text in such a cell is shown with something around it: the format "DOC-"@ shows 1 as DOC-1."""
        return self._is_odd_for_text or bool((self._around_text[0] + self._around_text[1]).strip())

    def show_text(self, text: str) -> str | None:
        """Text as the spreadsheet shows it; None where that can't be told."""
        if self._is_odd_for_text:
            return None
        before, after = self._around_text
        return f"{before}{text}{after}"

    @property
    def _is_odd_for_text(self) -> bool:
        """Whether the format is not understood, and has a section for texts with more than the text."""
        if self.sections is not None or self.date is not None:
            return False
        return any("@" in part and _BARE_TEXT.fullmatch(part) is None for part in self.code.split(";"))

    @property
    def _around_text(self) -> tuple[str, str]:
        return next(((one.before, one.after) for one in self.sections or () if one.is_text), ("", ""))


@functools.cache
def number_format(code: str) -> NumberFormat:
    """The format of a code, such as 000000 or "DOC-"000."""
    if is_date_format(code):
        return NumberFormat(code, date_format(code), sections=None)
    return NumberFormat(code, date=None, sections=_sections(code))


def _sections(code: str) -> tuple[Section, ...] | None:
    """The sections; None for a condition, a fraction, an exponent, a filling, or whatever else is not known."""
    parts: list[list[re.Match[str]]] = [[]]
    place = 0
    while place < len(code):
        match = _TOKEN.match(code, place)
        if match is None or (match["filling"] or " ") != " ":
            # How often a character is repeated is up to the width of the column: *0# shows 123 as 00000123.
            return None
        if match["sign"] == ";":
            parts.append([])
        else:
            parts[-1].append(match)
        place = match.end()
    sections = [_section(part) for part in parts]
    known = tuple(section for section in sections if section is not None)
    return known if len(known) == len(parts) <= SECTIONS_MAX else None


def _section(tokens: Sequence[re.Match[str]]) -> Section | None:
    digits = [place for place, token in enumerate(tokens) if token["digit"]]
    others = [token for token in tokens if token["general"] or token["sign"] == "@"]
    if len(others) > 1 or (others and digits):
        return None
    if others:
        place = tokens.index(others[0])
        return _bare(tokens[:place], tokens[place + 1 :], others[0])
    if not digits:
        return _bare(tokens, (), None)
    return _numeric(tokens, digits[0], digits[-1])


def _bare(
    before: Sequence[re.Match[str]], after: Sequence[re.Match[str]], middle: re.Match[str] | None
) -> Section | None:
    """A section without digits: the whole number, a text, or literals only, which hide the number."""
    if any(token["sign"] for token in (*before, *after)):
        return None
    return Section(
        before=_literals(before),
        after=_literals(after),
        is_general=middle is not None and middle["general"] is not None,
        is_text=middle is not None and middle["sign"] is not None,
    )


def _numeric(tokens: Sequence[re.Match[str]], first: int, last: int) -> Section | None:
    points = [place for place, token in enumerate(tokens) if token["sign"] == "."]
    if len(points) > 1:
        return None
    point = points[0] if points else None
    first, last = (first, last) if point is None else (min(first, point), max(last, point))
    middle, end = tokens[first : last + 1], last + 1
    while end < len(tokens) and tokens[end]["sign"] == ",":
        end += 1
    split = len(middle) if point is None else point - first
    integer, fraction = list(middle[:split]), middle[split + 1 :]
    thousands = end - last - 1
    while integer and integer[-1]["sign"] == ",":
        integer.pop()
        thousands += 1
    is_grouped = any(token["sign"] == "," for token in integer)
    outside = [*tokens[:first], *tokens[end:]]
    inside = [token for token in [*integer, *fraction] if token["sign"] not in {None, ","}]
    if inside or any(token["sign"] not in {None, "%"} for token in outside):
        return None
    return Section(
        before=_literals(tokens[:first]),
        after=_literals(tokens[end:]),
        integer=_parts(integer),
        fraction=_parts(fraction),
        has_point=point is not None,
        is_grouped=is_grouped,
        thousands=thousands,
        percents=sum(token["sign"] == "%" for token in outside),
    )


def _parts(tokens: Sequence[re.Match[str]]) -> tuple[str, ...]:
    return tuple(Digit(token["digit"]) if token["digit"] else _literal(token) for token in tokens if not token["sign"])


def _literals(tokens: Sequence[re.Match[str]]) -> str:
    return "".join(map(_literal, tokens))


def _literal(token: re.Match[str]) -> str:
    """What a token shows by itself: nothing for a colour or a filling, a blank of the width of a character."""
    if token["blank"]:
        return " "
    if token["sign"] == "%":
        return "%"
    return token["quoted"] or token["escaped"] or token["currency"] or token["plain"] or ""


def _place_integer(parts: Sequence[str], digits: str, *, is_grouped: bool) -> str:
    """The digits from the right into their places; those that are left stand in front of the first one."""
    left, shown, count = list(digits), list[str](), 0
    first = next((place for place, part in enumerate(parts) if isinstance(part, Digit)), None)
    for place in range(len(parts) - 1, -1, -1):
        part = parts[place]
        if not isinstance(part, Digit):
            shown.append(part)
            continue
        found = [left.pop()] if left else [{"0": "0", "?": " ", "#": ""}[part]]
        if place == first:
            found += reversed(left)
        for digit in found:
            shown += [",", digit] if is_grouped and count and count % 3 == 0 and digit.strip() else [digit]
            count += 1
    return "".join(reversed(shown if first is not None else [*shown, digits]))


def _place_fraction(parts: Sequence[str], digits: str) -> str:
    shown, rest = "", digits
    for part in parts:
        if not isinstance(part, Digit):
            shown += part
            continue
        digit, rest = rest[:1], rest[1:]
        if part == "0" or digit != "0" or rest.strip("0"):
            shown += digit
        elif part == "?":
            shown += " "
    return shown
