"""Amounts and weights in plain spelling are read without the pattern, and all others by it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.money import CNY_PATTERN, KG_PATTERN, parse_cny, parse_kg

spellings = st.one_of(
    st.from_regex(r"[0-9]{0,12}\.?[0-9]{0,4}", fullmatch=True),
    st.from_regex(r"[0-9+\-_. ²１٣]{0,15}", fullmatch=True),
    st.text(max_size=15),
)


def _by_the_pattern(pattern: str, decimals: int, text: str) -> int | None:
    match = re.fullmatch(pattern[1:-1], text, re.ASCII)
    if match is None:
        return None
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(decimals, "0"))


@given(spellings)
def test_an_amount_is_read_as_its_pattern_says(text: str) -> None:
    _is_read_alike(text)


@pytest.mark.parametrize(
    "text",
    ["1.00", "9999999999.99", "9999999999.999", "99999999999.99", ".50", ".500", "1.²0", "1.１0", "0.50", "01.50"],
)
def test_an_amount_at_the_edge_is_read_as_its_pattern_says(text: str) -> None:
    _is_read_alike(text)


def _is_read_alike(text: str) -> None:
    for parse, pattern, decimals in ((parse_cny, CNY_PATTERN, 2), (parse_kg, KG_PATTERN, 3)):
        expected = _by_the_pattern(pattern, decimals, text)
        if expected is None:
            with pytest.raises(ValueError, match="decimals"):
                parse(text)
        else:
            assert parse(text) == expected
