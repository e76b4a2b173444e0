"""How the text of one cell becomes the value that the JSON API takes; ValueError says what to send instead.

What is not a clerk's own spelling passes unchanged: to judge it is the schema's task, not the reader's.
"""

import json
import re
from collections.abc import Callable, Mapping

from service.importing.headings import KEY_FIELD
from service.importing.plain import code, document_number, is_nothing, text
from service.importing.quoting import shown
from service.importing.times import instant
from service.importing.words import (
    DIRECTIONS,
    OVER_ALLOWANCE,
    TRADE_POINTS,
    category_names,
    country_codes_by_name,
    fold_word,
)

CNY_DECIMALS, KG_DECIMALS = 2, 3
HS_CODE_LENGTHS_WITHOUT_ZERO = (5, 7, 9)

ReadCell = Callable[[str], object]

_PLAIN_NUMBER = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_GROUPED_NUMBER = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


def decimal_reader(decimals: int, *, grouped: bool) -> ReadCell:
    """A reader of amounts or weights, which pads to all `decimals` as the API prints them: "7800" is "7800.00".

    With `grouped`, thousands separators in the right places are taken: "1,234.50" is "1234.50".
    """
    zeros = "0" * decimals

    def _read(cell: str) -> str:
        match = _PLAIN_NUMBER.fullmatch(cell)
        if match is None:
            match = _PLAIN_NUMBER.fullmatch(_without_separators(cell, decimals, grouped=grouped))
        if match is None:
            raise _no_number(cell, decimals)
        whole, fraction = match.groups()
        if fraction is None:
            return f"{whole}.{zeros}"
        return f"{whole}.{fraction}{zeros[len(fraction) :]}"

    return _read


def _without_separators(cell: str, decimals: int, *, grouped: bool) -> str:
    if not _GROUPED_NUMBER.fullmatch(cell):
        raise _no_number(cell, decimals)
    plain = cell.replace(",", "")
    if not grouped:
        # Where the semicolon parts the cells, a comma is the decimal sign as often as it groups thousands.
        raise ValueError(f"{shown(cell)} can be read in two ways; send it without commas, with a point for decimals.")
    return plain


def _no_number(cell: str, decimals: int) -> ValueError:
    example = "1234." + "500"[:decimals]
    return ValueError(f"{shown(cell)} is no number; send digits like {example}, with {decimals} decimals at most.")


def word_reader(words: Mapping[str, str]) -> ReadCell:
    """A reader of a column with a few known words, in any case; others are refused."""

    def _read(cell: str) -> str:
        known = words.get(cell) or words.get(fold_word(cell))
        if known is None:
            raise ValueError(f"{shown(cell)} is not known; send one of {', '.join(words)}.")
        return known

    return _read


def category(cell: str) -> str:
    """The name of a category by its Chinese or English one, in any case.

    What could be the name of another passes: the rules of the day know which exist.
    """
    names, folded = category_names(), fold_word(cell)
    known = names.get(cell) or names.get(folded) or folded
    if _NAME.fullmatch(known) is None:
        listed = ", ".join(f"{chinese} ({name})" for chinese, name in names.items())
        raise ValueError(f"{shown(cell)} is no category; send one of {listed}.")
    return known


def trade_point(cell: str) -> str:
    """The slug of a trade point for its Chinese name; others pass unchanged."""
    return TRADE_POINTS.get(cell, cell)


def origin(cell: str) -> str:
    """The ISO code of a country by its Chinese, English or Mongolian name."""
    codes = country_codes_by_name()
    code = codes.get(cell) or codes.get(fold_word(cell))
    if code is None:
        raise ValueError(f"{shown(cell)} is no country that is known; send its ISO 3166 code, such as MN.")
    return code


def hs_code(cell: str) -> str:
    """An HS code as it stands, unless a spreadsheet has taken its leading zero."""
    cell = code(cell)
    if len(cell) in HS_CODE_LENGTHS_WITHOUT_ZERO and cell.isdigit() and cell.isascii():
        raise ValueError(
            f"{shown(cell)} has {len(cell)} digits: its leading zero is lost. Format the column as text and send "
            f"all digits, such as 0{cell}."
        )
    return cell


def metadata(cell: str) -> dict[str, object]:
    """The metadata of a line from a JSON object in one cell."""
    try:
        entries = json.loads(cell)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise ValueError(f'{shown(cell)} is no JSON object; send one like {{"note": "…"}}.')
    return entries


def commodity(cell: str) -> str:
    """The name of the goods, which no trade is without."""
    if is_nothing(cell):
        raise ValueError(f"{shown(cell)} stands for nothing; send the name of the goods.")
    return text(cell)


def cell_readers(*, grouped: bool, is_typed: bool) -> dict[str, ReadCell]:
    """The reader of each field; fields without one are taken as they stand.

    `is_typed`: the file tells text from dates, so that a document number that looks like a date was typed as text.
    """
    return {
        "category": category,
        "commodity": commodity,
        "origin": origin,
        "hs_code": hs_code,
        "quantity_kg": decimal_reader(KG_DECIMALS, grouped=grouped),
        "amount_cny": decimal_reader(CNY_DECIMALS, grouped=grouped),
        "traded_at": instant,
        "direction": word_reader(DIRECTIONS),
        "over_allowance": word_reader(OVER_ALLOWANCE),
        "trade_point": trade_point,
        "consignment": code,
        "vehicle_plate": code,
        "seller": text,
        "reference": code if is_typed else document_number,
        KEY_FIELD: code,
        "metadata": metadata,
    }
