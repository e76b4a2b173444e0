"""Names as they are compared, and the list of names that is searched."""

import random

import pytest

from service.domain.name_search import NO_NAMES, parse_name_part, search_form

SAME = [
    ["阿拉坦·其其格", "阿拉坦•其其格", "阿拉坦・其其格", "阿拉坦 其其格", "阿拉坦其其格", " 阿拉坦\u3000其其格"],
    ["Бат-Эрдэнэ", "бат эрдэнэ", "БАТ·ЭРДЭНЭ", "Батэрдэнэ"],
    ["Өлзий Үүрд", "өлзийүүрд"],
    ["Ａｌｔａｎ", "altan", "ALTAN"],
    ["Э\u0301нх", "э\u0301нх"],
    ["и\u0306од", "Йод"],
    ["ᠪᠠᠲᠤ\u180b", "ᠪᠠᠲᠤ", "ᠪᠠ\u180eᠲᠤ"],
]


@pytest.mark.parametrize("spellings", SAME)
def test_spellings_of_one_name_have_one_form(spellings: list[str]) -> None:
    assert {search_form(each) for each in spellings} == {search_form(spellings[0])}
    assert search_form(spellings[0])


def test_other_names_have_other_forms() -> None:
    names = ["王伟", "王 卫", "Бат", "Баатар", "Оюун", "Өюун", "\u00e9", "e"]
    assert len({search_form(name) for name in names}) == len(names)


@pytest.mark.parametrize("text", ["", " ", "··", "-'", "\u180b"])
def test_a_part_without_a_letter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="at least one letter"):
        parse_name_part(text)


@pytest.mark.parametrize("text", ["152501199001011238", "王1", "R00000001", "１"])
def test_a_part_with_digits_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="no digits") as refused:
        parse_name_part(text)
    assert text not in str(refused.value)


def test_equal_names_come_first_then_those_that_begin_alike() -> None:
    names = NO_NAMES.with_more(enumerate(["小王明", "王明霞", "王 明", "李雷", "王明", "老王"], start=1))
    assert names.find(search_form("王明"), 10) == [3, 5, 2, 1]
    assert names.find(search_form("王"), 10) == [2, 3, 5, 1, 6]
    assert names.find(search_form("王"), 2) == [2, 3]
    assert names.find(search_form("张"), 10) == []


def test_nothing_is_found_across_two_names() -> None:
    names = NO_NAMES.with_more([(1, "王明"), (2, "霞光")])
    assert names.find(search_form("明霞"), 10) == []


def test_neighbours_of_the_same_name_are_all_found() -> None:
    names = NO_NAMES.with_more((n, "王明") for n in range(1, 5))
    assert names.find(search_form("王明"), 10) == [1, 2, 3, 4]


def test_names_are_added_behind_the_others() -> None:
    first = NO_NAMES.with_more([(1, "王明"), (3, "李雷")])
    more = first.with_more([(4, "王霞")])
    assert (first.newest, more.newest) == (3, 4)
    assert more.find(search_form("王"), 10) == [1, 4]
    assert first.find(search_form("王"), 10) == [1]
    assert first.with_more([]) is first


def test_a_search_finds_what_a_look_at_each_name_finds() -> None:
    chance = random.Random(15)
    letters = "王李巴特尔БатЭрдэнэ· -\U00020bb7"
    names = ["".join(chance.choices(letters, k=chance.randint(1, 6))) for _ in range(3_000)]
    index = NO_NAMES.with_more(enumerate(names, start=1))
    for _ in range(300):
        form = search_form("".join(chance.choices(letters, k=chance.randint(1, 3))))
        if form:
            expected = {n for n, name in enumerate(names, start=1) if form in search_form(name)}
            found = index.find(form, len(names))
            assert len(found) == len(set(found))
            assert set(found) == expected
