"""Rows of the operator's files beside the shipped ones: which of them is the rule on a day, and under which version."""

import datetime
from typing import Any

import pytest

from service.domain.rule_files import RuleFile
from service.domain.rulebook import file_no_of
from service.rules import load_rulebook, rulebook_with
from service.rules.files import assess
from service.rules.names import names_with
from tests.rules.rule_documents import NAMES, a_category, a_file, a_limit, a_list_group, a_repeal

SHIPPED_VERSION = "2010-05-01"
BEFORE, FIRST, LATER = (datetime.date(2024, 4, 30), datetime.date(2024, 5, 1), datetime.date(2024, 7, 1))


def _free_g(files: list[RuleFile], day: datetime.date, name: str = "wheat") -> int | None:
    group = rulebook_with(files).on(day).list_groups.get(name)
    return None if group is None else group.free_g


def test_a_row_is_the_rule_from_its_first_day_on() -> None:
    files = [a_file(1, list_groups=[a_list_group()])]
    assert [_free_g(files, day) for day in (BEFORE, FIRST, LATER)] == [50_000, 10_000, 10_000]


def test_after_its_last_day_the_shipped_row_is_the_rule_again() -> None:
    files = [a_file(1, list_groups=[a_list_group(valid_to="2024-06-30")])]
    assert [_free_g(files, day) for day in (FIRST, LATER)] == [10_000, 50_000]


def test_the_row_of_the_latest_file_wins_also_when_it_begins_earlier() -> None:
    files = [
        a_file(1, list_groups=[a_list_group(valid_from="2024-06-01")]),
        a_file(2, list_groups=[a_list_group(free_kg="20.000")]),
    ]
    assert _free_g(files, LATER) == 20_000
    assert _free_g(files[::-1], LATER) == 20_000


def test_within_a_file_the_row_that_begins_last_wins() -> None:
    rows = [a_list_group(valid_from="2024-06-01", free_kg="30.000"), a_list_group()]
    assert [_free_g([a_file(1, list_groups=rows)], day) for day in (FIRST, LATER)] == [10_000, 30_000]


def test_a_repeal_takes_a_rule_away() -> None:
    files = [a_file(1, list_groups=[a_repeal()], categories=[a_repeal("wool")])]
    rules = rulebook_with(files).on(FIRST)
    assert "sugar" not in rules.list_groups
    assert rules.list_group_of("170114") is None
    assert sorted(rules.categories) == ["grain", "meat", "packaged_food"]
    assert "wool" in rulebook_with(files).category_names()


@pytest.mark.parametrize(
    ("rows", "version"),
    [
        ({"list_groups": [a_list_group()]}, "2024-05-01+1"),
        ({"list_groups": [a_repeal()]}, "2024-05-01+1"),
        ({"value_limits": [a_limit()]}, "2024-05-01+1"),
        ({"list_groups": [a_list_group(valid_from="2009-01-01")]}, "2010-05-01+1"),
    ],
)
def test_the_version_names_the_newest_file_with_a_row_on_the_day(rows: dict[str, Any], version: str) -> None:
    book = rulebook_with([a_file(1, **rows)])
    assert book.on(LATER).version == version
    assert book.up_to(0).on(LATER).version == load_rulebook().on(LATER).version == SHIPPED_VERSION


def test_a_day_before_a_file_has_the_version_that_it_had() -> None:
    assert rulebook_with([a_file(1, list_groups=[a_list_group()])]).on(BEFORE).version == SHIPPED_VERSION


def test_a_version_leads_back_to_the_rules_that_it_names() -> None:
    files = [
        a_file(1, list_groups=[a_list_group()]),
        a_file(2, value_limits=[a_limit(valid_from="2024-07-01")]),
        a_file(3, list_groups=[a_list_group(free_kg="1.000", valid_from="2024-06-01")]),
    ]
    for no in range(4):
        rules = rulebook_with(files[:no]).on(LATER)
        again = rulebook_with(files).up_to(file_no_of(rules.version)).on(LATER)
        assert (again.version, again.limit_fen, again.list_groups) == (
            rules.version,
            rules.limit_fen,
            rules.list_groups,
        )


@pytest.mark.parametrize(
    ("version", "no"),
    [("2010-05-01", 0), ("2024-05-01+3", 3), ("2024-05-01+", 0), ("2024-05-01+x", 0), ("2024-05-01+" + "9" * 400, 0)],
)
def test_any_text_has_a_number(version: str, no: int) -> None:
    assert file_no_of(version) == no


def _codes(known: list[RuleFile], **rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in assess(known, a_file(len(known) + 1, **rows)).faults]


RAPE = a_list_group("rape_seed", hs_prefixes=["1205"])


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ({}, ("", "no-rows")),
        ({"value_limits": [a_limit(), a_limit()]}, ("/value_limits/1/valid_from", "repeated")),
        ({"list_groups": [a_repeal("barley")]}, ("/list_groups/0/name", "nothing-to-repeal")),
        ({"list_groups": [RAPE]}, ("/list_groups/0/zh", "required")),
        ({"list_groups": [RAPE | NAMES | {"zh": "小麦"}]}, ("/list_groups/0/zh", "name-taken")),
        (
            {"list_groups": [RAPE | NAMES | {"hs_prefixes": ["1205", "1006"]}]},
            ("/list_groups/0/hs_prefixes", "prefix-taken"),
        ),
        ({"list_groups": [a_list_group(source="152501199001011238")]}, ("/list_groups/0/source", "personal-data")),
        ({"value_limits": [a_limit()] * 501}, ("", "too-many")),
    ],
)
def test_what_a_file_cannot_say_is_told_by_its_pointer(rows: dict[str, Any], fault: tuple[str, str]) -> None:
    assert fault in _codes([], **rows)


def test_a_prefix_may_move_from_a_group_that_is_repealed_in_the_same_file() -> None:
    moved = a_list_group("rape_seed", hs_prefixes=["1701"], **NAMES)
    assert _codes([], list_groups=[moved]) == [("/list_groups/0/hs_prefixes", "prefix-taken")]
    assert _codes([], list_groups=[moved, a_repeal()]) == []


def test_a_file_that_is_judged_behind_another_sees_its_rows() -> None:
    first = a_file(1, list_groups=[RAPE | NAMES])
    assert _codes([first], list_groups=[a_list_group("rape_seed", hs_prefixes=["1205"])]) == []
    assert _codes([first], list_groups=[a_repeal("rape_seed")]) == []


def test_names_of_a_file_are_said_and_a_later_row_may_leave_them_out() -> None:
    files = [a_file(1, categories=[a_category("seed", **NAMES)]), a_file(2, categories=[a_category("seed")])]
    assert names_with(files)["category"]["seed"] == NAMES
    assert names_with(files)["category"]["meat"]["zh"] == "肉类"


def test_what_a_file_changes_is_told_by_day() -> None:
    rows = [
        a_list_group(valid_to="2024-06-30"),
        a_list_group("rice", hs_prefixes=["1006", "110290", "110319"], free_kg="50"),
    ]
    changes = assess([], a_file(1, list_groups=[*rows, a_repeal(valid_from="2025-01-01")])).changes
    told = [(change.day.isoformat(), change.name, change.before is None, change.after is None) for change in changes]
    assert told == [
        ("2024-05-01", "rice", False, False), ("2024-05-01", "wheat", False, False),
        ("2024-07-01", "wheat", False, False), ("2025-01-01", "sugar", False, True),
    ]  # fmt: skip


def test_a_category_says_whether_an_import_needs_a_code() -> None:
    book = rulebook_with([a_file(1, categories=[a_category()])])
    assert [book.on(day).categories["grain"].hs_code_required for day in (BEFORE, FIRST)] == [False, True]
    assert not any(row.hs_code_required for row in load_rulebook().on(LATER).categories.values())


def test_a_list_that_is_replaced_by_verified_rows_makes_the_rules_verified() -> None:
    shipped = load_rulebook().on(LATER)
    names = [name for name in shipped.list_groups if name != "wheat"]
    for of_repeals, of_wheat in ((True, True), (True, False), (False, True)):
        groups = [a_repeal(name, verified=of_repeals) for name in names]
        book = rulebook_with([a_file(1, list_groups=[*groups, a_list_group(verified=of_wheat)])])
        assert book.on(LATER).verified is (of_repeals and of_wheat)
    assert not shipped.verified
