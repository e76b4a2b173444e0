"""Briefs: what a period is called, in three languages."""

from datetime import date

import pytest

from service.domain.periods import Period
from service.rendering.brief.days import base_words, period_words
from tests.rendering.briefs import LANGS

PERIODS: list[tuple[str, str, tuple[str, str, str]]] = [
    ("2024-01-01", "2024-12-31", ("2024年", "In 2024", "2024 онд")),
    ("2020-01-01", "2024-12-31", ("2020—2024年", "From 2020 to 2024", "2020–2024 онд")),
    ("2024-01-01", "2024-06-30", ("2024年上半年", "In the first half of 2024", "2024 оны эхний хагас жилд")),
    ("2024-07-01", "2024-12-31", ("2024年下半年", "In the second half of 2024", "2024 оны сүүлийн хагас жилд")),
    ("2024-01-01", "2024-03-31", ("2024年第一季度", "In the first quarter of 2024", "2024 оны нэгдүгээр улиралд")),
    ("2024-10-01", "2024-12-31", ("2024年第四季度", "In the fourth quarter of 2024", "2024 оны дөрөвдүгээр улиралд")),
    ("2024-02-01", "2024-02-29", ("2024年2月", "In February 2024", "2024 оны 2 дугаар сард")),
    ("2024-02-01", "2024-04-30", ("2024年2—4月", "In February–April 2024", "2024 оны 2–4 дүгээр сард")),
    ("2024-04-15", "2024-04-15", ("2024年4月15日", "On 15 April 2024", "2024 оны 4 дүгээр сарын 15-ны өдөр")),
    (
        "2023-11-01",
        "2024-02-29",
        (
            "2023年11月至2024年2月",
            "From November 2023 to February 2024",
            "2023 оны 11 дүгээр сараас 2024 оны 2 дугаар сарыг дуустал",
        ),
    ),
    (
        "2024-04-01",
        "2024-04-15",
        (
            "2024年4月1日至15日",
            "From 1 to 15 April 2024",
            "2024 оны 4 дүгээр сарын 1-ний өдрөөс 4 дүгээр сарын 15-ны өдрийг дуустал",
        ),
    ),
    (
        "2024-01-01",
        "2024-04-15",
        (
            "2024年1月1日至4月15日",
            "From 1 January to 15 April 2024",
            "2024 оны 1 дүгээр сарын 1-ний өдрөөс 4 дүгээр сарын 15-ны өдрийг дуустал",
        ),
    ),
    (
        "2023-12-30",
        "2024-01-24",
        (
            "2023年12月30日至2024年1月24日",
            "From 30 December 2023 to 24 January 2024",
            "2023 оны 12 дугаар сарын 30-ны өдрөөс 2024 оны 1 дүгээр сарын 24-ний өдрийг дуустал",
        ),
    ),
]


@pytest.mark.parametrize(("start", "end", "words"), PERIODS, ids=[words[1] for _, _, words in PERIODS])
def test_a_period_is_called_by_its_shape(start: str, end: str, words: tuple[str, str, str]) -> None:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))

    assert tuple(period_words(period, lang) for lang in LANGS) == words


BASES: list[tuple[str, str, tuple[str, str, str]]] = [
    ("2022-01-01", "2022-12-31", ("2022年", "2022", "2022 оны")),
    ("2020-01-01", "2022-12-31", ("2020—2022年", "2020 to 2022", "2020–2022 оны")),
    ("2022-07-01", "2022-12-31", ("2022年下半年", "the second half of 2022", "2022 оны сүүлийн хагас жилийн")),
    ("2022-04-01", "2022-06-30", ("2022年第二季度", "the second quarter of 2022", "2022 оны хоёрдугаар улирлын")),
    ("2022-02-01", "2022-02-28", ("2022年2月", "February 2022", "2022 оны 2 дугаар сарын")),
    ("2022-02-01", "2022-04-30", ("2022年2—4月", "February–April 2022", "2022 оны 2–4 дүгээр сарын")),
    (
        "2021-11-01",
        "2022-02-28",
        (
            "2021年11月至2022年2月",
            "November 2021 to February 2022",
            "2021 оны 11 дүгээр сараас 2022 оны 2 дугаар сарыг дуустал",
        ),
    ),
    ("2022-04-15", "2022-04-15", ("2022年4月15日", "15 April 2022", "2022 оны 4 дүгээр сарын 15-ны өдрийн")),
    (
        "2022-04-01",
        "2022-04-15",
        (
            "2022年4月1日至15日",
            "1 to 15 April 2022",
            "2022 оны 4 дүгээр сарын 1-ний өдрөөс 4 дүгээр сарын 15-ны өдрийг дуустал",
        ),
    ),
]


@pytest.mark.parametrize(("start", "end", "words"), BASES, ids=[words[1] for _, _, words in BASES])
def test_a_base_period_that_was_named_is_called_by_its_shape_as_well(
    start: str, end: str, words: tuple[str, str, str]
) -> None:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))

    assert tuple(base_words(period, lang) for lang in LANGS) == words
