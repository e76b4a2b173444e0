"""Briefs: golden cases in three languages, and what a figure changes at its edges."""

from typing import Any

import pytest

from service.domain.brief import NewCategory
from service.domain.growth import compare
from service.domain.periods import parse_period
from service.rendering.brief import write_brief
from service.rendering.brief.figures import amount_words, heads_words
from tests.rendering.briefs import LANGS, facts, nothing_traded

# Golden cases: what is asked, and a part of the text that has to stand there.

GOLDEN: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    (
        "the first half of 2024",
        {"period": parse_period("2024-H1"), "amount_fen": (306_000_000_00, 62_983_700_00)},
        (
            "2024年上半年，边民互市贸易额3.06亿元，同比增长385.84%；",
            "In the first half of 2024, border-resident trade came to CNY 306 million, up 385.84% year on year.",
            "харилцан худалдааны дүн 306 сая юань болж, өмнөх оны мөн үеэс 385.84 хувиар өссөн байна.",
        ),
    ),
    (
        "a drop",
        {"amount_fen": (87_660_000_00, 100_000_000_00)},
        (
            "边民互市贸易额约8770万元，同比下降12.34%；",
            "came to about CNY 87.7 million, down 12.34% year on year.",
            "ойролцоогоор 87.7 сая юань болж, өмнөх оны мөн үеэс 12.34 хувиар буурсан байна.",
        ),
    ),
    (
        "a drop to almost nothing",
        {"amount_fen": (1, 10_000_000_00)},
        (
            "贸易额0.01元，同比下降超过99.99%；",
            "CNY 0.01, down more than 99.99% year on year.",
            "99.99 хувиас илүү буурсан",
        ),
    ),
    (
        "imports and exports",
        {
            "amount_fen": (138_000_000, 69_000_000),
            "directions": (("import", compare(92_000_000, 69_000_000)), ("export", compare(46_000_000, 0))),
        },
        (
            "边民互市贸易额138万元，同比增长1倍（为进出口合计，其中进口92万元，出口46万元）；参与交易",
            "This is imports and exports together: imports of CNY 920,000 and exports of CNY 460,000. Part",
            "байна. Энэ нь импорт, экспортын нийлбэр дүн бөгөөд импорт 920,000 юань, экспорт 460,000 юань байна. Худ",
        ),
    ),
    (
        "the same amount",
        {"amount_fen": (5_000_000_00, 5_000_000_00)},
        (
            "贸易额500万元，与上年同期持平；",
            "CNY 5 million, unchanged from a year earlier.",
            "5 сая юань болж, өмнөх оны мөн үетэй тэнцүү байна.",
        ),
    ),
    (
        "almost the same amount",
        {"amount_fen": (5_000_001_00, 5_000_000_00)},
        (
            "约500万元，与上年同期基本持平；",
            "almost unchanged from a year earlier.",
            "өмнөх оны мөн үетэй бараг тэнцүү",
        ),
    ),
    (
        "a base that was named",
        {"custom": parse_period("2022-H1"), "amount_fen": (87_660_000_00, 100_000_000_00)},
        (
            "边民互市贸易额约8770万元，较2022年上半年下降12.34%；参与交易超3.5万人次，较2022年上半年增长约13.6倍",
            "87.7 million, down 12.34% on the first half of 2022. Participation came to more than 35,000",
            "ойролцоогоор 87.7 сая юань болж, 2022 оны эхний хагас жилийн үеэс 12.34 хувиар буурсан байна.",
        ),
    ),
    (
        "the same amount as on a day that was named",
        {"custom": parse_period("2022-04-15"), "amount_fen": (5_000_000_00, 5_000_000_00)},
        (
            "贸易额500万元，与2022年4月15日持平；",
            "CNY 5 million, unchanged from 15 April 2022.",
            "5 сая юань болж, 2022 оны 4 дүгээр сарын 15-ны өдрийн үетэй тэнцүү байна.",
        ),
    ),
    (
        "no trade, and a base that was named with trade",
        {"custom": parse_period("2022-Q1"), **nothing_traded((100_000, 2, 1))},
        (
            "无边民互市交易记录；2022年第一季度贸易额1000元。",
            "no border-resident trade was recorded; in the first quarter of 2022 it came to CNY 1,000.",
            "бүртгэгдээгүй, харин 2022 оны нэгдүгээр улиралд 1,000 юань болсон байна.",
        ),
    ),
    (
        "no trade, and none in a base that was named",
        {"custom": parse_period("2022-04"), **nothing_traded((0, 0, 0))},
        (
            "无边民互市交易记录，2022年4月亦无。",
            "no border-resident trade was recorded, nor was any in April 2022.",
            "бүртгэгдээгүй, 2022 оны 4 дүгээр сард ч бүртгэгдээгүй байна.",
        ),
    ),
    (
        "a base of zero that was named",
        {
            "custom": parse_period("2022"),
            "amount_fen": (8_530_55, 0),
            "participations": (2, 0),
            "residents": (1, 0),
        },
        (
            "贸易额8530.55元，2022年无交易记录；参与交易2人次，参与边民1人。截至",
            "; no trade was recorded in 2022. Participation came to 2 person-times; 1 resident took part. As of",
            "болсон бөгөөд 2022 онд худалдаа бүртгэгдээгүй байна.",
        ),
    ),
    (
        "a base of zero",
        {"amount_fen": (8_530_55, 0), "participations": (2, 0), "residents": (1, 0)},
        (
            "贸易额8530.55元，上年同期无交易记录；参与交易2人次，参与边民1人。截至",
            "in the same period a year earlier. Participation came to 2 person-times; 1 resident took part. As of",
            "өмнөх оны мөн үед худалдаа бүртгэгдээгүй байна. Худалдаанд давхардсан тоогоор 2 хүн",
        ),
    ),
    (
        "no trade then or now",
        {**nothing_traded((0, 0, 0)), "new_categories": ()},
        (
            "2024年1—4月，无边民互市交易记录，上年同期亦无。截至",
            "no border-resident trade was recorded, nor was any in the same period a year earlier. As of",
            "харилцан худалдаа бүртгэгдээгүй, өмнөх оны мөн үед ч бүртгэгдээгүй байна.",
        ),
    ),
    (
        "no trade now",
        {**nothing_traded((8_666_667_00, 2_400, 1_204)), "new_categories": ()},
        (
            "无边民互市交易记录；上年同期贸易额约867万元。截至",
            "trade was recorded; in the same period a year earlier it came to about CNY 8.67 million. As of",
            "бүртгэгдээгүй, харин өмнөх оны мөн үед ойролцоогоор 8.67 сая юань болсон байна.",
        ),
    ),
    (
        "against the previous period",
        {"how": "previous", "amount_fen": (120_000_000_00, 100_000_000_00)},
        (
            "贸易额1.2亿元，环比增长20%；",
            "CNY 120 million, up 20% on the previous period.",
            "120 сая юань болж, өмнөх үеэс 20 хувиар өссөн байна.",
        ),
    ),
    (
        "a whole multiple to the last fen",
        {"amount_fen": (30_000_000_00, 10_000_000_00)},
        ("3000万元，同比增长2倍；", "CNY 30 million, three times the figure of a year earlier.", "үеэс 3 дахин өссөн"),
    ),
    (
        "twice the base",
        {"amount_fen": (20_000_000_00, 10_000_000_00)},
        ("同比增长1倍；", ", twice the figure of a year earlier.", "үеэс 2 дахин өссөн"),
    ),
    (
        "one fen short of twice the base",
        {"amount_fen": (19_999_999_99, 10_000_000_00)},
        ("约2000万元，同比增长约1倍；", "about twice the figure of a year earlier.", "ойролцоогоор 2 дахин өссөн"),
    ),
    (
        "a stock that has doubled",
        {"registered": (3_050, 1_525)},
        (
            "备案边民3000余人，较2023年末的1525人翻一番。",
            "registered residents numbered more than 3,000, having doubled from 1,525 at the end of 2023.",
            "2023 оны эцсийнхээс (1,525) 2 дахин өссөн байна.",
        ),
    ),
    (
        "a stock at 1.9999 times its base",
        {"registered": (19_999, 10_000)},
        (
            "备案边民超1.9万人，较2023年末的10000人增长99.99%。",
            "more than 19,000, up 99.99% from 10,000 at the end of 2023.",
            "2023 оны эцсийнхээс (10,000) 99.99 хувиар өссөн байна.",
        ),
    ),
    (
        "a stock that lacks one of having quadrupled",
        {"registered": (6_099, 1_525)},
        (
            "备案边民6000余人，较2023年末的1525人增长约3倍。",
            "more than 6,000, about four times the 1,525 at the end of 2023.",
            "2023 оны эцсийнхээс (1,525) ойролцоогоор 4 дахин өссөн байна.",
        ),
    ),
    (
        "a stock that has quadrupled to the head",
        {"registered": (6_100, 1_525)},
        (
            "备案边民6100人，较2023年末的1525人翻两番。",
            "registered residents numbered 6,100, having quadrupled from 1,525 at the end of 2023.",
            "тоо 6,100 болж, 2023 оны эцсийнхээс (1,525) 4 дахин өссөн байна.",
        ),
    ),
    (
        "several new categories",
        {"new_categories": tuple(NewCategory(code, 1) for code in ("meat", "wool", "flowers"))},
        (
            "与上年同期相比，肉类、绒毛、flowers为新增品类。",
            "Compared with a year earlier, the new categories are meat, wool and cashmere as well as flowers.",
            "Өмнөх оны мөн үетэй харьцуулахад мах, ноос ноолуур болон flowers шинэ ангилал болж нэмэгдсэн байна.",
        ),
    ),
]


@pytest.mark.parametrize(("changed", "parts"), [case[1:] for case in GOLDEN], ids=[case[0] for case in GOLDEN])
def test_golden_case_reads_as_expected(changed: dict[str, Any], parts: tuple[str, str, str]) -> None:
    for lang, part in zip(LANGS, parts, strict=True):
        assert part in write_brief(facts(**changed), lang).text


EDGES = [
    (19_999, 10_000, "增长99.99%"),
    (20_000, 10_000, "翻一番"),
    (20_999, 10_000, "翻一番"),
    (21_000, 10_000, "增长110%"),
    (39_499, 10_000, "增长294.99%"),
    (39_500, 10_000, "增长约3倍"),
    (39_999, 10_000, "增长约3倍"),
    (40_000, 10_000, "翻两番"),
    (41_999, 10_000, "翻两番"),
    (42_000, 10_000, "增长320%"),
    (80_000, 10_000, "增长7倍"),
    (109_499, 10_000, "增长994.99%"),
    (111_000, 10_000, "增长10.1倍"),
    (152_400, 10_000, "增长约14.2倍"),
]


@pytest.mark.parametrize(("current", "base", "words"), EDGES, ids=[words for _, _, words in EDGES])
def test_a_stock_changes_its_words_at_the_edge(current: int, base: int, words: str) -> None:
    assert f"较2023年末的{base}人{words}。" in write_brief(facts(registered=(current, base)), "zh").text


def test_nothing_is_compared_without_a_base_period() -> None:
    assert write_brief(facts(how="none"), "zh").text == (
        "2024年1—4月，边民互市贸易额1.3亿元；参与交易超3.5万人次，参与边民5800余人。"
        "截至2024年4月30日，备案边民6100余人。"
    )
    assert {claim.base for claim in write_brief(facts(how="none"), "zh").claims} == {None}


@pytest.mark.parametrize("base", [None, -5], ids=["no base day", "a base below zero"])
def test_a_base_that_allows_no_comparison_is_passed_over(base: int | None) -> None:
    text = write_brief(facts(amount_fen=(500_00, base), participations=(7, base)), "zh").text

    assert "边民互市贸易额500元；参与交易7人次，参与边民5800余人，同比增长382.72%。" in text


def test_nothing_is_new_where_the_base_period_had_no_trade() -> None:
    for lang in LANGS:
        claims = write_brief(facts(amount_fen=(1, 0), participations=(1, 0), residents=(1, 0)), lang).claims
        assert not [claim for claim in claims if claim.measure.startswith("category:")]


def test_an_amount_keeps_three_digits_and_says_about() -> None:
    amounts_fen = (853_055, 9_999_99, 99_999_99, 12_998_765_432, 9_999_999_999, 30_612_345_678, 10**14)

    assert [amount_words(fen, "zh") for fen in amounts_fen] == [
        "8530.55元", "9999.99元", "约10万元", "约1.3亿元", "约1亿元", "约3.06亿元", "1万亿元",
    ]  # fmt: skip
    assert [amount_words(fen, "en") for fen in amounts_fen[2:4]] == ["about CNY 100,000", "about CNY 130 million"]
    assert [amount_words(fen, "mn") for fen in amounts_fen[4:]] == [
        "ойролцоогоор 100 сая юань", "ойролцоогоор 306 сая юань", "1 их наяд юань",
    ]  # fmt: skip


def test_heads_are_rounded_down_and_say_more_than() -> None:
    heads = (999, 1_000, 6_199, 9_999, 35_000, 35_999, 123_456, 1_239_999, 123_456_789)

    assert [heads_words(count, "zh") + "人" for count in heads] == [
        "999人", "1000人", "6100余人", "9900余人", "3.5万人", "超3.5万人", "超12.3万人", "超123万人", "超1.2亿人",
    ]  # fmt: skip
    assert heads_words(1_239_999, "en") == "more than 1.23 million"
    assert heads_words(1_239_999, "mn") == "1.23 сая гаруй"


def test_figures_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="zero or more"):
        facts(amount_fen=(-1, 5))
