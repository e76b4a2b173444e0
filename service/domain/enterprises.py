"""Enterprises (企业): processors and traders of the second market, with their unified social credit codes."""

import datetime
import re
from typing import Literal, NamedTuple

EnterpriseKind = Literal["processor", "trader"]
ENTERPRISE_KINDS: tuple[EnterpriseKind, ...] = ("processor", "trader")

ENTERPRISE_NUMBER_MAX = 99_999_999
CREDIT_CODE_LENGTH = 18
CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100-2015; I, O, S, V and Z are left out, because they look like others."""

_ENTERPRISE_ID = re.compile(r"E([0-9]{8})", re.ASCII)
_CREDIT_CODE = re.compile(f"[{CREDIT_CODE_CHARACTERS}]{{{CREDIT_CODE_LENGTH}}}")


class NewEnterprise(NamedTuple):
    """An enterprise as the caller states it; it is registered from a day on, to another day or without an end."""

    name: str
    credit_code: str
    kinds: tuple[EnterpriseKind, ...]
    valid_from: datetime.date
    valid_until: datetime.date | None


def enterprise_id(number: int) -> str:
    """The public id of an enterprise: number 7 is "E00000007"."""
    return f"E{number:08d}"


def parse_enterprise_id(text: str) -> int:
    """The number of a public id. Raises ValueError that says what to send."""
    match = _ENTERPRISE_ID.fullmatch(text)
    if match is None or match[1] == "00000000":
        raise ValueError('Send an enterprise id as "E" and 8 digits, such as "E00000001".')
    return int(match[1])


def parse_credit_code(text: str) -> str:
    """The code in capital letters, checked by GB 32100-2015: the weight of the i-th character is 3^i mod 31.

    Raises ValueError that says what to send.
    """
    code = text.upper()
    if _CREDIT_CODE.fullmatch(code) is None:
        raise ValueError(
            "Send the 18 characters of the unified social credit code without spaces: digits and capital letters "
            "other than I, O, S, V and Z."
        )
    if check_character(code) != code[-1]:
        raise ValueError("The check character does not fit the other 17 characters; read the code again.")
    return code


def check_character(code: str) -> str:
    """The 18th character of a code, from its first 17 characters: (31 - sum mod 31) mod 31."""
    total = sum(CREDIT_CODE_CHARACTERS.index(c) * pow(3, i, 31) for i, c in enumerate(code[: CREDIT_CODE_LENGTH - 1]))
    return CREDIT_CODE_CHARACTERS[-total % 31]
