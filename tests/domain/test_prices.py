"""Usual unit prices: median and deviation, worked out by hand and compared with fractions."""

import statistics
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.prices import PARTS_OF_FEN, TRADES_MIN, UsualPrices, unit_price, usual_prices

KG = 1000


def usual_of(prices_fen_per_kg: list[int]) -> UsualPrices | None:
    """The usual prices of trades of one kilogram."""
    return usual_prices(unit_price(price, KG) for price in prices_fen_per_kg)


def test_nineteen_trades_are_too_few_and_twenty_are_enough() -> None:
    assert usual_of([1000] * (TRADES_MIN - 1)) is None
    assert usual_of([1000] * TRADES_MIN) is not None


@pytest.mark.parametrize(
    ("amount_fen", "is_usual"),
    [(449, False), (450, True), (1950, True), (3450, True), (3451, False)],
)
def test_the_ends_of_the_range_are_usual_and_a_fen_beyond_is_not(amount_fen: int, is_usual: bool) -> None:
    """Prices 1000, 1100 … 2900: the median is 1950, the median distance from it 500."""
    usual = usual_of(list(range(1000, 3000, 100)))
    assert usual is not None
    assert usual.trades == 20
    assert usual.include(amount_fen, KG) is is_usual


def test_with_one_price_no_other_is_usual_but_the_rounding_to_a_fen_is() -> None:
    usual = usual_prices([unit_price(1667, KG)] * 20)
    assert usual is not None
    assert usual.lowest == usual.highest
    assert usual.include(1667 * 7, 7 * KG)
    assert usual.include(2, 1)  # One gram at 1.667 fen can't be paid otherwise than with 1 or 2 fen.
    assert usual.include(1, 1)
    assert not usual.include(3, 1)
    assert not usual.include(1668, KG)
    assert not usual.include(1666, KG)


def test_a_third_of_a_fen_is_no_other_price() -> None:
    """100 fen for 3 g and 1,000,000 fen for 30,000 g are one price, which no decimal fraction is equal to."""
    usual = usual_prices([unit_price(100, 3)] * 20)
    assert usual is not None
    assert usual.include(1_000_000, 30_000)
    assert not usual.include(1_000_001, 30_000)


def test_a_trade_that_costs_next_to_nothing_is_usual_only_where_prices_differ_much() -> None:
    usual = usual_of([1, 1000] * 10)
    assert usual is not None
    assert usual.lowest == 0


trades = st.lists(st.tuples(st.integers(1, 10**9), st.integers(1, 10**8)), min_size=20, max_size=60)


@given(trades, st.integers(1, 10**9), st.integers(1, 10**8))
def test_it_agrees_with_fractions_to_a_fen(found: list[tuple[int, int]], amount_fen: int, quantity_g: int) -> None:
    prices = [Fraction(*one) for one in found]
    median = statistics.median(prices)
    width = 3 * statistics.median(abs(price - median) for price in prices)
    lowest_fen, highest_fen = (median - width) * quantity_g, (median + width) * quantity_g
    usual = usual_prices(unit_price(*one) for one in found)
    assert usual is not None
    if lowest_fen <= amount_fen <= highest_fen:
        assert usual.include(amount_fen, quantity_g)
    elif not lowest_fen - 2 <= amount_fen <= highest_fen + 2:
        assert not usual.include(amount_fen, quantity_g)


@given(st.lists(st.integers(0, 50), min_size=20, max_size=60))
def test_the_width_is_that_of_all_distances_sorted(prices: list[int]) -> None:
    median = statistics.median_low(prices) + statistics.median_high(prices)
    usual = usual_prices(prices)
    distances = sorted(abs(price - median // 2) for price in prices)
    width = (statistics.median_low(distances) + statistics.median_high(distances)) // 2
    assert usual == (max(0, median // 2 - 3 * width), median // 2 + 3 * width, len(prices))


def test_a_unit_price_is_a_whole_number() -> None:
    assert unit_price(1670, KG) == 1_670_000_000_000 == 1670 * PARTS_OF_FEN // KG
