"""The example files: four shapes of the same trades, and residents who can be registered."""

import datetime
import json
from pathlib import Path

import pytest

from service.domain.money import parse_cny, parse_kg
from service.domain.residents import birth_date, parse_citizen_number, parse_name
from service.rules import load_rulebook
from tests.importing.files import bodies, read

EXAMPLES = Path(__file__).parents[2] / "examples"
SHAPES = ["transactions-en.csv", "transactions-zh-gb18030.csv", "transactions-zh.xlsx", "transactions.ndjson"]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_says_the_same_with_the_same_keys(shape: str) -> None:
    expected = [json.loads(line) for line in (EXAMPLES / "transactions.ndjson").read_text("utf-8").splitlines()]
    assert bodies(EXAMPLES / shape) == expected
    assert [line.key for line in read(EXAMPLES / shape)] == [f"doc:erenhot:{body['reference']}" for body in expected]


def test_the_trades_are_ones_that_the_rules_allow() -> None:
    for body in bodies(EXAMPLES / "transactions-en.csv"):
        at = datetime.datetime.fromisoformat(str(body["traded_at"]))
        rules = load_rulebook().on(at.date())
        assert rules.allows(str(body["category"]), str(body["hs_code"]))
        assert at.year == 2024
        assert at.weekday() != 6
        assert parse_kg(str(body["quantity_kg"])) > 0


def test_one_or_two_trades_are_above_the_allowance() -> None:
    amounts = [parse_cny(str(body["amount_cny"])) for body in bodies(EXAMPLES / "transactions-en.csv")]
    assert sum(1 for fen in amounts if fen > 800_000) == 2


def test_the_residents_can_be_registered() -> None:
    residents = [json.loads(line) for line in (EXAMPLES / "residents.ndjson").read_text("utf-8").splitlines()]
    assert len({parse_citizen_number(resident["id_number"]) for resident in residents}) == 8
    for resident in residents:
        assert parse_name(resident["name"]) == resident["name"]
        assert birth_date(resident["id_number"]).isoformat() < resident["registered_on"] == "2023-06-01"
