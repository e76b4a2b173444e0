"""Rounding half up in whole integers, as commerce does it: figures are published by it, and none passes a float.

Source: the domain rules, "Growth" and "Splitting a consignment".
"""

HUNDREDTHS_OF_A_PERCENT = 100_00
"""The whole, in the unit in which shares and growth are kept."""


def divide_half_up(numerator: int, denominator: int) -> int:
    """The nearest integer to a quotient with a positive denominator, ties away from zero.

    That is ROUND_HALF_UP of the decimal module: a fall of 0.005 % is "-0.01", as a rise of 0.005 % is "0.01". The
    golden cases hold such a fall, 999.95 against 1000.00.
    """
    if numerator < 0:
        return -((denominator - 2 * numerator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def share(part: int, whole: int) -> int | None:
    """The part of a whole in hundredths of a percent, half up; None of a whole of nothing."""
    return None if whole == 0 else divide_half_up(part * HUNDREDTHS_OF_A_PERCENT, whole)
