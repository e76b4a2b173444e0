"""Turns the text of one cell into the value that the JSON API takes. A ValueError says what to send instead.

A reader changes the spellings of clerks only. Any other text passes unchanged, because the schema judges values.
"""

import json
import re
from collections.abc import Callable, Mapping

from service.importing.headings import KEY_FIELD
from service.importing.nothing import is_nothing
from service.importing.numbers import CNY_DECIMALS, CNY_UNITS, KG_DECIMALS, KG_UNITS, decimal_reader
from service.importing.plain import code, document_number, text
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

HS_CODE_LENGTHS_WITHOUT_ZERO = (5, 7, 9)

ReadCell = Callable[[str], object]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.ASCII)


def word_reader(words: Mapping[str, str]) -> ReadCell:
    """Returns the reader of a column with a few known words, in upper or lower case; it refuses all other words."""

    def _read(cell: str) -> str:
        known = words.get(cell) or words.get(fold_word(cell))
        if known is None:
            raise ValueError(f"{shown(cell)} is not known; send one of {', '.join(words)}.")
        return known

    return _read


def category(cell: str) -> str:
    """The API's name of a category, from its Chinese or English name in upper or lower case.

    A word that could be the name of another category passes: the rules of the day know which categories exist. Raises
    ValueError on a word that could not.
    """
    names, folded = category_names(), fold_word(cell)
    known = names.get(cell) or names.get(folded) or folded
    if _NAME.fullmatch(known) is None:
        listed = ", ".join(f"{chinese} ({name})" for chinese, name in names.items())
        raise ValueError(f"{shown(cell)} is no category; send one of {listed}.")
    return known


def trade_point(cell: str) -> str:
    """The slug of a trade point, from its Chinese name; any other text passes unchanged."""
    return TRADE_POINTS.get(cell, cell)


def origin(cell: str) -> str:
    """The ISO code of a country, from its Chinese, English or Mongolian name. Raises ValueError on an unknown name."""
    codes = country_codes_by_name()
    code = codes.get(cell) or codes.get(fold_word(cell))
    if code is None:
        raise ValueError(f"{shown(cell)} is no country that is known; send its ISO 3166 code, such as MN.")
    return code


def hs_code(cell: str) -> str:
    """The HS code as the cell holds it. Raises ValueError when a spreadsheet has removed its leading zero."""
    cell = code(cell)
    if len(cell) in HS_CODE_LENGTHS_WITHOUT_ZERO and cell.isdigit() and cell.isascii():
        raise ValueError(
            f"{shown(cell)} has {len(cell)} digits: its leading zero is lost. Format the column as text and send "
            f"all digits, such as 0{cell}."
        )
    return cell


def metadata(cell: str) -> dict[str, object]:
    """The metadata of a line, from a JSON object in one cell. Raises ValueError on any other text."""
    try:
        entries = json.loads(cell)
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, dict):
        raise ValueError(f'{shown(cell)} is no JSON object; send one like {{"note": "…"}}.')
    return entries


def commodity(cell: str) -> str:
    """The name of the goods. Each trade must have one, so a word for nothing raises ValueError."""
    if is_nothing(cell):
        raise ValueError(f"{shown(cell)} stands for nothing; send the name of the goods.")
    return text(cell)


def cell_readers(*, grouped: bool, is_typed: bool) -> dict[str, ReadCell]:
    """The reader of each field by the field's name. A field without a reader is read as text.

    `is_typed` says that the file tells text from dates. In such a file, a document number that looks like a date was
    typed as text, and is taken.
    """
    return {
        "category": category,
        "commodity": commodity,
        "origin": origin,
        "hs_code": hs_code,
        "quantity_kg": decimal_reader(KG_DECIMALS, grouped=grouped, units=KG_UNITS),
        "amount_cny": decimal_reader(CNY_DECIMALS, grouped=grouped, units=CNY_UNITS),
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
