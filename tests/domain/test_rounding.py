"""Rounding half up: exact at the tie, of either sign, and beside the decimal module."""

import decimal
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.rounding import divide_half_up, share


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [(0, 2, 0), (1, 2, 1), (-1, 2, -1), (1, 3, 0), (2, 3, 1), (5, 2, 3), (-5, 2, -3), (7, 1, 7), (-4, 10, 0)],
)
def test_a_half_is_rounded_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert divide_half_up(numerator, denominator) == rounded


@given(st.integers(-(10**18), 10**18), st.integers(1, 10**18))
def test_a_quotient_is_rounded_as_the_decimal_module_does_it(numerator: int, denominator: int) -> None:
    with decimal.localcontext(prec=80):
        expected = (Decimal(numerator) / denominator).quantize(Decimal(1), decimal.ROUND_HALF_UP)
    assert divide_half_up(numerator, denominator) == expected


def test_a_share_is_in_hundredths_of_a_percent() -> None:
    assert (share(1, 3), share(2, 3), share(1, 1), share(0, 7)) == (3333, 6667, 10000, 0)
    assert share(1, 20_000) == 1


def test_nothing_has_no_shares() -> None:
    assert share(0, 0) is None
