"""The clerks' words for categories, countries, directions and trade points, with the values of the API."""

import functools
import importlib.resources
import json
import unicodedata
from typing import Any

DIRECTIONS = {
    **dict.fromkeys(("进口", "进", "import"), "import"),
    **dict.fromkeys(("出口", "出", "export"), "export"),
}
OVER_ALLOWANCE = {
    **dict.fromkeys(("征税", "应税", "tax"), "tax"),
    **dict.fromkeys(("拒绝", "不交易", "refuse"), "refuse"),
}
TRADE_POINTS = dict.fromkeys(("二连浩特", "二连浩特市", "二连", "二连浩特互市贸易区"), "erenhot")


def fold_word(word: str) -> str:
    """A word in one spelling: in lower case, and with brackets and letters in half width."""
    return unicodedata.normalize("NFKC", word).casefold()


@functools.cache
def category_names() -> dict[str, str]:
    """The categories of the rule data by their Chinese names: 肉类 is meat."""
    return {row["zh"]: row["name"] for row in _rule_data("categories")["rows"] if row.get("zh")}


@functools.cache
def country_codes_by_name() -> dict[str, str]:
    """The ISO 3166-1 alpha-2 codes by every known name and by the code itself, as written and folded: 蒙古国 is MN."""
    codes: dict[str, str] = {}
    for row in _rule_data("countries")["countries"]:
        for name in (row["code"], row["zh"], row["en"], row["mn"], *row["aliases"]):
            codes[name] = codes[fold_word(name)] = row["code"]
    return codes


def _rule_data(name: str) -> dict[str, Any]:
    text = importlib.resources.files("service.rules").joinpath(f"{name}.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
