"""A market of two years for bulletins."""

from typing import Any

import pytest

from service.commands.folding import fold_all
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

MONTH = "2024-04"
BULLETIN = f"/v1/reports/bulletin?month={MONTH}"
GOODS = (
    ("meat", "冻马肉", "MN", "erenhot"), ("meat", "熟牛肉", "MN", "erenhot"), ("grain", "亚麻籽", "RU", "erenhot-city"),
    ("wool", "山羊绒", "MN", "erenhot"), ("packaged_food", "卤牛肉", "MN", "erenhot"),
)  # fmt: skip
DAYS = ("2023-01-09", "2023-04-03", "2023-04-30", "2024-02-29", "2024-03-31", "2024-04-01", "2024-04-15", "2024-04-30")


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """Two years of four residents, one of whom expired: half of it folded, with reversals on both sides, one late."""
    admin.post("/v1/groups", {"name": "东队", "kind": "mutual_aid"})
    for n in range(4):
        changes = {"valid_until": "2024-04-10"} if n == 3 else {}
        settled = a_registration(n, registered_on="2023-01-01", settlement=["东社区", "西嘎查"][n % 2], **changes)
        assert admin.post("/v1/residents", settled).status_code == 201
    admin.post("/v1/residents", a_registration(9, registered_on="2024-04-20"))
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    lines = []
    for number, day in enumerate(day for day in DAYS for _ in GOODS):
        category, commodity, origin, point = GOODS[number % len(GOODS)]
        if category == "packaged_food" and day < "2024":
            continue
        line = a_trade(
            key=str(number), resident_id=f"R0000000{number % 3 + 1}", category=category, commodity=commodity,
            origin=origin, trade_point=point, amount_cny=f"{900 + number * 137}.{number:02d}",
            quantity_kg=f"{number + 1}.5", traded_at=f"{day}T10:00:00+08:00",
        )  # fmt: skip
        lines.append(line)
    half = len(lines) // 2
    posted = _post(admin, lines[:half])
    fold_all(ledger)
    posted += _post(admin, lines[half:])
    for place in (4, -2, -9):
        assert admin.reverse(posted[place]).status_code == 201
    return admin


def _post(caller: Caller, lines: list[dict[str, Any]]) -> list[str]:
    results = caller.post("/v1/transactions/batch", {"items": lines}).get_json()["items"]
    return [result["transaction_id"] for result in results]


def ask(caller: Caller, path: str) -> Any:
    """The document that is answered."""
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()
