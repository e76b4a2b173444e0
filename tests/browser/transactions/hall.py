"""A market hall with two clerks: trades of two directions, taxed ones and reversed ones, with and without a group.

The rows of the page of trades are compared with a recount of all entries, which knows nothing of the API's filters.
"""

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from service.domain.transactions import MARKET_TIME
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import call_hushi

CLERKS = ("早班", "晚班")
CLERK_SCOPES = ("residents:read", "transactions:read", "transactions:write", "ledger:verify", "reports:read")
SETTLEMENTS = ("格日勒图嘎查", "赛乌素嘎查", None)
RESIDENTS = 9
SUMS = ("amount_cny", "exempt_cny", "taxable_cny", "quantity_kg")
_GOODS = (
    ("meat", "冻马肉", "MN", "import", "1900.50", "60.5"),
    ("wool", "山羊绒", "MN", "import", "4300.00", "21.25"),
    ("grain", "亚麻籽", "RU", "import", "410.25", "120"),
    ("packaged_food", "炖牛肉罐头", "MN", "export", "260.00", "4"),
)
Entry = dict[str, Any]


class Hall(Bureau):
    """A served ledger, the keys of two clerks, and all its entries."""

    def fill(self) -> None:
        """Registers residents, and has both clerks record and reverse trades of two years and of today."""
        self.admin = {"Authorization": f"Bearer {self.new_key('admin')}"}
        self.clerk_keys = [self._clerk_key(name) for name in CLERKS]
        for n in range(RESIDENTS):
            settlement = SETTLEMENTS[n % len(SETTLEMENTS)]
            assert (
                self.server.ask("POST", "/v1/residents", a_registration(n, settlement=settlement), self.admin)[0] == 201
            )
        assert self.server.ask("POST", "/v1/groups", {"name": "陶力互助组", "kind": "mutual_aid"}, self.admin)[0] == 201
        members = {"resident_ids": [f"R{n:08d}" for n in (1, 2, 5)]}
        assert self.server.ask("POST", "/v1/groups/G000001/members", members, self.admin)[0] == 200
        for place, key in enumerate(self.clerk_keys):
            self._record(key, [trade for n, trade in enumerate(_trades()) if n % 3 % 2 == place])
        self.reverse(entry["transaction_id"] for entry in self.entries()[5::11])

    def _clerk_key(self, name: str) -> str:
        scopes = [word for scope in CLERK_SCOPES for word in ("--scope", scope)]
        return call_hushi(self.environment, "keys", "create", "--name", name, *scopes).stdout.strip()

    def _record(self, key: str, trades: list[Entry]) -> None:
        bearer = {"Authorization": f"Bearer {key}"}
        status, answer, _ = self.server.ask("POST", "/v1/transactions/batch", {"items": trades}, bearer)
        assert (status, answer["refused"]) == (200, 0), answer

    def reverse(self, ids: Iterator[str]) -> None:
        for each in ids:
            keyed = {**self.admin, "Idempotency-Key": f"reversal-{each}"}
            assert self.server.ask("POST", f"/v1/transactions/{each}/reversal", {"reason": "称重有误"}, keyed)[0] == 201

    @property
    def clerk_names(self) -> tuple[str, ...]:
        """The names of the clerks' keys."""
        return CLERKS

    def today(self) -> str:
        """The business day of the market."""
        return datetime.datetime.now(MARKET_TIME).date().isoformat()

    def entries(self) -> list[Entry]:
        """All entries of the ledger, newest first."""
        status, page, _ = self.server.ask("GET", "/v1/transactions?limit=500", headers=self.admin)
        assert (status, page["next_cursor"]) == (200, None)
        return list(page["items"])

    def live(self, href: str) -> list[Entry]:
        """The live trades that an address of the page means, by a recount of its own."""
        asked = dict(parse_qsl(urlsplit(href).query, keep_blank_values=True))
        assert (asked.pop("kind"), asked.pop("reversed")) == ("trade", "false"), "a figure counts live trades"
        asked.pop("lang")
        first, last = asked.pop("from", ""), asked.pop("to", "9999")
        entries = self.entries()
        gone = {entry["reverses"] for entry in entries}
        return [
            entry
            for entry in entries
            if entry["kind"] == "trade"
            and entry["transaction_id"] not in gone
            and first <= entry["day"] <= last
            and all((entry[name] or "") in values.split(",") for name, values in asked.items())
        ]


def _trades() -> Iterator[Entry]:
    """A trade of each resident on every tenth day of a year and a half, and some of today."""
    days = [datetime.date(2023, 2, 3) + datetime.timedelta(days=10 * n) for n in range(47)]
    for n, day in enumerate(days):
        for resident in (n % RESIDENTS + 1, (2 * n + 3) % RESIDENTS + 1):
            category, commodity, origin, direction, amount, weight = _GOODS[(n + resident) % len(_GOODS)]
            # Twice the amount is above the allowance of a day for some goods.
            amount = str(Decimal(amount) * (1 + n % 3))
            yield a_trade(
                key=f"{day}-{resident}", resident_id=f"R{resident:08d}", category=category, commodity=commodity,
                origin=origin, direction=direction, amount_cny=amount, quantity_kg=weight,
                traded_at=f"{day}T10:00:00+08:00", consignment=f"truck-{n % 4}",
            )  # fmt: skip


def sums_of(entries: list[Entry]) -> dict[str, str]:
    """What the page says of these live trades, by the names of the measures."""
    totals = {name: sum((Decimal(entry[name]) for entry in entries), Decimal(0)) for name in SUMS}
    counts = {
        "transactions": len(entries),
        "participations": len({(entry["resident_id"], entry["day"]) for entry in entries}),
        "residents": len({entry["resident_id"] for entry in entries}),
    }
    money = {name: f"{total:.{3 if name.endswith('_kg') else 2}f}" for name, total in totals.items()}
    return {**money, **{name: str(count) for name, count in counts.items()}}


class Visitor(Clerk):
    """Somebody on the page of trades."""

    def open(self, hall: Hall, address: str = "/transactions?lang=en", key: str | None = None) -> None:
        goes_to = address.replace("?", "%3F").replace("&", "%26").replace("=", "%3D")
        self.page.goto(f"{hall.address}/signin?next={goes_to}#key={key or hall.clerk_keys[0]}")
        self.wait_for_rows()

    def wait_for_rows(self) -> None:
        """Until the page has answered what its address asks."""
        self.page.wait_for_selector("html[data-ready]")
        self.page.wait_for_selector("#trades[aria-busy=false]")

    def sums(self) -> dict[str, str]:
        """The totals that the page shows, exactly."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            "#sums data", "all => all.map(d => [d.id.slice(4), d.value])"
        )
        return dict(found)

    def ids(self) -> list[str]:
        """The ids of all rows of the search, over all its pages."""
        found: list[str] = []
        while True:
            found += self.page.eval_on_selector_all("#rows tbody a", "all => all.map(a => a.dataset.entry)")
            if self.page.query_selector("#next") is None:
                return found
            self.turn("#next")

    def turn(self, selector: str) -> None:
        """Follows a link within the page."""
        self.page.click(selector)
        self.wait_for_rows()

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")
