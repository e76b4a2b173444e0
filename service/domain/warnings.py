"""The warnings of a trade: what a clerk should check, although the trade is accepted. See docs/RULES.md, Warnings.

An entry stores its warnings as short text: codes in the order of CODES, joined by blanks, each with what its sentence
needs beside the entry (`price-unusual=15.8/17.6/124 near-limit=7880.00/8000.00`). The sentences are composed from the
entry alone, so that every answer for one entry has the same words.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from service.domain.allowance import Rules
from service.domain.money import format_cny
from service.domain.prices import PARTS_OF_FEN, UsualPrices, unit_price
from service.domain.transactions import Trade

WEIGHT_NOT_CHECKED = "weight-not-checked"
RULE_NOT_VERIFIED = "rule-not-verified"
PRICE_UNUSUAL = "price-unusual"
BACK_DATED = "back-dated"
LOOKS_DOUBLED = "looks-doubled"
HS_CODE_UNKNOWN = "hs-code-unknown"
NEAR_LIMIT = "near-limit"

CODES = (
    WEIGHT_NOT_CHECKED, RULE_NOT_VERIFIED, PRICE_UNUSUAL, BACK_DATED, LOOKS_DOUBLED, HS_CODE_UNKNOWN, NEAR_LIMIT,
)  # fmt: skip
"""The codes of all warnings, in the order in which a trade bears them."""

BACK_DATED_AFTER_DAYS = 7
NEAR_LIMIT_PERCENT = 95
_G_IN_KG_PER_FEN_IN_CNY = 10
"""One fen per gram is ten CNY per kilogram."""
_PRICE_DECIMALS = 4


class TradeWarning(NamedTuple):
    """One warning: its code, and a sentence that says what to check."""

    code: str
    detail: str


class Observation(NamedTuple):
    """What the ledger knows about a trade that was judged, beside the trade and the rules of its day.

    `used_fen` is what is used of the value limit after an import. `doubled` is the id of a live trade that says the
    same. `is_known_heading` says whether the trade's HS code has a heading of the Harmonized System.
    """

    today: datetime.date
    used_fen: int
    usual_prices: UsualPrices | None
    doubled: object | None
    is_known_heading: bool


def stored_warnings(trade: Trade, rules: Rules, observed: Observation) -> str | None:
    """The text that the entry of a trade stores; None without a warning.

    An entry does not store `rule-not-verified`, because its field `rule_verified` says the same.
    """
    return " ".join(_found(trade, rules, observed)) or None


def _found(trade: Trade, rules: Rules, observed: Observation) -> Iterator[str]:
    if trade.hs_code is None and trade.is_import and rules.has_listed_goods(trade.category):
        yield WEIGHT_NOT_CHECKED
    usual = observed.usual_prices
    if usual is not None and not usual.include(trade.amount_fen, trade.quantity_g):
        yield f"{PRICE_UNUSUAL}={_price_text(usual.lowest)}/{_price_text(usual.highest)}/{usual.trades}"
    days = (observed.today - trade.day).days
    if days > BACK_DATED_AFTER_DAYS:
        yield f"{BACK_DATED}={days}"
    if observed.doubled is not None:
        yield f"{LOOKS_DOUBLED}={observed.doubled}"
    if not observed.is_known_heading:
        yield HS_CODE_UNKNOWN
    if trade.is_import and observed.used_fen * 100 >= rules.limit_fen * NEAR_LIMIT_PERCENT:
        yield f"{NEAR_LIMIT}={format_cny(observed.used_fen)}/{format_cny(rules.limit_fen)}"


class Warned(Protocol):
    """The fields of an entry that its warnings are composed from."""

    category: str
    commodity: str
    hs_code: str | None
    quantity_g: int
    amount_fen: int
    day: datetime.date
    rule_verified: bool | None
    warnings: str | None

    @property
    def kind(self) -> str:
        """Whether the entry is a trade or a reversal."""


def warnings_of(entry: Warned) -> list[TradeWarning]:
    """The warnings of an entry, in the order of CODES. A reversal has none, and neither has an older entry."""
    if entry.kind != "trade" or (entry.warnings is None and entry.rule_verified is not False):
        return []
    parameters = dict(_pair(word) for word in (entry.warnings or "").split())
    if entry.rule_verified is False:
        parameters[RULE_NOT_VERIFIED] = ""
    return [TradeWarning(code, _DETAILS[code](entry, parameters[code])) for code in CODES if code in parameters]


def codes_of(warnings: str | None, *, rule_verified: bool | None) -> list[str]:
    """The codes of a trade with these two fields."""
    found = {_pair(word)[0] for word in (warnings or "").split()}
    if rule_verified is False:
        found.add(RULE_NOT_VERIFIED)
    return [code for code in CODES if code in found]


def _pair(word: str) -> tuple[str, str]:
    code, _, parameter = word.partition("=")
    return code, parameter


def _weight_not_checked(entry: Warned, _parameter: str) -> str:
    return (
        f"The line has no HS code, so only the value limit was checked. Goods of the category {entry.category} "
        "may have a free weight, or no exemption at all. Find out their HS code; with it, the weight is checked too."
    )


def _rule_not_verified(entry: Warned, _parameter: str) -> str:
    return (
        f"Not all rules for imports of {entry.day} are confirmed: the list of goods without exemption may be another "
        "one. Check with customs whether the goods are exempt."
    )


def _price_unusual(entry: Warned, parameter: str) -> str:
    lowest, highest, trades = parameter.split("/")
    price = _price_text(unit_price(entry.amount_fen, entry.quantity_g))
    usual = f"{lowest} CNY/kg" if lowest == highest else f"{lowest} to {highest} CNY/kg"
    return (
        f"The price is {price} CNY/kg. Usual for {entry.commodity} are {usual}, by {trades} trades of the 90 days to "
        f"{entry.day}. Check the weight and the amount."
    )


def _back_dated(entry: Warned, parameter: str) -> str:
    return f"The business day {entry.day} was {parameter} days before the trade was recorded. Check traded_at."


def _looks_doubled(_entry: Warned, parameter: str) -> str:
    return (
        f"The trade {parameter} of the same resident and day has the same goods, quantity and amount. Check whether "
        "one trade was recorded twice; if so, reverse one of the two."
    )


def _hs_code_unknown(entry: Warned, _parameter: str) -> str:
    code = entry.hs_code or ""
    return f"HS code {code}: the Harmonized System of 2022 has no heading {code[:4]}. Check the code."


def _near_limit(entry: Warned, parameter: str) -> str:
    used, limit = parameter.split("/")
    return (
        f"With this trade, {used} of {limit} CNY of the resident's value limit of {entry.day} are used. What follows "
        "on this day will be taxed above the limit."
    )


_DETAILS: Mapping[str, Callable[[Warned, str], str]] = {
    WEIGHT_NOT_CHECKED: _weight_not_checked,
    RULE_NOT_VERIFIED: _rule_not_verified,
    PRICE_UNUSUAL: _price_unusual,
    BACK_DATED: _back_dated,
    LOOKS_DOUBLED: _looks_doubled,
    HS_CODE_UNKNOWN: _hs_code_unknown,
    NEAR_LIMIT: _near_limit,
}


def _price_text(price: int) -> str:
    """A unit price in CNY per kg with at most 4 decimals, rounded half up."""
    scale = 10**_PRICE_DECIMALS
    whole, part = divmod((2 * price * _G_IN_KG_PER_FEN_IN_CNY * scale + PARTS_OF_FEN) // (2 * PARTS_OF_FEN), scale)
    decimals = f"{part:0{_PRICE_DECIMALS}d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"
