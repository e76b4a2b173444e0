"""Growth and ratio: the golden cases, the reports of the golden history, and an exact recount with fractions."""

import json
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.growth import Comparison, compare, format_growth_pct, format_ratio

CASES = Path(__file__).parent.parent / "cases"
GOLDEN: list[dict[str, Any]] = json.loads((CASES / "growth.json").read_text(encoding="utf-8"))["cases"]

figures = st.integers(-(10**18), 10**18)
bases = st.integers(1, 10**18)


def units(value: str | int) -> int:
    """The digits of a printed figure as an integer: "-0.05" is -5, a count stays what it is."""
    return value if isinstance(value, int) else int(value.replace(".", ""))


def printed(comparison: Comparison) -> dict[str, Any]:
    return {
        "current": comparison.current,
        "base": comparison.base,
        "change": comparison.change,
        "growth_pct": format_growth_pct(comparison.growth_pct),
        "ratio": format_ratio(comparison.ratio),
        "reason": comparison.reason,
    }


def expected(case: dict[str, Any]) -> dict[str, Any]:
    return case | {name: units(case[name]) for name in ("current", "base", "change")}


def comparisons_of_the_golden_history() -> Iterator[dict[str, Any]]:
    cases = json.loads((CASES / "history.json").read_text(encoding="utf-8"))["cases"]
    for report in (report for case in cases for report in case.get("reports", ())):
        for measures in (report["total"], *report["rows"]):
            yield from (figure for name, figure in measures.items() if name != "key" and "base" in figure)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['current']} against {case['base']}")
def test_golden_case_is_met_to_the_last_digit(case: dict[str, Any]) -> None:
    assert printed(compare(units(case["current"]), units(case["base"]))) == expected(case)


def test_every_figure_of_the_golden_history_is_met() -> None:
    figures_seen = list(comparisons_of_the_golden_history())

    assert {figure["reason"] for figure in figures_seen} == {None, "base_zero", "both_zero", "no_base_day"}
    for figure in figures_seen:
        base = None if figure["reason"] == "no_base_day" else units(figure["base"])
        assert printed(compare(units(figure["current"]), base)) == expected(figure)


def test_missing_base_day_is_named_even_when_nothing_was_traded() -> None:
    assert compare(0, None) == Comparison(0, 0, 0, None, None, "no_base_day")


def test_missing_base_day_counts_as_zero_in_the_change() -> None:
    assert compare(7, None) == Comparison(7, 0, 7, None, None, "no_base_day")


@pytest.mark.parametrize("current", [-5, 0, 5])
def test_negative_base_has_no_growth_whatever_the_current_figure(current: int) -> None:
    assert compare(current, -1) == Comparison(current, -1, current + 1, None, None, "base_negative")


def test_negative_current_figure_against_zero_is_a_zero_base() -> None:
    assert compare(-5, 0) == Comparison(-5, 0, -5, None, None, "base_zero")


def test_rise_and_fall_of_half_a_hundredth_both_round_away_from_zero() -> None:
    assert compare(20_001, 20_000).growth_pct == 1
    assert compare(19_999, 20_000).growth_pct == -1
    assert compare(20_003, 20_000).growth_pct == 2
    assert compare(19_997, 20_000).growth_pct == -2


def test_ratio_of_half_a_ten_thousandth_rounds_away_from_zero_on_both_sides() -> None:
    assert compare(1, 20_000).ratio == 1
    assert compare(-1, 20_000).ratio == -1


@pytest.mark.parametrize(("current", "base"), [(19_999_999, 20_000_000), (99_999, 99_999), (-1, 10**9)])
def test_figure_that_rounds_to_zero_bears_no_sign(current: int, base: int) -> None:
    comparison = compare(current, base)

    assert "-0.00" not in (format_growth_pct(comparison.growth_pct), format_ratio(comparison.ratio))
    assert format_growth_pct(0) == "0.00"
    assert format_ratio(0) == "0.0000"


def test_doubling_and_threefold_growth_are_told_apart() -> None:
    assert format_ratio(compare(2, 1).ratio) == "2.0000"
    assert format_growth_pct(compare(4, 1).growth_pct) == "300.00"
    assert format_ratio(compare(4, 1).ratio) == "4.0000"


@given(figures, bases)
@example(99_995, 100_000)
@example(-1, 20_000)
def test_no_other_printed_figure_lies_nearer_to_the_exact_one(current: int, base: int) -> None:
    comparison = compare(current, base)

    for scaled, exact in (
        (comparison.growth_pct, Fraction(current - base, base) * 10_000),
        (comparison.ratio, Fraction(current, base) * 10_000),
    ):
        assert scaled is not None
        distance = abs(scaled - exact)
        assert distance <= Fraction(1, 2)
        assert distance < Fraction(1, 2) or abs(scaled) > abs(exact)


@given(figures, bases)
@example(99_995, 100_000)
def test_growth_is_the_ratio_less_one_but_for_a_tie_below_the_base(current: int, base: int) -> None:
    comparison = compare(current, base)

    assert comparison.growth_pct is not None
    assert comparison.ratio is not None
    is_tie = (2 * current * 10_000) % (2 * base) == base
    apart = comparison.ratio - 10_000 - comparison.growth_pct
    assert apart == (1 if is_tie and 0 < current < base else 0)


@given(figures, st.none() | figures)
def test_growth_and_ratio_stand_exactly_when_no_reason_does(current: int, base: int | None) -> None:
    comparison = compare(current, base)

    stands = base is not None and base > 0
    assert (comparison.growth_pct is not None) == (comparison.ratio is not None) == stands
    assert (comparison.reason is None) == stands
    assert comparison.change == comparison.current - comparison.base


@given(figures, bases, st.integers(1, 1_000))
def test_unit_cancels_out(current: int, base: int, factor: int) -> None:
    fine, coarse = compare(current * factor, base * factor), compare(current, base)

    assert (fine.growth_pct, fine.ratio) == (coarse.growth_pct, coarse.ratio)


@given(figures)
def test_printed_figures_read_back_as_what_they_were(scaled: int) -> None:
    growth_pct, ratio = format_growth_pct(scaled), format_ratio(scaled)

    assert growth_pct is not None
    assert ratio is not None
    assert Decimal(growth_pct) == Decimal(scaled).scaleb(-2)
    assert Decimal(ratio) == Decimal(scaled).scaleb(-4)
    assert len(growth_pct.partition(".")[2]) == 2
    assert len(ratio.partition(".")[2]) == 4


def test_missing_figure_is_printed_as_null() -> None:
    assert format_growth_pct(None) is None
    assert format_ratio(None) is None
