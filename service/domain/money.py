"""Money and weight. The ledger computes with whole fen and whole grams, shows decimal text, and never uses a float.

The patterns of the API allow plain ASCII only: no sign, space, underscore, exponent or full-width digit.
"""

import re

FEN_PER_CNY = 100
GRAMS_PER_KG = 1000
CNY_PATTERN = r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,2})?$"
KG_PATTERN = r"^(0|[1-9][0-9]{0,9})(\.[0-9]{1,3})?$"
CNY_LENGTH_MAX = len("9999999999.99")
KG_LENGTH_MAX = len("9999999999.999")
"""How many characters the patterns allow at most."""

_CNY = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?", re.ASCII)
_KG = re.compile(r"(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,3}))?", re.ASCII)


def parse_cny(text: str) -> int:
    """The fen of an amount in CNY: "7800.5" is 780050. Raises a ValueError that says what to send."""
    if text[-3:-2] == "." and 3 < len(text) <= CNY_LENGTH_MAX and "1" <= text[0] <= "9":
        digits = text[:-3] + text[-2:]
        if digits.isdigit() and digits.isascii():
            return int(digits)  # Nearly all amounts return here, in half the time of the pattern.
    match = _CNY.fullmatch(text)
    if match is None:
        raise ValueError('Send CNY as text with at most 2 decimals, such as "7800.00".')
    whole, decimals = match.groups(default="")
    return int(whole) * FEN_PER_CNY + int(decimals.ljust(2, "0"))


def parse_kg(text: str) -> int:
    """The grams of a weight in kg: "0.5" is 500. Raises a ValueError that says what to send."""
    if text[-4:-3] == "." and 4 < len(text) <= KG_LENGTH_MAX and "1" <= text[0] <= "9":
        digits = text[:-4] + text[-3:]
        if digits.isdigit() and digits.isascii():
            return int(digits)
    match = _KG.fullmatch(text)
    if match is None:
        raise ValueError('Send kg as text with at most 3 decimals, such as "467.065".')
    whole, decimals = match.groups(default="")
    return int(whole) * GRAMS_PER_KG + int(decimals.ljust(3, "0"))


def format_cny(amount_fen: int) -> str:
    """An amount in CNY with exactly 2 decimals: 780050 is "7800.50", -5 is "-0.05"."""
    if amount_fen >= 0:
        return f"{amount_fen // FEN_PER_CNY}.{amount_fen % FEN_PER_CNY:02d}"
    whole, fen = divmod(abs(amount_fen), FEN_PER_CNY)
    return f"-{whole}.{fen:02d}"


def format_kg(quantity_g: int) -> str:
    """A weight in kilograms with exactly 3 decimals: 467065 is "467.065"."""
    whole, grams = divmod(abs(quantity_g), GRAMS_PER_KG)
    return f"{'-' if quantity_g < 0 else ''}{whole}.{grams:03d}"
