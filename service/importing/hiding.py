"""Hides citizen numbers in what is said about a file, in whichever cell they stand, right or mistyped."""

import re

from service.domain.personal_data import REDACTED, has_citizen_number

_BETWEEN = r"[\s\-_./,:·]{0,2}"
_NO_ID = r"(?<!\d)(?!(?<=R)\d{8}\b)(?!(?<=G)\d{6}\b)"
_LONG_NUMBER = re.compile(rf"{_NO_ID}\d(?:{_BETWEEN}\d){{13,}}{_BETWEEN}[\dXx\u0425\u0445]")
"""Runs of 15 digits and more, in any script, with signs between them: 15 is the length of the older numbers.
The ids of residents and groups are no part of one."""

_SHOWN = 4


def hide_numbers(text: str) -> str:
    """The text with the first and the last four characters of each long number, and stars between them.

    A text that still has a citizen number, in Han digits for example, is hidden whole.
    """
    hidden = _LONG_NUMBER.sub(lambda found: f"{found[0][:_SHOWN]}{'*' * 10}{found[0][-_SHOWN:]}", text)
    return REDACTED if has_citizen_number(hidden) else hidden
