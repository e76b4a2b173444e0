"""docs/RULES.md says what the rows of the rules say."""

import pathlib
import re

from service.domain.money import parse_cny, parse_kg
from service.rules import rule_rows

PAGE = (pathlib.Path(__file__).parents[2] / "docs" / "RULES.md").read_text("utf-8")


def test_the_page_has_every_list_group_with_its_prefixes_and_its_free_weight() -> None:
    told = re.findall(r"^\| `(\w+)` \| ([0-9, ]+) \| ([0-9]+) \|$", PAGE, re.MULTILINE)
    assert [(name, prefixes.split(", "), parse_kg(free_kg)) for name, prefixes, free_kg in told] == [
        (row["name"], row["hs_prefixes"], parse_kg(row["free_kg"])) for row in rule_rows("list_groups")
    ]


def test_the_page_has_every_value_limit_with_its_first_day() -> None:
    told = re.findall(r"([0-9],[0-9]{3}\.00)(?: CNY)? (?:since|from) ([0-9-]{10})", PAGE)
    assert sorted((first_day, parse_cny(limit.replace(",", ""))) for limit, first_day in told) == [
        (row["valid_from"], parse_cny(row["limit_cny"])) for row in rule_rows("value_limits")
    ]
