"""The dated rules and the judgement, apart from any ledger."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.allowance import Category, ListGroup, judge, verdict
from service.domain.rulebook import Rulebook
from service.rules import load_rulebook

BOOK = load_rulebook()
TODAY = datetime.date(2024, 6, 30)


@pytest.mark.parametrize(
    ("day", "limit_cny"),
    [("2000-01-01", 3000), ("2008-10-31", 3000), ("2008-11-01", 8000), ("2024-06-30", 8000)],
)
def test_the_value_limit_is_the_one_of_the_business_day(day: str, limit_cny: int) -> None:
    assert BOOK.on(datetime.date.fromisoformat(day)).limit_fen == limit_cny * 100


def test_the_national_list_holds_from_its_first_day() -> None:
    assert BOOK.on(datetime.date(2010, 4, 30)).list_group_of("510111") is None
    group = BOOK.on(datetime.date(2010, 5, 1)).list_group_of("510111")
    assert group is not None
    assert group.name == "wool"


def test_the_version_is_the_day_of_the_newest_rule_in_force() -> None:
    assert BOOK.on(datetime.date(2008, 10, 31)).version == "1998-11-01"
    assert BOOK.on(datetime.date(2008, 11, 1)).version == "2008-11-01"
    assert BOOK.on(TODAY).version == "2010-05-01"


def test_no_day_before_the_first_rule_is_judged() -> None:
    with pytest.raises(LookupError, match="1990-01-01"):
        BOOK.on(datetime.date(1990, 1, 1))


@pytest.mark.parametrize(
    ("hs_code", "name"),
    [
        ("100190", "wheat"), ("110100", "wheat"), ("110311", "wheat"), ("110313", "maize"), ("110319", "rice"),
        ("510111", "wool"), ("510310", "wool"), ("51021920", None), ("510529", "wool_tops"), ("240399", "tobacco"),
        ("240310", None), ("220300", "alcohol"), ("170114", "sugar"), ("120400", None), (None, None),
    ],
)  # fmt: skip
def test_the_longest_prefix_names_the_list_group(hs_code: str | None, name: str | None) -> None:
    group = BOOK.on(TODAY).list_group_of(hs_code)
    assert (group.name if group else None) == name


@pytest.mark.parametrize(
    ("day", "is_verified"),
    [
        ("2000-01-01", False), ("2008-10-31", False), ("2008-11-01", True), ("2010-05-01", True),
        ("2024-04-07", True), ("2024-04-08", False), ("2026-11-30", False),
    ],
)  # fmt: skip
def test_imports_are_verified_while_the_limit_and_the_list_are(day: str, is_verified: bool) -> None:
    assert BOOK.on(datetime.date.fromisoformat(day)).verified is is_verified


def test_the_notice_of_2024_changes_no_version_and_no_free_weight() -> None:
    before, after = BOOK.on(datetime.date(2024, 4, 7)), BOOK.on(datetime.date(2024, 4, 8))
    assert before.version == after.version
    assert before.list_groups == after.list_groups


def test_categories_with_listed_goods_are_grain_wool_and_packaged_food() -> None:
    rules = BOOK.on(TODAY)
    assert {name for name in rules.categories if rules.has_listed_goods(name)} == {"grain", "wool", "packaged_food"}
    before_the_list = BOOK.on(datetime.date(2010, 4, 30))
    assert not any(before_the_list.has_listed_goods(name) for name in before_the_list.categories)


@pytest.mark.parametrize(("own", "listed"), [("11", "110311"), ("150710", "1507"), ("1507", "1507")])
def test_a_category_has_listed_goods_when_one_prefix_begins_with_the_other(own: str, listed: str) -> None:
    basis = BOOK.on(TODAY).categories["meat"].basis
    book = Rulebook(
        BOOK._value_limits, [ListGroup("g", (listed,), 0, basis)], [Category("c", (own, "99"), basis)],
        frozenset(), frozenset(),
    )  # fmt: skip
    assert book.on(TODAY).has_listed_goods("c")


def test_every_rule_names_its_source() -> None:
    rules = BOOK.on(TODAY)
    bases = [row.basis for row in rules.categories.values()] + [row.basis for row in rules.list_groups.values()]
    for basis in bases:
        assert basis.legal_basis
        assert basis.source
    assert not rules.categories["meat"].basis.verified


amounts = st.integers(1, 10**12)
groups = st.none() | st.builds(
    lambda free_g: ListGroup("g", ("10",), free_g, BOOK.on(TODAY).categories["meat"].basis), st.integers(0, 60_000)
)


@given(amounts, amounts, groups, st.integers(0, 800_000), st.integers(0, 60_000))
def test_a_judgement_never_gives_out_more_than_is_left(
    amount_fen: int, quantity_g: int, group: ListGroup | None, used_fen: int, used_g: int
) -> None:
    rules = BOOK.on(TODAY)
    judged = judge(
        is_import=True, amount_fen=amount_fen, quantity_g=quantity_g, group=group, rules=rules,
        used_fen=used_fen, used_g=used_g,
    )  # fmt: skip
    assert 0 <= judged.exempt_fen <= amount_fen
    assert used_fen + judged.exempt_fen <= max(rules.limit_fen, used_fen)
    if group is not None:
        assert 0 <= judged.exempt_quantity_g <= quantity_g
        assert used_g + judged.exempt_quantity_g <= max(group.free_g, used_g)


@given(amounts, amounts, st.integers(0, 800_000))
def test_an_export_is_recorded_and_uses_nothing(amount_fen: int, quantity_g: int, used_fen: int) -> None:
    judged = judge(
        is_import=False, amount_fen=amount_fen, quantity_g=quantity_g, group=None, rules=BOOK.on(TODAY),
        used_fen=used_fen, used_g=0,
    )  # fmt: skip
    assert (judged.exempt_fen, judged.exempt_quantity_g) == (amount_fen, 0)


@pytest.mark.parametrize(
    ("is_import", "exempt", "taxable", "word"),
    [
        (True, 5, 0, "exempt"), (True, 3, 2, "partly_taxed"), (True, 0, 5, "taxed"), (False, 5, 0, "export"),
        (True, -5, 0, "exempt"), (True, -3, -2, "partly_taxed"), (True, 0, -5, "taxed"),
    ],
)  # fmt: skip
def test_the_verdict_in_a_word_is_the_same_for_a_reversal(
    is_import: bool, exempt: int, taxable: int, word: str
) -> None:
    assert verdict(is_import=is_import, exempt_fen=exempt, taxable_fen=taxable) == word
