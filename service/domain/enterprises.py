"""Enterprises (企业): processors and traders of the second market, with their unified social credit codes.

See docs/RULES.md, Enterprises.
"""

import datetime
import re
import unicodedata
from collections.abc import Sequence
from typing import Literal, NamedTuple

from service.domain.errors import EnterpriseNotActive, ValidationFailed
from service.domain.personal_data import refuse_personal_data, refuse_persons_number
from service.domain.residents import StatusChange, is_cancelled_on, status_on
from service.domain.texts import normal_text

EnterpriseKind = Literal["processor", "trader"]
ENTERPRISE_KINDS: tuple[EnterpriseKind, ...] = ("processor", "trader")

ENTERPRISE_NUMBER_MAX = 99_999_999
ENTERPRISE_NAME_LENGTH_MIN, ENTERPRISE_NAME_LENGTH_MAX = 2, 100
CREDIT_CODE_LENGTH = 18
CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100-2015; I, O, S, V and Z are left out, because they look like others."""

_ENTERPRISE_ID = re.compile(r"E([0-9]{8})", re.ASCII)
_CREDIT_CODE = re.compile(f"[{CREDIT_CODE_CHARACTERS}{CREDIT_CODE_CHARACTERS.lower()}]{{{CREDIT_CODE_LENGTH}}}")


class NewEnterprise(NamedTuple):
    """An enterprise as the caller states it; it is registered from a day on, to another day or without an end."""

    name: str
    credit_code: str
    kinds: tuple[EnterpriseKind, ...]
    valid_from: datetime.date
    valid_until: datetime.date | None


class Enterprise(NamedTuple):
    """A registered enterprise with its dated statuses, in the order of their days.

    When two statuses have the same day, the one that was recorded later counts. A cancellation is final: the enterprise
    is cancelled from its day on, also when other statuses are recorded before or after it.
    """

    number: int
    name: str
    credit_code: str
    kinds: tuple[EnterpriseKind, ...]
    valid_from: datetime.date
    valid_until: datetime.date | None
    recorded_at: datetime.datetime
    recorded_by: int
    statuses: Sequence[StatusChange] = ()

    def shown_on(self, day: datetime.date) -> str:
        """The status that callers see: an active enterprise whose registration has ended is "expired"."""
        status = status_on(self.statuses, day)
        has_expired = self.valid_until is not None and self.valid_until < day
        return "expired" if status == "active" and has_expired else status

    def why_not_active(self, day: datetime.date, kind: EnterpriseKind) -> str | None:
        """Why it may not take goods as an enterprise of this kind on a day, as a part of a sentence; None if it may."""
        if kind not in self.kinds:
            return f"is no {kind}"
        if day < self.valid_from:
            return f"is registered from {self.valid_from} on"
        if self.valid_until is not None and day > self.valid_until:
            return f"was registered until {self.valid_until}"
        status = status_on(self.statuses, day)
        return None if status == "active" else f"is {status}"


def enterprise_id(number: int) -> str:
    """The public id of an enterprise: number 7 is "E00000007"."""
    return f"E{number:08d}"


def parse_enterprise_id(text: str) -> int:
    """The number of a public id. Raises ValueError that says what to send."""
    match = _ENTERPRISE_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send an enterprise id as "E" and 8 digits, such as "E00000001".')
    return int(match[1])


def parse_enterprise_name(text: str) -> str:
    """The name in the normal form of texts (domain.texts). Raises ValueError that says what to send."""
    name = normal_text(text)
    if not ENTERPRISE_NAME_LENGTH_MIN <= len(name) <= ENTERPRISE_NAME_LENGTH_MAX:
        raise ValueError(f"Send a name of {ENTERPRISE_NAME_LENGTH_MIN} to {ENTERPRISE_NAME_LENGTH_MAX} characters.")
    if not any(unicodedata.category(character)[0] == "L" for character in name):
        raise ValueError("A name has at least one letter of any script.")
    return name


def name_form(name: str) -> str:
    """The form in which names are compared in a search: case, blanks and full-width spellings count for nothing."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(folded.split())


def refuse_impossible_enterprise(stated: NewEnterprise) -> None:
    """Raises PersonalData for a citizen number in the name or as the code, ValidationFailed for an end too early."""
    refuse_personal_data([("/name", stated.name)])
    refuse_persons_number("/credit_code", stated.credit_code)
    if stated.valid_until is not None and stated.valid_until < stated.valid_from:
        raise ValidationFailed.of("/valid_until", "too-early", "Send a day not before valid_from, or leave it out.")


def refuse_impossible_status(enterprise: Enterprise, change: StatusChange) -> None:
    """Refuses a status that can't take effect on its day.

    Raises EnterpriseNotActive on or after a recorded cancellation, ValidationFailed before the registration.
    """
    if is_cancelled_on(enterprise.statuses, change.effective_on):
        raise EnterpriseNotActive(
            f"{enterprise_id(enterprise.number)} is cancelled on {change.effective_on}, and a cancellation is final."
        )
    if change.effective_on < enterprise.valid_from:
        raise ValidationFailed.of(
            "/effective_on", "too-early", f"Send a day not before the registration, {enterprise.valid_from}."
        )


def parse_credit_code(text: str) -> str:
    """The code in capital letters, checked by GB 32100-2015: the weight of the i-th character is 3^i mod 31.

    Raises ValueError that says what to send.
    """
    # The text is compared before it becomes capital letters: one character may become two of them.
    if _CREDIT_CODE.fullmatch(text) is None:
        raise ValueError(
            "Send the 18 characters of the unified social credit code without spaces: digits and capital letters "
            "other than I, O, S, V and Z."
        )
    code = text.upper()
    if check_character(code) != code[-1]:
        raise ValueError("The check character does not fit the other 17 characters; read the code again.")
    return code


def check_character(code: str) -> str:
    """The 18th character of a code, from its first 17 characters: (31 - sum mod 31) mod 31."""
    total = sum(CREDIT_CODE_CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(code[: CREDIT_CODE_LENGTH - 1]))
    return CREDIT_CODE_CHARACTERS[-total % 31]
