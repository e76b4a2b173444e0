"""The clerks' words for categories, countries, directions and trade points, with the values of the API."""

import functools
import unicodedata

from service.importing.recognised import meanings
from service.rules import rule_rows
from service.rules.names import names

DIRECTIONS = meanings("directions")
OVER_ALLOWANCE = meanings("over_allowance")
TRADE_POINTS = meanings("trade_points")


def fold_word(word: str) -> str:
    """A word in one spelling: in lower case, and with brackets and letters in half width."""
    return unicodedata.normalize("NFKC", word).casefold()


def category_names() -> dict[str, str]:
    """The categories of the rules by their Chinese names: 肉类 is meat. An import loads the rules before it reads."""
    return {named["zh"]: code for code, named in names()["category"].items()}


@functools.cache
def country_codes_by_name() -> dict[str, str]:
    """The ISO 3166-1 alpha-2 codes by every known name and by the code itself, as written and folded: 蒙古国 is MN."""
    codes: dict[str, str] = {}
    for row in rule_rows("countries"):
        for name in (row["code"], row["zh"], row["en"], row["mn"], *row["aliases"]):
            codes[name] = codes[fold_word(name)] = row["code"]
    return codes
