"""The table of countries: complete, unambiguous, and knowing what clerks write."""

import json
from pathlib import Path

import pytest

from service.importing import words
from service.importing.words import country_codes_by_name, fold_word

DOCUMENT = json.loads((Path(words.__file__).parent.parent / "rules" / "countries.json").read_text("utf-8"))
COUNTRIES = DOCUMENT["countries"]


def test_all_codes_of_iso_3166_are_there_once() -> None:
    codes = [country["code"] for country in COUNTRIES]
    assert len(codes) == len(set(codes)) == 249
    assert all(len(code) == 2 and code.isupper() and code.isascii() for code in codes)


def test_the_table_says_where_it_is_from() -> None:
    assert set(DOCUMENT) == {"source", "verified", "countries"}


def test_no_name_means_two_countries() -> None:
    owners: dict[str, str] = {}
    for country in COUNTRIES:
        for name in (country["code"], country["zh"], country["en"], country["mn"], *country["aliases"]):
            assert owners.setdefault(fold_word(name), country["code"]) == country["code"], name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("蒙古", "MN"), ("蒙古国", "MN"), ("Mongolia", "MN"), ("Монгол", "MN"), ("Монгол Улс", "MN")),
        *(("俄罗斯", "RU"), ("俄罗斯联邦", "RU"), ("Russian Federation", "RU"), ("ОХУ", "RU")),
        *(("白俄罗斯", "BY"), ("哈萨克斯坦", "KZ"), ("韩国", "KR"), ("朝鲜", "KP"), ("美国", "US"), ("中国", "CN")),
        *(("KAZ", "KZ"), ("kz", "KZ"), ("south korea", "KR"), ("阿联酋", "AE"), ("越南", "VN")),
    ],
)
def test_a_country_is_known_by_the_names_in_use(name: str, code: str) -> None:
    codes = country_codes_by_name()
    assert codes.get(name) or codes[fold_word(name)] == code
