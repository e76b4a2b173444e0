"""A small ledger for the dashboard, posted through the API: a year and a half of trade, with a new category."""

import datetime
import itertools
import time
from collections.abc import Iterator
from typing import Any

from tests.builders import a_registration, a_trade
from tests.servers import Server

SETTLEMENTS = ("格日勒图嘎查", "赛乌素嘎查", "陶力嘎查", "锡林社区", "乌兰社区")
RESIDENTS = 40
FOLDED_WITHIN_S = 20
_GOODS = (
    ("meat", "冻马肉", "MN", "900.00", (1, 2, 3, 4, 10, 11, 12)),
    ("grain", "亚麻籽", "RU", "410.50", (1, 2, 3, 4, 5, 6, 10, 11, 12)),
    ("grain", "面粉", "KZ", "120.25", (2, 3, 4, 5, 8, 9)),
    ("wool", "山羊绒", "MN", "8800.00", (4, 5, 6, 7)),
    ("wool", "羊毛", "BY", "350.00", (5, 6, 7, 8)),
)


def fill(server: Server, key: str) -> None:
    """Registers the residents, posts their trades, and waits until they are folded: the position stays where it is."""
    bearer = {"Authorization": f"Bearer {key}"}
    for n in range(RESIDENTS):
        registered_on = "2022-03-01" if n < 10 else "2023-11-20" if n < 25 else "2024-02-01"
        body = a_registration(n, registered_on=registered_on, settlement=SETTLEMENTS[n % _settlements_of(n)])
        assert server.ask("POST", "/v1/residents", body, bearer)[0] == 201
    assert server.ask("POST", "/v1/groups", {"name": "陶力互助组", "kind": "mutual_aid"}, bearer)[0] == 201
    members = {"resident_ids": [f"R{n:08d}" for n in range(1, 6)]}
    assert server.ask("POST", "/v1/groups/G000001/members", members, bearer)[0] == 200
    status, answer, _ = server.ask("POST", "/v1/transactions/batch", {"items": list(_trades())}, bearer)
    assert (status, answer["refused"]) == (200, 0)
    until = time.monotonic() + FOLDED_WITHIN_S
    while server.ask("GET", "/v1/ledger", None, bearer)[1]["tail"] > 0:
        assert time.monotonic() < until, "nothing folds"
        time.sleep(0.05)


def _settlements_of(resident: int) -> int:
    """Uneven settlements: the first ones are the largest."""
    return 2 + resident % (len(SETTLEMENTS) - 1)


def _trades() -> Iterator[dict[str, Any]]:
    numbers = itertools.count(1)
    day = datetime.date(2023, 1, 3)
    while day <= datetime.date(2024, 6, 28):
        traders = range(1, 11) if day.year == 2023 else range(1, 41)
        for resident in traders:
            n = next(numbers)
            if day >= datetime.date(2024, 3, 1) and resident % 13 == 5:
                yield _trade(n, resident, day, ("packaged_food", "炖牛肉罐头", "MN", "2600.00"))
            goods = _GOODS[(n * 7 + day.day) % len(_GOODS)]
            if day.month in goods[4] and (day >= datetime.date(2024, 2, 1) or resident <= 25) and resident % 3:
                yield _trade(n, resident, day, goods)
        day += datetime.timedelta(days=5)


def _trade(n: int, resident: int, day: datetime.date, goods: tuple[Any, ...]) -> dict[str, Any]:
    category, commodity, origin, amount = goods[:4]
    return a_trade(
        key=f"small-{category}-{n}", resident_id=f"R{resident:08d}", category=category, commodity=commodity,
        origin=origin, amount_cny=amount, quantity_kg="40", traded_at=f"{day}T10:00:00+08:00",
    )  # fmt: skip
