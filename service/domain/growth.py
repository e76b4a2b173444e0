"""Growth: compares a current figure with its base, in integers, so that only the last digit is rounded.

The unit (fen, grams, heads) does not matter, because both figures have the same. Newspapers confuse growth and ratio,
so a comparison always has both. See docs/RULES.md, Growth.
"""

import functools
from typing import Literal, NamedTuple

from service.domain.rounding import HUNDREDTHS_OF_A_PERCENT, divide_half_up

Reason = Literal["base_zero", "both_zero", "base_negative", "no_base_day", "no_imports"]

GROWTH_PCT_DECIMALS = 2
RATIO_DECIMALS = 4

COMPARISONS_KEPT_MAX = 32 * 1024
"""How many comparisons are remembered. A report by group has some 3,000, mostly those of the report before."""

_RATIO_SCALE = 10**RATIO_DECIMALS


class Comparison(NamedTuple):
    """Two figures of one unit, their difference, their growth and their ratio.

    `growth_pct` is in hundredths of a percent and `ratio` in ten-thousandths. When they can't be computed, both are
    None and `reason` says why; otherwise `reason` is None.
    """

    current: int
    base: int
    change: int
    growth_pct: int | None
    ratio: int | None
    reason: Reason | None


@functools.lru_cache(maxsize=COMPARISONS_KEPT_MAX)
def compare(current: int, base: int | None) -> Comparison:
    """Compares a figure with its base. A base of None means that no base day exists; in `change` it counts as 0.

    Example: compare(5, 4) has a growth_pct of 2500 (25.00 %) and a ratio of 12500 (1.2500).
    See docs/RULES.md, Growth.
    """
    if base is None:
        return Comparison(current, 0, current, None, None, "no_base_day")
    change = current - base
    if base <= 0:
        return Comparison(current, base, change, None, None, _why_not_comparable(current, base))
    growth_pct = divide_half_up(change * HUNDREDTHS_OF_A_PERCENT, base)
    return Comparison(current, base, change, growth_pct, divide_half_up(current * _RATIO_SCALE, base), None)


class ComparedShare(NamedTuple):
    """Two shares in hundredths of a percent, compared as figures are. A share of nothing is None.

    Where one of the two is None, the shares can't be compared, and `reason` is "no_imports".
    """

    current: int | None
    base: int | None
    change: int | None
    growth_pct: int | None
    ratio: int | None
    reason: Reason | None


def compare_shares(current: int | None, base: int | None, *, has_base: bool) -> ComparedShare:
    """Compares two shares of imports; without `has_base` no base day exists, as `compare` has it for a base of None."""
    if current is None or (has_base and base is None):
        return ComparedShare(current, base, None, None, None, "no_imports")
    return ComparedShare(*compare(current, base))


def format_growth_pct(growth_pct: int | None) -> str | None:
    """Growth in percent with exactly 2 decimals, from hundredths of a percent: 38584 is "385.84"; None stays None."""
    return None if growth_pct is None else _decimal_text(growth_pct, GROWTH_PCT_DECIMALS)


def format_ratio(ratio: int | None) -> str | None:
    """A ratio with exactly 4 decimals from ten-thousandths: 48584 is "4.8584"; None stays None."""
    return None if ratio is None else _decimal_text(ratio, RATIO_DECIMALS)


def _why_not_comparable(current: int, base: int) -> Reason:
    if base < 0:
        return "base_negative"
    return "both_zero" if current == 0 else "base_zero"


def _decimal_text(scaled: int, decimals: int) -> str:
    whole, fraction = divmod(abs(scaled), 10**decimals)
    return f"{'-' if scaled < 0 else ''}{whole}.{fraction:0{decimals}d}"
