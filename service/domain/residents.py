"""Residents: their ids, citizen numbers (GB 11643-1999), names and masks, and whether they may trade on a day."""

import datetime
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from service.domain.texts import normal_text

Status = Literal["active", "suspended", "cancelled"]
STATUSES: tuple[Status, ...] = ("active", "suspended", "cancelled")

ORDINAL_MAX = 99_999_999
RESIDENT_ID_LENGTH = len("R00000001")
NAME_LENGTH_MIN, NAME_LENGTH_MAX = 2, 60
_RESIDENT_ID = re.compile(r"R([0-9]{8})", re.ASCII)
_CITIZEN_NUMBER = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"

_MIDDLE_DOT = "\u00b7"
_OTHER_DOTS = str.maketrans({"\u2022": _MIDDLE_DOT, "\u30fb": _MIDDLE_DOT})
# The Mongolian script uses variation selectors, a vowel separator and a narrow space inside of words.
_MONGOLIAN_JOINERS = frozenset("\u180b\u180c\u180d\u180e\u180f\u202f")
_NAME_SIGNS = frozenset(f" -.'’{_MIDDLE_DOT}") | _MONGOLIAN_JOINERS


def resident_id(ordinal: int) -> str:
    """The public id of a resident: ordinal 7 is "R00000007"."""
    return f"R{ordinal:08d}"


def parse_resident_id(text: str) -> int:
    """The ordinal of a public id. Raises ValueError that says what to send."""
    digits = text[1:]
    if len(text) == RESIDENT_ID_LENGTH and text[0] == "R" and digits.isdigit() and digits.isascii():
        ordinal = int(digits)
        if ordinal:
            return ordinal  # Nearly all ids return here, in half the time of the pattern.
    match = _RESIDENT_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send a resident id as "R" and 8 digits, such as "R00000001".')
    return int(match[1])


def parse_citizen_number(text: str) -> str:
    """The number with an upper-case X, checked by GB 11643-1999: 17 digits, an existing birth date, ISO 7064 MOD 11-2.

    Other spellings of the same number (spaces, full-width digits, 15 digits) are refused, because one person could then
    register twice. Raises ValueError, which never repeats the number.
    """
    number = text.upper() if text.endswith("x") else text
    if _CITIZEN_NUMBER.fullmatch(number) is None:
        raise ValueError("Send the 18 characters of the citizen number without spaces: 17 digits and a digit or X.")
    if not has_right_check_digit(number):
        raise ValueError("The check character does not fit the other 17 digits; read the number again.")
    birth_date(number)
    return number


def has_right_check_digit(number: str) -> bool:
    """Whether the last of 18 characters (17 digits, then a digit or X) is the check character of the others."""
    return _CHECK_DIGITS[sum(w * int(d) for w, d in zip(_WEIGHTS, number, strict=False)) % 11] == number[-1]


def birth_date(number: str) -> datetime.date:
    """The date of birth inside a citizen number. Raises ValueError when there is no such date."""
    try:
        return datetime.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueError("The birth date inside the citizen number does not exist; read the number again.") from None


def parse_name(text: str) -> str:
    """The name in its normal form: that of every text (domain.texts), with one kind of middle dot.

    Raises ValueError that says what to send.
    """
    name = normal_text(text).translate(_OTHER_DOTS)
    if not NAME_LENGTH_MIN <= len(name) <= NAME_LENGTH_MAX:
        raise ValueError(f"Send a name of {NAME_LENGTH_MIN} to {NAME_LENGTH_MAX} characters.")
    if not all(c in _NAME_SIGNS or unicodedata.category(c)[0] in "LM" for c in name):
        raise ValueError("A name has letters of any script, spaces inside, and the signs · - . ' only.")
    if unicodedata.category(name[0])[0] != "L":
        raise ValueError("A name begins with a letter.")
    return name


def mask_name(name: str) -> str:
    """The first and the last character with four stars between, for any length: 阿****格 (docs/RULES.md).

    A name of two characters would be shown whole, so 李明 becomes 李*; of a name of one character nothing is shown.
    Only letters count, each with the marks that belong to it: 李·明 has two, and so may Mongolian letters with their
    variant marks.
    """
    characters = _characters_of(name)
    letters = [character for character in characters if unicodedata.category(character[0])[0] == "L"]
    if len(letters) < 2:
        return "*"
    return f"{letters[0]}*" if len(letters) == 2 else f"{characters[0]}****{characters[-1]}"


def _characters_of(name: str) -> list[str]:
    """The characters as a reader counts them: marks and joiners belong to the character before."""
    found: list[str] = []
    for character in name:
        if found and (character in _MONGOLIAN_JOINERS or unicodedata.category(character)[0] == "M"):
            found[-1] += character
        else:
            found.append(character)
    return found


def mask_citizen_number(number: str) -> str:
    """The first and the last four characters, with stars between them: 1525**********1238."""
    return f"{number[:4]}{'*' * 10}{number[-4:]}"


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A status and the first day on which it holds."""

    effective_on: datetime.date
    status: Status


def status_on(statuses: Sequence[StatusChange], day: datetime.date) -> Status:
    """The status on a day, from dated statuses in the order of their days; active before the first of them."""
    if is_cancelled_on(statuses, day):
        return "cancelled"
    return next((change.status for change in reversed(statuses) if change.effective_on <= day), "active")


def is_cancelled_on(statuses: Sequence[StatusChange], day: datetime.date) -> bool:
    """Whether a cancellation takes effect on or before a day. No later status ends a cancellation."""
    return any(change.status == "cancelled" and change.effective_on <= day for change in statuses)


@dataclass(frozen=True, slots=True)
class Membership:
    """The group that a resident is in from a day on; None when the resident has left and joined no other group."""

    effective_on: datetime.date
    group: int | None


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What decides whether a resident may trade: the registration, the dated statuses and memberships, oldest first.

    When two facts have the same day, the one that was recorded later counts. A cancellation is final: the resident is
    cancelled from its day on, also when other statuses are recorded before or after it.
    """

    ordinal: int
    registered_on: datetime.date
    valid_until: datetime.date | None
    settlement: str | None
    statuses: Sequence[StatusChange] = ()
    memberships: Sequence[Membership] = ()

    def status_on(self, day: datetime.date) -> Status:
        """The recorded status on a day; a resident without any change is active."""
        return status_on(self.statuses, day) if self.statuses else "active"

    def shown_on(self, day: datetime.date) -> str:
        """The status that callers see: an active resident whose registration has expired is "expired"."""
        status = self.status_on(day)
        has_expired = self.valid_until is not None and self.valid_until < day
        return "expired" if status == "active" and has_expired else status

    def group_on(self, day: datetime.date) -> int | None:
        """The ordinal of the group that the resident is in on a day; None without a group."""
        if not self.memberships:
            return None
        return next((m.group for m in reversed(self.memberships) if m.effective_on <= day), None)

    def is_joined_on(self, day: datetime.date, group: int) -> bool:
        """Whether the membership that holds on a day is in this group and begins on this day."""
        known = next((m for m in reversed(self.memberships) if m.effective_on <= day), None)
        return known == Membership(day, group)

    def why_not_active(self, day: datetime.date) -> str | None:
        """Why the resident may not trade on a day, as a part of a sentence; None when the resident is active."""
        if day < self.registered_on:
            return f"is registered from {self.registered_on} on"
        if self.valid_until is not None and day > self.valid_until:
            return f"was registered until {self.valid_until}"
        status = self.status_on(day)
        return None if status == "active" else f"is {status}"

    def is_cancelled_on(self, day: datetime.date) -> bool:
        """Whether a cancellation takes effect on or before a day. No later status ends a cancellation."""
        return is_cancelled_on(self.statuses, day)
