"""Names of categories, countries and list groups: three languages, and what stands in for a name that is missing."""

import re

import pytest

from service.rules import load_rulebook, rule_rows
from service.rules.names import LANGUAGES, name_of, names, names_of_row

LETTERS = {"zh": r"[\u4e00-\u9fff（）、]+", "en": r"[A-Za-zÀ-ɏ’().,& -]+", "mn": r"[А-ЯЁӨҮа-яёөү’(), -]+"}
"""What a name is written with in each language."""


def test_every_code_of_the_rules_has_a_name_in_three_languages() -> None:
    rulebook = load_rulebook()
    assert set(names()["origin"]) == rulebook.countries
    assert len(names()["origin"]) >= 249
    assert set(names()["category"]) == rulebook.category_names()
    for file in ("categories", "countries", "list_groups"):
        assert [row for row in rule_rows(file) if not all(row.get(lang) for lang in LANGUAGES)] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_are_written_in_the_letters_of_their_language(lang: str) -> None:
    said = [name[lang] for named in names().values() for name in named.values()]
    assert [name for name in said if not re.fullmatch(LETTERS[lang], name)] == []


@pytest.mark.parametrize(
    ("code", "zh", "en", "mn"),
    [
        ("PL", "波兰", "Poland", "Польш"),
        ("RU", "俄罗斯", "Russia", "Орос"),
        ("CN", "中国", "China", "Хятад"),
        ("MN", "蒙古国", "Mongolia", "Монгол"),
        ("KZ", "哈萨克斯坦", "Kazakhstan", "Казахстан"),
        ("BY", "白俄罗斯", "Belarus", "Беларусь"),
    ],
)
def test_the_countries_of_the_market_have_their_names(code: str, zh: str, en: str, mn: str) -> None:
    assert [name_of("origin", code, lang) for lang in LANGUAGES] == [zh, en, mn]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_values_of_a_dimension_have_the_same_name(lang: str) -> None:
    for named in names().values():
        said = [name[lang] for name in named.values()]
        assert len(said) == len(set(said))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"zh": "鱼类", "en": "Fish", "mn": "Загас"}, ["鱼类", "Fish", "Загас"]),
        ({"zh": "鱼类", "en": "Fish"}, ["鱼类", "Fish", "Fish"]),
        ({"zh": "鱼类", "en": ""}, ["鱼类", "鱼类", "鱼类"]),
        ({"mn": "Загас"}, ["Загас", "Загас", "Загас"]),
        ({}, ["fish", "fish", "fish"]),
    ],
)
def test_english_stands_in_for_a_missing_name_then_chinese_then_the_code(row: dict[str, str], said: list[str]) -> None:
    assert list(names_of_row(row, "fish").values()) == said


def test_a_code_without_a_row_stays_as_it_is() -> None:
    assert name_of("category", "flowers", "mn") == "flowers"
