"""Hides citizen numbers in what is said about a file, in whichever cell they stand, right or mistyped."""

import re

from service.domain.errors import Refusal
from service.domain.personal_data import REDACTED, has_citizen_number

_BETWEEN = r"[\s\-_./,:·]{0,2}"
_NO_ID = r"(?<!\d)(?!(?<=R)\d{8}\b)(?!(?<=G)\d{6}\b)"
_TRADE_ID = r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])"
_LONG_NUMBER = re.compile(rf"(?P<id>{_TRADE_ID})|{_NO_ID}\d(?:{_BETWEEN}\d){{13,}}{_BETWEEN}[\dXx\u0425\u0445]")
"""Runs of 15 digits and more, in any script, with signs between them: 15 is the length of the older numbers.
The ids of residents, groups and trades are no part of one."""

_CELLS = re.compile(r"([,;\t|])")
_SHOWN = 4


def hide_numbers(text: str) -> str:
    """The text with the first and the last four characters of each long number, and stars between them.

    A text that still has a citizen number, in Han digits for example, is hidden whole.
    """
    hidden = _LONG_NUMBER.sub(_masked, text)
    return REDACTED if has_citizen_number(hidden) else hidden


def hide_in_parts(*parts: str) -> str:
    """The parts of a sentence with a colon between them; the numbers of each part are hidden by themselves.

    A part may end in digits and the next one begin with some, which would together be taken for one long number.
    """
    return ": ".join(map(hide_numbers, parts))


def hide_in_line(line: str) -> str:
    """A line of a file with its citizen numbers hidden, and everything else as it is.

    Unlike a message, it keeps other long numbers, because they may be all that a clerk knows the line by.
    """
    if not has_citizen_number(line):
        return line
    cells = _CELLS.split(line)
    hidden = "".join(hide_numbers(cell) if has_citizen_number(cell) else cell for cell in cells)
    return hide_numbers(line) if has_citizen_number(hidden) else hidden


def hidden_fields(refusal: Refusal) -> str:
    """The fields that a refusal names and what to send there, or its sentence; citizen numbers are hidden in each."""
    fields = [hide_in_parts(error.pointer.lstrip("/"), error.detail) for error in refusal.errors]
    return " ".join(fields) or hide_numbers(refusal.detail)


def _masked(found: re.Match[str]) -> str:
    return found[0] if found["id"] else f"{found[0][:_SHOWN]}{'*' * 10}{found[0][-_SHOWN:]}"
