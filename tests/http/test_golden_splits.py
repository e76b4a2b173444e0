"""The golden cases of splits over HTTP: proposals equal them, and so do the entries that are posted."""

import datetime
from typing import Any

import pytest

from service.domain.allowance import NO_LIST_GROUP, Use
from service.domain.money import format_cny, format_kg
from service.domain.residents import resident_id
from service.ledger import Ledger
from service.storage import allowance
from service.storage.allowance import Limit
from tests.cases import read_cases
from tests.conftest import Caller
from tests.http.trucks import DAY, Trucks, a_line

LIMIT_FEN = 800_000
GOODS: dict[str | None, dict[str, str]] = {
    None: {},
    "wheat": {"category": "grain", "hs_code": "100190"},
    "rice": {"category": "grain", "hs_code": "100630"},
    "wool": {"category": "wool", "hs_code": "510111"},
}
FREE_G = {"wheat": 50_000, "rice": 50_000, "wool": 0}


def _use_up(ledger: Ledger, residents: list[dict[str, Any]]) -> None:
    """Writes what the residents of a case have used of their allowances, as if they had traded before."""
    day = datetime.date.fromisoformat(DAY)
    uses, limits = {}, {}
    for one in residents:
        key = (one["resident"], day, NO_LIST_GROUP)
        uses[key], limits[key] = Use(LIMIT_FEN - one["room_fen"], 0), Limit(LIMIT_FEN, 0)
        for name, free_g in one["free_g"].items():
            key = (one["resident"], day, name)
            uses[key], limits[key] = Use(0, FREE_G[name] - free_g), Limit(0, FREE_G[name])
    with ledger.database.writing() as connection:
        allowance.save(connection, uses, limits)


@pytest.mark.parametrize("case", read_cases("split"), ids=lambda case: str(case["name"]))
def test_a_split_is_that_of_the_golden_case(ledger: Ledger, admin: Caller, case: dict[str, Any]) -> None:
    trucks = Trucks(admin)
    ids = admin.register(len(case["residents"]))
    _use_up(ledger, case["residents"])
    lines = [
        a_line(
            quantity_kg=format_kg(line["quantity_g"]),
            amount_cny=format_cny(line["amount_fen"]),
            **GOODS[line["list_group"]],
        )
        for line in case["lines"]
    ]
    trucks.register(*lines)
    parts = [
        (one["line"] + 1, resident_id(one["resident"]), format_kg(one["quantity_g"]), format_cny(one["amount_fen"]))
        for one in case["parts"]
    ]
    left = [(format_kg(one["quantity_g"]), format_cny(one["amount_fen"])) for one in case["left"]]

    terms = {"policy": case["policy"], "unit_kg": format_kg(case["unit_g"]), "remainder": "leave"}
    proposed = trucks.propose(resident_ids=ids, **terms).get_json()

    shares = [(one["line"], one["resident_id"], one["quantity_kg"], one["amount_cny"]) for one in proposed["parts"]]
    assert shares == parts
    assert [(one["quantity_kg"], one["amount_cny"]) for one in proposed["left"]] == left
    if parts:
        items = trucks.split(proposed["proposal"]).get_json()["items"]
        posted = [(e["consignment_line"], e["resident_id"], e["quantity_kg"], e["amount_cny"]) for e in items]
        assert posted == parts
        assert {entry["verdict"] for entry in items} == {"exempt"}
    assert trucks.left() == left
