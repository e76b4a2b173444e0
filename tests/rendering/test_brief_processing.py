"""Briefs: the sentence about landing processing in three languages, and where it or a phrase of it is left out."""

from typing import Any

import pytest

from schemas.briefs import brief_document
from service.domain.brief import Processed
from service.domain.growth import compare
from service.domain.periods import parse_period
from service.rendering.brief import write_brief
from service.rendering.words.terms import claimed_name
from tests.rendering.briefs import LANGS, facts, nothing_traded

FEN = 10_000_000_00
"""Ten million CNY."""


def processed(amount: tuple[int, int | None], enterprises: tuple[int, int | None], imports: Any) -> Processed:
    """What went on, as pairs of current and base."""
    return Processed(amount_fen=compare(*amount), enterprises=compare(*enterprises), imports_fen=compare(*imports))


USUAL = processed((12_532 * FEN // 1000, 7 * FEN // 10), (2, 1), (13 * FEN, 866_666_700))

GOLDEN: list[tuple[str, dict[str, Any], tuple[str, str, str]]] = [
    (
        "grown",
        {"processed": processed((12 * FEN, 8 * FEN), (2, 1), (13 * FEN, 10 * FEN))},
        (
            "。落地加工货值1.2亿元，同比增长50%，占进口额的92.31%，承接企业2家。截至",
            (
                "Goods worth CNY 120 million went to landing processing, up 50% year on year, and made up 92.31% of the"
                " value of imports; 2 enterprises took them. As of"
            ),
            (
                " Дотоодод боловсруулахад шилжсэн барааны дүн 120 сая юань (өмнөх оны мөн үеэс 50 хувиар өссөн), "
                "импортын дүнгийн 92.31 хувь, хүлээн авсан аж ахуйн нэгж 2 байна. "
            ),
        ),
    ),
    (
        "new",
        {"processed": processed((1_234_56, 0), (1, 0), (1_234_56, 10 * FEN))},
        (
            "。落地加工货值1234.56元，占进口额的100%，承接企业1家。截至",
            (
                " Goods worth CNY 1,234.56 went to landing processing, and made up 100% of the value of imports; "
                "1 enterprise took them. As of"
            ),
            (
                " Дотоодод боловсруулахад шилжсэн барааны дүн 1,234.56 юань, импортын дүнгийн 100 хувь, хүлээн авсан "
                "аж ахуйн нэгж 1 байна. "
            ),
        ),
    ),
    (
        "nearly all",
        {"processed": processed((13 * FEN - 1, 13 * FEN), (1, 1), (13 * FEN, 13 * FEN))},
        ("占进口额的99.99%以上", "more than 99.99% of the value of imports", "импортын дүнгийн 99.99 хувиас илүү"),
    ),
    (
        "nearly nothing, against days that were named",
        {"processed": processed((1, 1), (1, 1), (13 * FEN, 13 * FEN)), "custom": parse_period("2022-04")},
        (
            "。落地加工货值0.01元，与2022年4月持平，不足进口额的0.01%，承接企业1家。",
            (
                " Goods worth CNY 0.01 went to landing processing, unchanged from April 2022, and made up less than "
                "0.01% of the value of imports; "
            ),
            "0.01 юань (2022 оны 4 дүгээр сарын үетэй тэнцүү), импортын дүнгийн 0.01 хувиас бага, ",
        ),
    ),
    (
        "nothing any more",
        {"processed": processed((0, 7 * FEN), (0, 1), (13 * FEN, 10 * FEN))},
        (
            "。无货物进入落地加工，上年同期为7000万元。截至",
            "went to landing processing, while goods worth CNY 70 million did in the same period a year earlier",
            " Дотоодод боловсруулахад шилжсэн бараа байхгүй, харин өмнөх оны мөн үед 70 сая юань байна. ",
        ),
    ),
    (
        "nothing any more since days that were named",
        {"processed": processed((0, 7 * FEN), (0, 1), (13 * FEN, 10 * FEN)), "custom": parse_period("2022-H1")},
        (
            "。无货物进入落地加工，2022年上半年为7000万元。截至",
            "while goods worth CNY 70 million did in the first half of 2022. ",
            "харин 2022 оны эхний хагас жилд 70 сая юань байна. ",
        ),
    ),
    (
        "against the previous period",
        {"processed": processed((0, 7 * FEN), (0, 1), (13 * FEN, 10 * FEN)), "how": "previous"},
        ("，上期为7000万元。", "did in the previous period. ", "өмнөх үед 70 сая юань байна. "),
    ),
    (
        "compared with nothing",
        {"processed": USUAL, "how": "none"},
        (
            "。落地加工货值约1.25亿元，占进口额的96.4%，承接企业2家。",
            " Goods worth about CNY 125 million went to landing processing, and made up 96.4% of the value of imports;",
            "ойролцоогоор 125 сая юань, импортын дүнгийн 96.4 хувь, ",
        ),
    ),
]


@pytest.mark.parametrize(("changed", "texts"), [case[1:] for case in GOLDEN], ids=[case[0] for case in GOLDEN])
def test_what_is_said_of_processing(changed: dict[str, Any], texts: tuple[str, str, str]) -> None:
    for lang, part in zip(LANGS, texts, strict=True):
        assert part in write_brief(facts(**changed), lang).text


@pytest.mark.parametrize(
    "changed",
    [
        {"processed": None},
        {"processed": processed((0, 0), (0, 0), (13 * FEN, 10 * FEN))},
        {"processed": processed((0, None), (0, None), (13 * FEN, None))},
        {"processed": processed((0, 7 * FEN), (0, 1), (13 * FEN, 10 * FEN)), "how": "none"},
        {"processed": processed((0, 7 * FEN), (0, 1), (0, 10 * FEN)), **nothing_traded((8, 2, 1))},
    ],
    ids=["no imports asked for", "never", "never, and no base day", "not now, and nothing compared", "no trade at all"],
)
def test_nothing_is_said_of_processing_where_there_is_nothing_to_tell(changed: dict[str, Any]) -> None:
    for lang in LANGS:
        brief = write_brief(facts(**changed), lang)
        assert brief == write_brief(facts(**{**changed, "processed": None}), lang)


def test_the_claims_of_processing_have_the_figures_of_the_report() -> None:
    known = facts(processed=processed((12 * FEN, 8 * FEN), (2, 1), (13 * FEN, 10 * FEN)))
    document: Any = brief_document(write_brief(known, "zh"), known, "zh", "0.1")
    told = {claim["phrase"]: claim for claim in document["claims"] if claim["measure"].startswith("processing:")}
    amounts = {
        "measure": "processing:amount_cny", "current": "120000000.00", "base": "80000000.00", "growth_pct": "50.00",
        "ratio": "1.5000",
    }  # fmt: skip
    assert told == {
        "1.2亿元": {"phrase": "1.2亿元", **amounts},
        "同比增长50%": {"phrase": "同比增长50%", **amounts},
        "占进口额的92.31%": {
            "phrase": "占进口额的92.31%", "measure": "processing:share_of_imports_pct", "current": "92.31",
            "base": "80.00", "growth_pct": "15.39", "ratio": "1.1539",
        },
        "承接企业2家": {
            "phrase": "承接企业2家", "measure": "processing:enterprises", "current": 2, "base": 1,
            "growth_pct": "100.00", "ratio": "2.0000",
        },
    }  # fmt: skip


def test_a_base_without_imports_has_no_share() -> None:
    known = facts(processed=processed((5, 0), (1, 0), (10, 0)))
    (share,) = [claim for claim in write_brief(known, "en").claims if claim.measure.endswith("_pct")]
    assert (share.current, share.base, share.growth_pct, share.ratio) == (50_00, None, None, None)


def test_more_than_was_imported_can_not_go_on() -> None:
    with pytest.raises(ValueError, match="no more goes on to processing than was imported"):
        processed((11, 0), (1, 0), (10, 0))


def test_the_measures_of_claims_have_names() -> None:
    assert claimed_name("processing:amount_cny", "zh") == "落地加工：交易额（元）"
    assert claimed_name("processing:enterprises", "en") == "Landing processing: Enterprises"
