"""A clerk's morning: what is sold to whom at the counter, the truck, and what all of it must add up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.browser.record.counters import CLERK_SCOPES, Market
from tests.builders import a_registration
from tests.servers import call_hushi

LIMIT_CNY = Decimal(8000)
MEMBERS = 53
CLERK = "早班柜台"
CATEGORIES = {"meat": "肉类", "grain": "粮食", "wool": "绒毛", "packaged_food": "预包装食品"}


@dataclass(frozen=True)
class Goods:
    """What a clerk types once for many residents."""

    category: str
    commodity: str
    hs_code: str
    origin: str
    price: str
    vehicle_plate: str = ""


@dataclass(frozen=True)
class Sale:
    """One trade: whose it is, what, how much, and for how much."""

    resident: str
    goods: Goods
    kg: Decimal
    amount: Decimal

    @classmethod
    def typed(cls, resident: str, goods: Goods, weight: str) -> "Sale":
        """A weight as it was typed; weight × price is rounded half up to a fen."""
        kg = Decimal(weight.replace(",", ""))
        return cls(resident, goods, kg, (kg * Decimal(goods.price)).quantize(Decimal("0.01"), ROUND_HALF_UP))


HORSE = Goods("meat", "冻马肉", "02050000", "MN", "22.5", "蒙H10001")
FLAX = Goods("grain", "亚麻籽", "12040000", "RU", "2.9", "蒙H10002")
CASHMERE = Goods("wool", "山羊绒", "51021100", "MN", "260")
STEW = Goods("packaged_food", "炖牛肉罐头", "16025090", "MN", "68.35")
PLAN = [
    (HORSE, range(1, 11), ("120.5", "88", "301.25", "75", "60.4", "142", "99.9", "210", "45.05", "133")),
    (FLAX, range(8, 18), ("400", "350.5", "280", "500", "1,250", "77.7", "640", "95", "310.3", "420")),
    (CASHMERE, range(15, 21), ("12.5", "9", "25", "31.5", "18.2", "20")),
    (STEW, range(18, 22), ("6", "12", "7.5", "4.4")),
]
"""30 trades of 21 residents: goods, the residents' numbers, their weights. Nine residents come twice; R00000018 buys
more than is free, and then once more."""
TRUCK = {"consignment": "EL-2026-0417", "vehicle_plate": "蒙H12345", "seller": "乌兰巴托肉类公司"}
TRUCK_GOODS = Goods("meat", "熟牛肉", "16025010", "MN", "16.67")
TRUCK_KG, TRUCK_CNY = "25000", "416750.00"


class Morning(Market):
    """A served market with a group that shares a truck, and the key of the clerk whose morning it is."""

    def fill(self) -> None:
        """Registers those who come to the counter, and the group."""
        super().fill()
        scopes = [word for scope in (*CLERK_SCOPES, "reports:read") for word in ("--scope", scope)]
        made = call_hushi(self.environment, "keys", "create", "--name", CLERK, *scopes)
        self.clerk_key = self.key = made.stdout.strip()
        bodies = (a_registration(300 + n) for n in range(MEMBERS))
        self.members: list[str] = [self._send("/v1/residents", body)["resident_id"] for body in bodies]
        self._send("/v1/groups", {"name": "陶力互助组", "kind": "mutual_aid"})
        self._send("/v1/groups/G000001/members", {"resident_ids": self.members})

    def _send(self, path: str, body: Any) -> Any:
        status, document, _ = self.server.ask("POST", path, body, self.admin)
        assert status in (200, 201), document
        return document

    def entries(self) -> list[Any]:
        """All entries of the ledger, oldest first."""
        page = self.report("/v1/transactions?limit=500&order=oldest")
        assert page["next_cursor"] is None
        return list(page["items"])


class Sold:
    """What the clerk has sold, added up from what was typed, and not from what the ledger answers."""

    def __init__(self) -> None:
        self.live: list[Sale] = []
        self.corrected: list[Sale] = []

    def correct(self, wrong: Sale, right: Sale) -> None:
        """A trade was reversed, and another one was posted in its place."""
        self.live.remove(wrong)
        self.corrected.append(wrong)
        self.live.append(right)

    def is_taxed(self, sale: Sale) -> bool:
        """Whether a trade that comes next is above what is left of the resident's allowance."""
        return self._taxable([*self.live, sale])[-1] > 0

    def totals(self) -> dict[str, str]:
        """All of it, as reports spell it."""
        return self._sums(set(CATEGORIES))

    def by_category(self) -> dict[str, list[str]]:
        """Trades, weight, value and taxable value of each category, by its Chinese name."""
        shown = ("transactions", "quantity_kg", "amount_cny", "taxable_cny")
        sums = {name: self._sums({code}) for code, name in CATEGORIES.items()}
        return {name: [each[measure] for measure in shown] for name, each in sums.items()}

    def _sums(self, categories: set[str]) -> dict[str, str]:
        judged = zip(self.live, self._taxable(self.live), strict=True)
        chosen = [(sale, taxable) for sale, taxable in judged if sale.goods.category in categories]
        amount = sum((sale.amount for sale, _ in chosen), Decimal(0))
        taxable = sum((each for _, each in chosen), Decimal(0))
        residents = len({sale.resident for sale, _ in chosen})
        return {
            "transactions": str(len(chosen)), "participations": str(residents), "residents": str(residents),
            "quantity_kg": f"{sum((sale.kg for sale, _ in chosen), Decimal(0)):.3f}",
            "amount_cny": f"{amount:.2f}", "exempt_cny": f"{amount - taxable:.2f}", "taxable_cny": f"{taxable:.2f}",
        }  # fmt: skip

    @staticmethod
    def _taxable(sales: Iterable[Sale]) -> list[Decimal]:
        """What of each trade is above its resident's allowance, in the order in which they were posted."""
        used: dict[str, Decimal] = {}
        taxable = []
        for sale in sales:
            left = LIMIT_CNY - used.get(sale.resident, Decimal(0))
            exempt = min(sale.amount, left)
            used[sale.resident] = used.get(sale.resident, Decimal(0)) + exempt
            taxable.append(sale.amount - exempt)
        return taxable
