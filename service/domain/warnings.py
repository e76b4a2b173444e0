"""The warnings of a trade: what a clerk should check, although the trade is accepted. See docs/RULES.md, Warnings.

An entry stores its warnings as short text: codes in the order of CODES, joined by blanks, each with what its sentence
needs beside the entry (`price-unusual=15.8/17.6/124 near-limit=7880.00/8000.00`). The sentences are composed from the
entry alone, so that every answer for one entry has the same words.
"""

import datetime
from collections.abc import Callable, Mapping
from typing import NamedTuple

from service.domain.allowance import Rules
from service.domain.money import format_cny
from service.domain.prices import UsualPrices, price_text, unit_price
from service.domain.transactions import Trade, Transaction

WEIGHT_NOT_CHECKED = "weight-not-checked"
RULE_NOT_VERIFIED = "rule-not-verified"
PRICE_UNUSUAL = "price-unusual"
BACK_DATED = "back-dated"
LOOKS_DOUBLED = "looks-doubled"
HS_CODE_UNKNOWN = "hs-code-unknown"
NEAR_LIMIT = "near-limit"

ELSEWHERE = "elsewhere"
"""Stands for the id of a trade at another trade point, in the warning of a trade that looks like it."""

CODES = (
    WEIGHT_NOT_CHECKED, RULE_NOT_VERIFIED, PRICE_UNUSUAL, BACK_DATED, LOOKS_DOUBLED, HS_CODE_UNKNOWN, NEAR_LIMIT,
)  # fmt: skip
"""The codes of all warnings, in the order in which a trade bears them."""

BACK_DATED_AFTER_DAYS = 7
NEAR_LIMIT_PERCENT = 95


class TradeWarning(NamedTuple):
    """One warning: its code, and a sentence that says what to check."""

    code: str
    detail: str


def stored_warnings(  # It takes all of them apart, because a batch asks ten thousand times.
    trade: Trade,
    day: datetime.date,
    rules: Rules,
    today: datetime.date,
    used_fen: int,
    usual: UsualPrices | None,
    doubled: object | None,
    is_known_heading: bool,
) -> str | None:
    """The warnings of a trade of a day that was judged, as the text that its entry stores; None without one.

    `used_fen` is what is used of the value limit after an import, `doubled` the id of a live trade that says the same.
    An entry does not store `rule-not-verified`, because its field `rule_verified` says the same.
    """
    found = []
    is_import = trade.direction == "import"
    if trade.hs_code is None and is_import and rules.has_listed_goods(trade.category):
        found.append(WEIGHT_NOT_CHECKED)
    if usual is not None and not usual.include(trade.amount_fen, trade.quantity_g):
        found.append(f"{PRICE_UNUSUAL}={price_text(usual.lowest)}/{price_text(usual.highest)}/{usual.trades}")
    days = (today - day).days
    if days > BACK_DATED_AFTER_DAYS:
        found.append(f"{BACK_DATED}={days}")
    if doubled is not None:
        found.append(f"{LOOKS_DOUBLED}={doubled}")
    if not is_known_heading:
        found.append(HS_CODE_UNKNOWN)
    if is_import and used_fen >= near_limit_from(rules.limit_fen):
        found.append(f"{NEAR_LIMIT}={format_cny(used_fen)}/{format_cny(rules.limit_fen)}")
    return " ".join(found) or None


def near_limit_from(limit_fen: int) -> int:
    """From how many used fen on a value limit is nearly used up."""
    return -(-limit_fen * NEAR_LIMIT_PERCENT // 100)


def warnings_of(entry: Transaction) -> list[TradeWarning]:
    """The warnings of an entry, in the order of CODES. A reversal has none, and neither has an older entry."""
    found = _parameters_of(entry)
    return [TradeWarning(code, _DETAILS[code](entry, found[code])) for code in CODES if code in found] if found else []


def codes_of(entry: Transaction) -> list[str]:
    """The codes of an entry's warnings."""
    found = _parameters_of(entry)
    return [code for code in CODES if code in found] if found else []


def _parameters_of(entry: Transaction) -> dict[str, str]:
    """The parameter of each warning of an entry, by code."""
    if entry.reverses is not None:
        return {}
    found = dict(_pair(word) for word in (entry.warnings or "").split())
    if entry.rule_verified is False:
        found[RULE_NOT_VERIFIED] = ""
    return found


def _pair(word: str) -> tuple[str, str]:
    code, _, parameter = word.partition("=")
    return code, parameter


def _parts(parameter: str, count: int) -> list[str]:
    """The parts of a parameter. An entry that somebody has changed may have others; `hushi verify` finds it."""
    return [*parameter.split("/"), *["?"] * count][:count]


def _weight_not_checked(entry: Transaction, _parameter: str) -> str:
    return (
        f"The line has no HS code, so only the value limit was checked. Goods of the category {entry.category} "
        "may have a free weight, or no exemption at all. Find out their HS code; with it, the weight is checked too."
    )


def _rule_not_verified(entry: Transaction, _parameter: str) -> str:
    return (
        f"Not all rules for imports of {entry.day} are confirmed: the list of goods without exemption may be another "
        "one. Check with customs whether the goods are exempt."
    )


def _price_unusual(entry: Transaction, parameter: str) -> str:
    lowest, highest, trades = _parts(parameter, 3)
    price = price_text(unit_price(entry.amount_fen, entry.quantity_g))
    usual = f"{lowest} CNY/kg" if lowest == highest else f"{lowest} to {highest} CNY/kg"
    return (
        f"The price is {price} CNY/kg. Usual for {entry.commodity} are {usual}, by {trades} trades of the 90 days to "
        f"{entry.day}. Check the weight and the amount."
    )


def _back_dated(entry: Transaction, parameter: str) -> str:
    return f"The business day {entry.day} was {parameter} days before the trade was recorded. Check traded_at."


def _looks_doubled(_entry: Transaction, parameter: str) -> str:
    named = "A trade at another trade point" if parameter == ELSEWHERE else f"The trade {parameter}"
    return (
        f"{named} of the same resident and day has the same goods, quantity and amount. Check whether "
        "one trade was recorded twice; if so, reverse one of the two."
    )


def _hs_code_unknown(entry: Transaction, _parameter: str) -> str:
    code = entry.hs_code or ""
    return f"HS code {code}: the Harmonized System of 2022 has no heading {code[:4]}. Check the code."


def _near_limit(entry: Transaction, parameter: str) -> str:
    used, limit = _parts(parameter, 2)
    return (
        f"With this trade, {used} of {limit} CNY of the resident's value limit of {entry.day} are used. What follows "
        "on this day will be taxed above the limit."
    )


_DETAILS: Mapping[str, Callable[[Transaction, str], str]] = {
    WEIGHT_NOT_CHECKED: _weight_not_checked,
    RULE_NOT_VERIFIED: _rule_not_verified,
    PRICE_UNUSUAL: _price_unusual,
    BACK_DATED: _back_dated,
    LOOKS_DOUBLED: _looks_doubled,
    HS_CODE_UNKNOWN: _hs_code_unknown,
    NEAR_LIMIT: _near_limit,
}
