"""What a line of a transfer is worth, what is paid for it, and the code of an enterprise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.enterprises import CREDIT_CODE_CHARACTERS, check_character, parse_credit_code
from service.domain.transfers import GoneOn, TransferLine, lines_digest, parts_paid, worth_of

AMOUNTS = st.integers(1, 10_000)


@given(AMOUNTS, st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=30))
def test_a_trade_that_has_gone_on_whole_has_gone_on_with_its_whole_amount(
    amount_fen: int, steps: list[tuple[int, bool]]
) -> None:
    """Also when transfers between are reversed: each step takes grams on, or gives an earlier one back."""
    quantity_g = sum(grams for grams, _ in steps)
    live: list[GoneOn] = []

    def gone() -> GoneOn:
        return GoneOn(sum(one.quantity_g for one in live), sum(one.amount_fen for one in live))

    for grams, gives_back in steps:
        live.append(GoneOn(grams, worth_of(amount_fen, quantity_g, gone(), grams)))
        assert 0 <= gone().amount_fen <= amount_fen
        if gives_back:
            del live[len(live) // 2]
    if left := quantity_g - gone().quantity_g:
        live.append(GoneOn(left, worth_of(amount_fen, quantity_g, gone(), left)))
    assert gone() == (quantity_g, amount_fen)


def test_parts_of_a_trade_are_rounded_half_up_in_their_order() -> None:
    first = worth_of(10, 3, GoneOn(), 1)
    second = worth_of(10, 3, GoneOn(1, first), 1)
    assert (first, second, worth_of(10, 3, GoneOn(2, first + second), 1)) == (3, 4, 3)


@given(st.integers(0, 10_000), st.lists(st.builds(GoneOn, st.integers(1, 99), st.integers(0, 99)), min_size=1))
def test_what_is_paid_is_paid_for_the_lines(paid_fen: int, lines: list[GoneOn]) -> None:
    parts = [part for part in parts_paid(paid_fen, lines) if part is not None]
    assert (len(parts), sum(parts)) == (len(lines), paid_fen)
    assert min(parts) >= 0


def test_what_nobody_has_stated_is_paid_for_no_line() -> None:
    assert parts_paid(None, [GoneOn(1, 1), GoneOn(2, 2)]) == [None, None]


def test_the_digest_tells_every_value_of_a_line() -> None:
    line = TransferLine(1, 7, 1000, 500, None, True)
    changed = [line, *(line._replace(**{name: getattr(line, name) + 1}) for name in line._fields[:4])]
    changed += [line._replace(paid_fen=0), line._replace(is_whole=False)]
    assert len({lines_digest([one]) for one in changed}) == len(changed)


@pytest.mark.parametrize("first", ["91350100M000100Y4", "12100000400000624", "52152501MJ0000001"])
def test_a_code_is_taken_with_its_check_character_only(first: str) -> None:
    code = first + check_character(first)
    assert parse_credit_code(code.lower()) == code
    for other in set(CREDIT_CODE_CHARACTERS) - {code[-1]}:
        with pytest.raises(ValueError, match="check character"):
            parse_credit_code(first + other)


def test_the_code_of_the_standard_fits() -> None:
    """The example that GB 32100-2015 is usually explained with."""
    assert parse_credit_code("91350100M000100Y43") == "91350100M000100Y43"


@pytest.mark.parametrize(
    "text", ["", "9135 0100M000100Y43", "91350100M000100Y4", "91350100I000100Y43", "９1350100M000100Y43"]
)
def test_another_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="18 characters"):
        parse_credit_code(text)
