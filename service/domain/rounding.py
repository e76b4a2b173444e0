"""Rounds half up in integers, as commerce does. Published figures are rounded so, and none of them becomes a float.

See docs/RULES.md, Growth.
"""

HUNDREDTHS_OF_A_PERCENT = 100_00
"""A whole (100 %) in the unit of shares and growth."""


def divide_half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a quotient with a positive denominator, ties away from zero.

    The decimal module calls this ROUND_HALF_UP: a fall of 0.005 % is "-0.01", and a rise of 0.005 % is "0.01". The
    golden cases hold such a fall, 999.95 against 1000.00.
    """
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def share(part: int, whole: int) -> int | None:
    """The share of a part in a whole, in hundredths of a percent, half up; None when the whole is 0."""
    return None if whole == 0 else divide_half_up(part * HUNDREDTHS_OF_A_PERCENT, whole)
