"""Takes off the signs that programs put around a cell, and refuses a cell that a program has spoilt.

A spreadsheet guards a number, so that it stays text, as ="00123" or '00123. A spoilt cell no longer tells its value:
an export writes 1.52501E+17 for a number of 18 digits.
"""

import re

from service.domain.texts import normal_text
from service.importing.nothing import refuse_ditto
from service.importing.quoting import shown
from service.importing.recognised import one_of, table_of, words_in

_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+")
_GUARDS = frozenset("='`‘’＇")
_QUOTED_FORMULA = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_TYPOGRAPHIC_GUARD = re.compile(r"[‘’＇]([0-9]+)", re.ASCII)
_NUMBER_OF_A_DATA_FRAME = re.compile(r"([0-9]+)\.0+", re.ASCII)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:[,，][0-9]{3})+(?:\.0+)?", re.ASCII)
_SCIENTIFIC = re.compile(r"[-+]?[0-9]+(?:(?:[.,][0-9]+)?[eE][-+]|[.,][0-9]+[eE])[0-9]{1,3}", re.ASCII)
_SPREADSHEET_ERROR = re.compile(
    r"#(?:REF|VALUE|DIV/0|NAME|NUM|NULL|SPILL|CALC|FIELD|BLOCKED|CONNECT|UNKNOWN|BUSY)[!?]?|#N/A|#GETTING_DATA|#{2,}"
    rf"|(?:{one_of(words_in('spreadsheet_errors'))})[:：][0-9]{{3}}",
    re.IGNORECASE,
)
_SPOILT_BEGIN = frozenset("0123456789+-#e") | {word[0] for word in words_in("spreadsheet_errors")}
_DATE_BEGIN = frozenset("0123456789JFMASOND")
_YEAR, _MONTH_SIGN, _DAY = (table_of("date_signs")[part] for part in ("year", "month", "day"))
_DATE_AND_TIME = re.compile(
    rf"[0-9]{{4}}[-/.{_YEAR}][0-9]{{1,2}}[-/.{_MONTH_SIGN}][0-9]{{1,2}}{_DAY[0]}?"
    r"[T ]*[0-9]{1,2}:[0-9]{2}(?::[0-9.]+)?Z?",
    re.ASCII,
)
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}"
    rf"|(?:[0-9]{{4}}{_YEAR})?[0-9]{{1,2}}{_MONTH_SIGN}(?:[0-9]{{1,2}}[{_DAY}])?"
    rf"|[0-9]{{1,2}}-{_MONTH}(?:-(?:[0-9]{{2}}){{1,2}})?|{_MONTH}-(?:[0-9]{{2}}){{1,2}}",
    re.ASCII,
)


def plain_cell(cell: str) -> str:
    """A cell in one line, in one spelling (domain.texts), without a spreadsheet's guards; "" for an empty cell.

    Raises ValueError on a formula, because the clerk sees the formula's result and not the formula.
    """
    cell = normal_text(cell)
    if not cell.isprintable():
        cell = normal_text(_BREAKS.sub(" ", cell))
    return _without_guard(cell) if cell[:1] in _GUARDS else cell


def _without_guard(cell: str) -> str:
    """The cell without its guard: ="00123" and '00123 are 00123. A guard tells a spreadsheet that a number is text.

    Raises ValueError on a formula.
    """
    if cell.startswith("="):
        match = _QUOTED_FORMULA.fullmatch(cell)
        if match is None:
            raise ValueError(f"{shown(cell)} is a formula; send its result, as text.")
        return plain_cell(match[1].replace('""', '"'))
    if match := _TYPOGRAPHIC_GUARD.fullmatch(cell):
        return match[1]
    if cell[0] not in "'`":
        return cell
    rest = cell[1:].removesuffix(cell[0])
    # When the sign occurs again, it may be a guard or a part of a name. So the cell is kept as it is.
    return cell if cell[0] in rest else normal_text(rest)


def text(cell: str) -> str:
    """The text, unchanged. Raises ValueError on a text that a spreadsheet has made of another value, and on 同上."""
    refuse_ditto(cell)
    if cell[0] not in _SPOILT_BEGIN:
        return cell
    if _SCIENTIFIC.fullmatch(cell):
        raise ValueError(
            f"{shown(cell)} is what a spreadsheet has left of a long number; format the column as text and type it "
            "again."
        )
    if _SPREADSHEET_ERROR.fullmatch(cell):
        raise ValueError(f"{shown(cell)} is an error of the spreadsheet; send a value.")
    return cell


def code(cell: str) -> str:
    """The number of a lot, a plate or a key. "123.0" is 123: a data frame writes it so in a column with empty cells.

    Raises ValueError on a text that a spreadsheet has made of another number: 1.52501E+17, 20,240,401, a date with a
    time.
    """
    if not cell[0].isdigit() or cell.isdigit():
        return text(cell)
    if match := _NUMBER_OF_A_DATA_FRAME.fullmatch(cell):
        return match[1]
    if _GROUPED.fullmatch(cell):
        raise ValueError(f"{shown(cell)} has separators of thousands; send the digits as they are on the document.")
    if _DATE_AND_TIME.fullmatch(cell):
        raise ValueError(_made_a_date(cell))
    return text(cell)


def document_number(cell: str) -> str:
    """The number of a document. Raises ValueError on a date: a spreadsheet turns 1-2 into 1月2日 or 2024/1/2."""
    if cell[0] in _DATE_BEGIN and not cell.isdigit() and _DATE.fullmatch(cell):
        raise ValueError(_made_a_date(cell))
    return code(cell)


def _made_a_date(cell: str) -> str:
    return f"{shown(cell)} is a date that a spreadsheet has made of it; format the column as text and type it again."
