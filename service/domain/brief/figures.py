"""Figures as a newspaper says them: rounded once for every language, and it is known whether that lost anything.

Money is rounded half up to three significant digits and then needs an "about"; heads are rounded down and then need
a "more than". A figure that the rounding leaves as it is says neither. Everything is counted in whole integers.
"""

from dataclasses import dataclass

from service.domain.money import FEN_PER_CNY
from service.domain.rounding import divide_half_up

PLAIN_AMOUNT_FEN_MAX = 10_000 * FEN_PER_CNY
"""Below this an amount is said to the fen."""

SIGNIFICANT_DIGITS = 3
_HEAD_STEPS = ((1_000, 1), (10_000, 100), (1_000_000, 1_000), (100_000_000, 10_000))
"""Heads below the first figure are said in whole steps of the second."""

_HEAD_STEP_MAX = 10_000_000


@dataclass(frozen=True, slots=True)
class Rounded:
    """A figure as it will be said, and whether it is the figure itself."""

    value: int
    is_exact: bool


def round_amount(amount_fen: int) -> Rounded:
    """An amount to three significant digits, half up: 129,987,654.32 becomes 130,000,000.00, which is not exact."""
    if amount_fen < PLAIN_AMOUNT_FEN_MAX:
        return Rounded(amount_fen, is_exact=True)
    step: int = 10 ** (len(str(amount_fen)) - SIGNIFICANT_DIGITS)
    value = divide_half_up(amount_fen, step) * step
    return Rounded(value, value == amount_fen)


def round_heads_down(heads: int) -> Rounded:
    """Heads, down to what is easy to say: 6,142 becomes 6,100 and 35,018 becomes 35,000; below 1,000 nothing is lost.

    The steps are a hundred below ten thousand and a thousand below a million, which is 0.1 万.
    """
    step = next((step for below, step in _HEAD_STEPS if heads < below), _HEAD_STEP_MAX)
    return Rounded(heads // step * step, heads % step == 0)


def decimal_text(value: int, unit: int, separator: str = "") -> str:
    """A value in a unit that is a power of ten, without idle zeros: 13_000_000_000 in 10_000_000_000 is "1.3"."""
    whole, rest = divmod(value, unit)
    fraction = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0") if rest else ""
    grouped = f"{whole:,}".replace(",", separator)
    return f"{grouped}.{fraction}" if fraction else grouped


def cny_text(amount_fen: int, separator: str = "") -> str:
    """Yuan, with both decimals where there are any: 853055 is "8530.55", 853050 is "8530.50", 853000 is "8530"."""
    whole, fen = divmod(amount_fen, FEN_PER_CNY)
    grouped = f"{whole:,}".replace(",", separator)
    return f"{grouped}.{fen:02d}" if fen else grouped
