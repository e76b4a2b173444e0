"""Which unit prices of a commodity are usual: the median of its recent trades, and three times their deviation from it.

A unit price is a whole number of 10^-12 fen per gram, rounded down, so that no float decides about a warning. See
docs/RULES.md, Warnings.
"""

import datetime
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

WINDOW = datetime.timedelta(days=89)
"""The 90 days of a window end with the business day of the trade, and begin so long before it."""
TRADES_MIN = 20
DEVIATIONS = 3
PARTS_OF_FEN = 10**12
_G_IN_KG_PER_FEN_IN_CNY = 10
"""One fen per gram is ten CNY per kilogram."""
_PRICE_DECIMALS = 4


class UsualPrices(NamedTuple):
    """The lowest and the highest usual unit price, and the number of trades that they come from."""

    lowest: int
    highest: int
    trades: int

    def include(self, amount_fen: int, quantity_g: int) -> bool:
        """Whether a trade has a usual unit price. Less than one fen of its amount makes no price unusual.

        An amount is a whole number of fen, so the unit prices of trades at one price differ a little.
        """
        least_fen = self.lowest * quantity_g // PARTS_OF_FEN
        most_fen = -(-self.highest * quantity_g // PARTS_OF_FEN)
        return least_fen <= amount_fen <= most_fen


def unit_price(amount_fen: int, quantity_g: int) -> int:
    """The unit price of a trade, in 10^-12 fen per gram."""
    return amount_fen * PARTS_OF_FEN // quantity_g


def unit_prices(trades: Iterable[tuple[int, int]]) -> list[int]:
    """The unit prices of trades by their amounts and weights."""
    return [amount_fen * PARTS_OF_FEN // quantity_g for amount_fen, quantity_g in trades]


def price_text(price: int) -> str:
    """A unit price in CNY per kg with at most 4 decimals, rounded half up."""
    scale = 10**_PRICE_DECIMALS
    whole, part = divmod((2 * price * _G_IN_KG_PER_FEN_IN_CNY * scale + PARTS_OF_FEN) // (2 * PARTS_OF_FEN), scale)
    decimals = f"{part:0{_PRICE_DECIMALS}d}".rstrip("0").ljust(2, "0")
    return f"{whole}.{decimals}"


def usual_prices(unit_prices: Iterable[int]) -> UsualPrices | None:
    """The median of unit prices plus and minus three times the median of the distances from it.

    None for fewer than 20 trades. Where more than half of the trades have one price, their distance from the median is
    zero, and then no other price is usual.
    """
    in_order = sorted(unit_prices)
    if len(in_order) < TRADES_MIN:
        return None
    median = _median(in_order)
    width = DEVIATIONS * _median_distance(in_order, median)
    return UsualPrices(max(0, median - width), median + width, len(in_order))


def _median_distance(in_order: Sequence[int], median: int) -> int:
    """The median of the distances from a value, as if all distances were sorted."""
    half, is_odd = divmod(len(in_order), 2)
    upper = _distance(in_order, median, half + 1)
    return upper if is_odd else (_distance(in_order, median, half) + upper) // 2


def _distance(in_order: Sequence[int], value: int, count: int) -> int:
    """How far from a value the nearest `count` members reach.

    They stand side by side. Of all windows of so many members, the right one begins where the last member is not nearer
    than the first any more, or one place before that.
    """
    begin = bisect_left(
        range(len(in_order) - count), 2 * value, key=lambda first: in_order[first] + in_order[first + count - 1]
    )
    return min(
        max(value - in_order[first], in_order[first + count - 1] - value) for first in (max(0, begin - 1), begin)
    )


def _median(in_order: Sequence[int]) -> int:
    half, is_odd = divmod(len(in_order), 2)
    return in_order[half] if is_odd else (in_order[half - 1] + in_order[half]) // 2
