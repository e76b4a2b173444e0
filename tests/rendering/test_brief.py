"""Briefs: the bureau's sentence and its counterparts, their claims, and how they travel."""

from typing import Any

import pytest

from schemas.briefs import BriefSchema, brief_document
from service.domain.brief import Claim, Lang
from service.rendering.brief import write_brief
from tests.rendering.briefs import facts

# The bureau's sentence.


@pytest.mark.parametrize("phrase", ["1.3亿元", "同比增长约14倍", "3.5万人次", "6100余人", "翻两番"])
def test_the_phrases_of_the_bureau_come_out_of_its_figures(phrase: str) -> None:
    assert phrase in write_brief(facts(), "zh").text


def test_the_sentence_of_the_bureau_in_chinese() -> None:
    assert write_brief(facts(), "zh").text == (
        "2024年1—4月，边民互市贸易额1.3亿元，同比增长约14倍；参与交易超3.5万人次，同比增长约13.6倍，"
        "参与边民5800余人，同比增长382.72%。截至2024年4月30日，备案边民6100余人，较2023年末的1525人翻两番。"
        "与上年同期相比，预包装食品为新增品类。"
    )


def test_the_sentence_of_the_bureau_in_english() -> None:
    assert write_brief(facts(), "en").text == (
        "In January–April 2024, border-resident trade came to CNY 130 million, about 15 times the figure of a year "
        "earlier. Participation came to more than 35,000 person-times, about 14.6 times the figure of a year earlier; "
        "more than 5,800 residents took part, up 382.72% year on year. As of 30 April 2024, registered residents "
        "numbered more than 6,100, having more than quadrupled from 1,525 at the end of 2023. Compared with a year "
        "earlier, packaged food is a new category."
    )


def test_the_sentence_of_the_bureau_in_mongolian() -> None:
    assert write_brief(facts(), "mn").text == (
        "2024 оны 1–4 дүгээр сард хилийн оршин суугчдын харилцан худалдааны дүн 130 сая юань болж, өмнөх оны мөн үеэс "
        "ойролцоогоор 15 дахин өссөн байна. Худалдаанд давхардсан тоогоор 35,000 гаруй хүн (өмнөх оны мөн үеэс "
        "ойролцоогоор 14.6 дахин өссөн), давхардаагүй тоогоор 5,800 гаруй хүн (өмнөх оны мөн үеэс 382.72 хувиар "
        "өссөн) оролцсон байна. 2024 оны 4 дүгээр сарын 30-ны өдрийн байдлаар бүртгэлтэй оршин суугчдын тоо 6,100 "
        "гаруй болж, 2023 оны эцсийнхээс (1,525) 4 дахинаас илүү өссөн байна. Өмнөх оны мөн үетэй харьцуулахад "
        "савласан хүнс шинэ ангилал болж нэмэгдсэн байна."
    )


def test_the_claims_hold_the_figures_behind_the_phrases() -> None:
    claims = write_brief(facts(), "zh").claims

    assert claims[0] == Claim("1.3亿元", "amount_cny", 130_000_000_00, 8_666_667_00, 140_000, 150_000)
    assert claims[1] == Claim("同比增长约14倍", "amount_cny", 130_000_000_00, 8_666_667_00, 140_000, 150_000)
    assert claims[-2] == Claim("较2023年末的1525人翻两番", "registered_at_end", 6_142, 1_525, 30_275, 40_275)
    assert claims[-1] == Claim("预包装食品", "category:packaged_food", 5_321, 0, None, None)


@pytest.mark.parametrize(
    ("lang", "note"),
    [
        ("zh", "（统计范围：品类为肉类、绒毛；原产国为法国、蒙古国；社区/嘎查为东社区）"),
        (
            "en",
            " (Only category: meat, wool and cashmere; country of origin: France, Mongolia; settlement: 东社区.)",
        ),
        (
            "mn",
            " (Хамрах хүрээ: ангилал – мах, ноос ноолуур; гарал үүслийн улс – Франц, Монгол; суурин – 东社区.)",
        ),
    ],
)
def test_a_brief_of_less_than_everything_says_so_in_its_own_language(lang: Lang, note: str) -> None:
    filters = {"category": {"wool", "meat"}, "origin": {"MN", "FR"}, "settlement": {"东社区"}}
    narrowed = facts(filters=tuple((name, frozenset(values)) for name, values in filters.items()))
    assert write_brief(narrowed, lang).text == write_brief(facts(), lang).text + note


# On the wire.


def test_the_document_of_a_brief() -> None:
    known = facts()
    document: dict[str, Any] = brief_document(write_brief(known, "zh"), known, "zh", "12.3")

    assert document["claims"][:1] == [
        {
            "phrase": "1.3亿元",
            "measure": "amount_cny",
            "current": "130000000.00",
            "base": "8666667.00",
            "growth_pct": "1400.00",
            "ratio": "15.0000",
        }
    ]
    assert {key: value for key, value in document.items() if key not in {"text", "claims"}} == {
        "lang": "zh",
        "period": {"from": "2024-01-01", "to": "2024-04-30"},
        "base_period": {"from": "2023-01-01", "to": "2023-04-30"},
        "filters": {},
        "registered_on": "2024-04-30",
        "registered_base_on": "2023-12-31",
        "through": "2024-04-30",
        "position": "12.3",
    }
    assert BriefSchema().validate(document) == {}


def test_the_document_without_a_base_has_nulls() -> None:
    known = facts(how="none")
    document: dict[str, Any] = brief_document(write_brief(known, "en"), known, "en", "0.0")

    assert document["base_period"] is None
    assert document["registered_base_on"] is None
    assert document["claims"][1]["current"] == 35_018
    assert {claim["base"] for claim in document["claims"]} == {None}
    assert BriefSchema().validate(document) == {}
