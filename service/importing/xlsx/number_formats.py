"""Shows a number as a spreadsheet shows it under a number format: the document number 123 under 000000 is 000123.

The formats are those of ECMA-376, 18.8.30 and 18.8.31, as Excel, WPS and LibreOffice write them. A format that is not
understood is not guessed: `show` returns None.
"""

import decimal
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.importing.recognised import one_of, words_in
from service.importing.xlsx.date_formats import DateFormat, date_format, is_date_format

DIGITS_SHOWN_MAX = 15
"""A spreadsheet keeps so many digits of a number. The digits after these are the noise of binary fractions."""

SECTIONS_MAX = 4
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""The built-in number formats that show a date or time, with those of East Asia."""

BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    37: "#,##0 ;(#,##0)", 38: "#,##0 ;[Red](#,##0)", 39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;[Red](#,##0.00)",
    41: '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ ', 42: '_ ¥* #,##0_ ;_ ¥* -#,##0_ ;_ ¥* "-"_ ;_ @_ ',
    43: '_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ ', 44: '_ ¥* #,##0.00_ ;_ ¥* -#,##0.00_ ;_ ¥* "-"??_ ;_ @_ ',
    48: "##0.0E+0", 49: "@",
}  # fmt: skip
"""The built-in formats that a workbook names by number only. The currency is that of a Chinese installation."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"|[\\!](?P<escaped>.)|_(?P<blank>.)|\*(?P<filling>.)|\[\$(?P<currency>[^\]-]*)(?:-[^\]]*)?\]'
    rf"|\[(?P<colour>[A-Za-z]+|[^\x00-\x7f]+|(?:{one_of(words_in('colour'))}) ?[0-9]+)\]"
    rf"|(?P<general>{one_of(words_in('general_format'))})"
    r"|(?P<digit>[0#?])|(?P<sign>[.,%@;])|(?P<plain>[-+$():^&'~{}<>= 1-9]|[^\x00-\x7f])",
    re.IGNORECASE,
)

_BARE_TEXT = re.compile(r"(?:\[[^\]]*\]|_.|\* |\s)*@(?:_.|\* |\s)*")


class Digit(str):
    """A placeholder: without a digit, "0" shows a zero, "?" a blank, "#" nothing. Texts of other types are literals."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One of the parts of a format, which has four at most: literals, and placeholders for the digits of a number.

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
        """The text that this section shows for a number, which must not be negative."""
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
    """A number format. `sections` is None when the format shows a date, or is not understood."""

    code: str
    date: DateFormat | None
    """What the format shows of the time; None when it shows no date."""
    sections: tuple[Section, ...] | None

    def show(self, number: float) -> str | None:
        """The number as the spreadsheet shows it; None when that is not known."""
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
        """The number of decimals, and the text around the number, of a format that rounds and adds text only.

        It holds for positive numbers. None for a format that does more: a share, thousands, signs between digits.
        """
        first = self.sections[0] if self.sections else None
        if first is None or not first.integer or first.thousands or first.percents:
            return None
        if any(part != "0" for part in first.fraction) or not all(isinstance(part, Digit) for part in first.integer):
            return None
        return len(first.fraction), first.before + first.after

    @property
    def changes_text(self) -> bool:
        """Whether the format may change how text is shown: the format "DOC-"@ shows the text 1 as DOC-1."""
        return self._is_odd_for_text or bool((self._around_text[0] + self._around_text[1]).strip())

    def show_text(self, text: str) -> str | None:
        """The text as the spreadsheet shows it; None when that is not known."""
        if self._is_odd_for_text:
            return None
        before, after = self._around_text
        return f"{before}{text}{after}"

    @property
    def _is_odd_for_text(self) -> bool:
        """Whether the format is not understood, and has a section for text that shows more than the text."""
        if self.sections is not None or self.date is not None:
            return False
        return any("@" in part and _BARE_TEXT.fullmatch(part) is None for part in self.code.split(";"))

    @property
    def _around_text(self) -> tuple[str, str]:
        return next(((one.before, one.after) for one in self.sections or () if one.is_text), ("", ""))


@functools.cache
def number_format(code: str) -> NumberFormat:
    """The format that a code describes, such as 000000 or "DOC-"000."""
    if is_date_format(code):
        return NumberFormat(code, date_format(code), sections=None)
    return NumberFormat(code, date=None, sections=_sections(code))


def _sections(code: str) -> tuple[Section, ...] | None:
    """The sections of a code; None when it has a condition, a fraction, an exponent, a filling, or an unknown part."""
    parts: list[list[re.Match[str]]] = [[]]
    place = 0
    while place < len(code):
        match = _TOKEN.match(code, place)
        if match is None or (match["filling"] or " ") != " ":
            # *0 repeats a character up to the width of the column, which is not known: *0# may show 123 as 00000123.
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
    """A section without digits, or None for one that is not understood.

    Such a section shows the whole number, a text, or its literals only, so that the number is hidden.
    """
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
    """The text that a token shows: nothing for a colour or a filling, one blank for a space of a character's width."""
    if token["blank"]:
        return " "
    if token["sign"] == "%":
        return "%"
    return token["quoted"] or token["escaped"] or token["currency"] or token["plain"] or ""


def _place_integer(parts: Sequence[str], digits: str, *, is_grouped: bool) -> str:
    """Puts the digits into the placeholders, from right to left. Digits that remain go before the first one."""
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
