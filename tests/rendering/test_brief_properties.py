"""Briefs: for any figures, no phrase says more than the figures allow, and all languages make the same claims."""

import re
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.domain.brief import Brief, Claim, Facts, Lang, NewCategory, Processed
from service.domain.brief.processed import SHARE
from service.domain.growth import compare
from service.domain.periods import EARLIEST_DAY, Compare, Period, parse_period
from service.domain.transactions import DIRECTIONS
from service.rendering.brief import write_brief
from service.rendering.brief.days import base_words, day_words, period_words
from tests.rendering.briefs import LANGS, facts, nothing_traded

GROWTH_WORDS: dict[Lang, str] = {
    "zh": r"增长|下降|持平|翻.番",
    "en": r"\bup \d|\bdown \d|\bdown more|unchanged|doubled|quadrupled|times the|twice the",
    "mn": r"өссөн|буурсан|тэнцүү",
}


# Whatever the figures are.


def comparisons(top: int) -> st.SearchStrategy[tuple[int, int | None]]:
    """Any figures, and bases whose multiples they nearly are."""
    anything = st.tuples(st.integers(0, top), st.none() | st.just(0) | st.integers(-5, top))
    near = st.builds(
        lambda base, times, off: (max(0, base * times + off), base),
        *(st.integers(1, top), st.integers(0, 20), st.integers(-3, 3)),
    )
    return anything | near


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any days, and whole months as often."""
    start = draw(st.dates(EARLIEST_DAY, date(2090, 1, 1)))
    end = draw(st.dates(start, date(start.year + 3, 12, 31)))
    whole = Period(start.replace(day=1), parse_period(f"{end:%Y-%m}").end)
    return whole if draw(st.booleans()) else Period(start, end)


@st.composite
def processed(draw: st.DrawFn) -> Processed:
    """What went on to processing: any part of any imports, all of them and none."""
    imports = draw(comparisons(10**15))
    parts = [
        draw(st.integers(0, whole or 0) | st.sampled_from([0, max(whole or 0, 0)])) for whole in map(_heads, imports)
    ]
    takers = [0 if part == 0 else draw(st.integers(1, 300)) for part in parts]
    bases = [None if imports[1] is None else figure for figure in (parts[1], takers[1])]
    return Processed(
        amount_fen=compare(parts[0], bases[0]), enterprises=compare(takers[0], bases[1]), imports_fen=compare(*imports)
    )


def _heads(figure: int | None) -> int:
    return max(0, figure or 0)


@st.composite
def all_facts(draw: st.DrawFn, comparisons_by: tuple[Compare, ...] = get_args(Compare)) -> Facts:
    codes = draw(st.lists(st.sampled_from(["meat", "grain", "wool", "packaged_food", "flowers"]), unique=True))
    return facts(
        how=draw(st.sampled_from(comparisons_by)),
        custom=draw(st.none() | periods()),
        period=draw(periods()),
        amount_fen=draw(comparisons(10**15)),
        participations=draw(comparisons(10**9)),
        residents=draw(comparisons(10**7)),
        registered=draw(comparisons(10**7)),
        directions=tuple(
            (direction, compare(*draw(comparisons(10**15)))) for direction in draw(st.sampled_from([(), DIRECTIONS]))
        ),
        processed=draw(st.none() | processed()),
        new_categories=tuple(NewCategory(code, draw(st.integers(1, 10**6))) for code in codes),
    )


def growth_without_base(brief: Brief, lang: Lang) -> list[Claim]:
    """The claims that speak of growth over a base that does not allow it."""
    return [
        claim
        for claim in brief.claims
        if re.search(GROWTH_WORDS[lang], claim.phrase)
        and (claim.growth_pct is None or not claim.base or claim.base < 0)
    ]


def between_the_phrases(brief: Brief) -> str:
    """The text without its phrases. Fails when one does not stand after the one before it."""
    rest, place = [], 0
    for claim in brief.claims:
        found = brief.text.index(claim.phrase, place)
        rest.append(brief.text[place:found])
        place = found + len(claim.phrase)
    return "|".join([*rest, brief.text[place:]])


def said_in_chinese(phrase: str) -> Iterator[tuple[Fraction, str]]:
    """Each number of a phrase in its unit, and what follows it."""
    units = {"万亿": 10**12, "亿": 10**8, "万": 10**4, "": 1}
    for number, unit, after in re.findall(r"([\d.]+)(万亿|亿|万|)(余?人次?|元|倍|%)", phrase):
        yield Fraction(number) * units[unit], after


@given(all_facts(), st.sampled_from(LANGS))
@example(facts(), "zh")
@example(facts(**nothing_traded(None)), "zh")
def test_every_phrase_stands_in_the_text_and_nothing_else_holds_a_figure(known: Facts, lang: Lang) -> None:
    brief = write_brief(known, lang)
    as_of = day_words(known.registered_on, lang)

    rest = between_the_phrases(brief)
    assert rest.startswith(period_words(known.period, lang))
    assert not re.search(r"\d", rest.removeprefix(period_words(known.period, lang)).replace(as_of, "", 1))
    assert not re.search(GROWTH_WORDS[lang], rest)
    assert not re.search(r"None|\bnan\b|  |，，|, ,", brief.text)
    assert brief.text.endswith({"zh": "。", "en": ".", "mn": "."}[lang])


YEAR_EARLIER_OR_BEFORE: dict[Lang, str] = {
    "zh": "同比|环比|上年|上期",
    "en": "year on year|a year earlier|previous period",
    "mn": "өмнөх оны|өмнөх үе",
}


@given(all_facts(("custom",)), st.sampled_from(LANGS))
@example(facts(custom=parse_period("2022-H1")), "en")
def test_growth_over_a_base_that_was_named_is_told_by_its_name_and_by_no_other(known: Facts, lang: Lang) -> None:
    brief = write_brief(known, lang)

    assert re.search(YEAR_EARLIER_OR_BEFORE[lang], brief.text) is None
    grown = [c for c in brief.claims if re.search(GROWTH_WORDS[lang], c.phrase) and c.measure != "registered_at_end"]
    assert known.base_period is not None or not grown
    assert all(base_words(known.base_period, lang) in claim.phrase for claim in grown if known.base_period)


@given(all_facts(), st.sampled_from(LANGS))
def test_no_growth_is_said_where_the_base_does_not_allow_it(known: Facts, lang: Lang) -> None:
    brief = write_brief(known, lang)

    assert growth_without_base(brief, lang) == []
    if known.compare == "none":
        assert not re.search(GROWTH_WORDS[lang], brief.text)
        assert {claim.base for claim in brief.claims} == {None}


def test_growth_over_a_base_of_zero_would_be_found() -> None:
    forged = Claim("同比增长约14倍", "amount_cny", 130_000_000_00, 0, None, None)

    assert growth_without_base(Brief(forged.phrase, (forged,)), "zh") == [forged]
    with pytest.raises(ValueError, match="substring not found"):
        between_the_phrases(Brief("贸易额1.3亿元。", (forged,)))


@given(all_facts())
def test_the_numbers_in_chinese_phrases_follow_from_their_claims(known: Facts) -> None:
    for claim in write_brief(known, "zh").claims:
        if claim.measure.startswith("category:"):
            continue
        if claim.measure == SHARE:
            assert_the_share_is_honest(known, claim)
            continue
        for number, after in said_in_chinese(claim.phrase):
            assert_the_number_is_honest(claim, number, after)
        for doubled, times in (("翻一番", 2), ("翻两番", 4)):
            if doubled in claim.phrase:
                assert claim.base is not None
                assert times * claim.base <= claim.current < Fraction(105 * times, 100) * claim.base


def assert_the_share_is_honest(known: Facts, claim: Claim) -> None:
    """A share is never said to be all of the imports, or none, or more of them than went on."""
    assert known.processed is not None
    part, whole = known.processed.amount_fen.current, known.processed.imports_fen.current
    share = Fraction(part * 10_000, whole)
    (said,) = re.findall(r"([\d.]+)%", claim.phrase)
    number = Fraction(said) * 100
    assert abs(claim.current - share) <= Fraction(1, 2)
    if "以上" in claim.phrase:
        assert number == 9_999 < share < 10_000
    elif "不足" in claim.phrase:
        assert 0 < share < number == 1
    else:
        assert number == claim.current
        assert (number == 10_000) == (part == whole)
        assert number > 0


def assert_the_number_is_honest(claim: Claim, number: Fraction, after: str) -> None:
    if after == "元":
        # The amount of the base period is said only where the period itself had none.
        fen = claim.base if claim.current == 0 < number else claim.current
        assert fen is not None
        assert abs(number * 100 - fen) * 200 <= fen
        assert (number * 100 == fen) == ("约" not in claim.phrase)
    elif after.startswith(("人", "余")) and claim.phrase.startswith(("较", "与")):
        assert number == claim.base
    elif after.startswith(("人", "余")):
        assert number <= claim.current < number * Fraction(11, 10) + 1
        assert (number == claim.current) == (not re.search("超|余", claim.phrase))
    else:
        assert_the_growth_is_honest(claim, number, after)


def assert_the_growth_is_honest(claim: Claim, number: Fraction, after: str) -> None:
    assert claim.base is not None
    growth = Fraction(claim.current - claim.base, claim.base)
    if after == "倍":
        assert abs(number - growth) <= Fraction(5, 100)
        assert (number == growth) == ("约" not in claim.phrase)
    elif "超过" in claim.phrase:
        assert -1 < growth < -number / 100
    else:
        assert claim.growth_pct is not None
        assert number * 100 == abs(claim.growth_pct)
        assert (growth > 0) == ("增长" in claim.phrase)
        assert (number == 100) == (abs(growth) == 1)


@given(all_facts(), st.sampled_from(LANGS))
def test_the_three_languages_make_the_same_claims(known: Facts, lang: Lang) -> None:
    def figures(of: Lang) -> list[tuple[object, ...]]:
        return [
            (claim.measure, claim.current, claim.base, claim.growth_pct, claim.ratio)
            for claim in write_brief(known, of).claims
        ]

    assert figures(lang) == figures("zh")
