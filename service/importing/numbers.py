"""Turns amounts and weights, as clerks and programs write them, into the decimal text that the API takes."""

import decimal
import re
import unicodedata
from collections.abc import Callable

from service.importing.quoting import shown
from service.importing.recognised import one_of, words_in

CNY_DECIMALS, KG_DECIMALS = 2, 3
CNY_UNITS = one_of(words_in("units_of_money"))
KG_UNITS = one_of(words_in("units_of_weight"))
FLOAT_NOISE_MAX = decimal.Decimal("1e-9")
FLOAT_DIGITS_MIN = 15
"""A binary fraction that is written with this many digits or more may end in noise: 5595.9700000000002."""

_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_NUMBER = re.compile(r"([0-9]*)(?:\.([0-9]*))?", re.ASCII)
_GROUPED_NUMBER = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?", re.ASCII)


def decimal_reader(decimals: int, *, grouped: bool, units: str = CNY_UNITS) -> Callable[[str], str]:
    """Returns a reader of amounts or weights. It pads the number to all `decimals`: "7800" is "7800.00", as in the API.

    It takes full-width digits, a unit before or after the number, and zeros or the noise of a binary fraction behind
    the last decimal. With `grouped`, it also takes thousands separators in the right places: "1,234.50" is "1234.50".
    The reader raises ValueError on other text.
    """
    around = re.compile(rf"(?:{units})? ?([0-9.,]+) ?(?:{units})?", re.ASCII | re.IGNORECASE)
    zeros = "0" * decimals

    def _read(cell: str) -> str:
        match = _PLAIN_NUMBER.fullmatch(cell)
        if match is None:
            bare = around.fullmatch(unicodedata.normalize("NFKC", cell))
            if bare is None:
                raise _no_number(cell, decimals)
            match = _NUMBER.fullmatch(_without_separators(bare[1], cell, decimals, grouped=grouped))
        if match is None or match[0] in {"", "."}:
            raise _no_number(cell, decimals)
        whole, fraction = match[1] or "0", match[2] or ""
        if len(fraction) > decimals:
            return _without_noise(whole, fraction, decimals)
        return f"{whole}.{fraction}{zeros[len(fraction) :]}"

    return _read


def _without_noise(whole: str, fraction: str, decimals: int) -> str:
    """The number without zeros or noise behind its last decimal. It keeps other digits; the schema refuses them."""
    if not fraction[decimals:].strip("0"):
        return f"{whole}.{fraction[:decimals]}"
    exact = decimal.Decimal(f"{whole}.{fraction}")
    rounded = exact.quantize(decimal.Decimal(1).scaleb(-decimals))
    is_noise = len(whole) + len(fraction) >= FLOAT_DIGITS_MIN and abs(exact - rounded) < FLOAT_NOISE_MAX
    return f"{rounded:f}" if is_noise else f"{whole}.{fraction}"


def _without_separators(number: str, cell: str, decimals: int, *, grouped: bool) -> str:
    if "," not in number:
        return number
    if not _GROUPED_NUMBER.fullmatch(number):
        raise _no_number(cell, decimals)
    if not grouped:
        # In a file with semicolons between the cells, a comma is as often a decimal sign as a separator of thousands.
        raise ValueError(f"{shown(cell)} can be read in two ways; send it without commas, with a point for decimals.")
    return number.replace(",", "")


def _no_number(cell: str, decimals: int) -> ValueError:
    example = "1234." + "500"[:decimals]
    return ValueError(f"{shown(cell)} is no number; send digits like {example}, with {decimals} decimals at most.")
