"""The yard from which goods go on to enterprises, and the forwarder at its browser."""

import datetime
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from service.domain.transactions import business_day
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_credit_code, a_key, a_registration, a_trade, an_enterprise
from tests.servers import call_hushi

SCOPES = ("residents:read", "transactions:read", "transactions:write", "reports:read")
RESIDENTS = 53
PART_KG, PART_CNY = "479.904", "8000.00"
"""What one allowance holds of meat at 16.67 CNY/kg."""
PROCESSOR, TRADER = "二连浩特市额仁肉业有限公司", "二连浩特市边贸商行"
PAGES = {"enterprises": "enterprises", "transfers": "transfers", "batches": "processing-batches"}


def today() -> str:
    """The business day that it is now."""
    return str(business_day(datetime.datetime.now(datetime.UTC)))


class Yard(Bureau):
    """A served market with residents, a processor, a trader, and trucks whose goods they have bought."""

    def fill(self) -> None:
        """Registers the residents and the enterprises."""
        self.admin = {"Authorization": f"Bearer {self.new_key('admin')}"}
        self.forwarder_key = self.key_with(*SCOPES)
        self.codes = iter(range(10, 1000))
        for n in range(RESIDENTS):
            self.post("/v1/residents", a_registration(n))
        for n, (name, kind) in enumerate(((PROCESSOR, "processor"), (TRADER, "trader"))):
            self.post("/v1/enterprises", an_enterprise(n, name=name, kinds=[kind]))

    def key_with(self, *scopes: str) -> str:
        asked = [word for scope in scopes for word in ("--scope", scope)]
        return call_hushi(self.environment, "keys", "create", "--name", "发货窗口", *asked).stdout.strip()

    def post(self, path: str, body: Any, key: str | None = None) -> Any:
        """Posts a body under a key of its own, as the administrator or with an API key; returns the document."""
        bearer = self.admin if key is None else {"Authorization": f"Bearer {key}"}
        status, answer, _ = self.server.ask("POST", path, body, {**bearer, "Idempotency-Key": a_key()})
        assert status in (200, 201), answer
        return answer

    def ask(self, path: str) -> Any:
        """A document of the API."""
        status, answer, _ = self.server.ask("GET", quote(path, safe="/?&="), headers=self.admin)
        assert status == 200, answer
        return answer

    def new_code(self) -> str:
        """A credit code that no enterprise has."""
        return a_credit_code(next(self.codes))

    def new_truck(self, name: str, residents: Sequence[int] = (1, 2, 3), **changes: Any) -> list[str]:
        """Posts the trades of a truck, one for each resident, and returns their ids."""
        at = f"{today()}T00:00:00+08:00"
        goods = {
            "commodity": "熟牛肉",
            "hs_code": "16025010",
            "quantity_kg": PART_KG,
            "amount_cny": PART_CNY,
            **changes,
        }
        truck = {"consignment": name, "vehicle_plate": "蒙H12345", "traded_at": at}
        trades = [a_trade(key=a_key(), resident_id=f"R{n:08d}", **{**goods, **truck}) for n in residents]
        answer = self.post("/v1/transactions/batch", {"atomic": True, "items": trades})
        return [each["transaction_id"] for each in answer["items"]]

    def transfer(self, *trades: str, **changes: Any) -> Any:
        """Another window with the same key sends trades on to the processor."""
        stated = {"enterprise_id": "E00000001", "purpose": "processing", "transferred_on": today()}
        return self.post("/v1/transfers", {**stated, "transaction_ids": list(trades), **changes}, self.forwarder_key)

    def transfers_of(self, consignment: str) -> Any:
        """The transfers that name a truck, as the API lists them."""
        return self.ask(f"/v1/transfers?consignment={consignment}")["items"]


class Forwarder(Clerk):
    """A clerk who sends goods on, with an English page."""

    def __init__(self, yard: Yard, chromium: Any, **settings: Any) -> None:
        super().__init__(yard, chromium, **settings)
        self.yard = yard

    def open(self, page: str, more: str = "", lang: str = "en", key: str | None = None) -> None:
        asked = f"lang={lang}{more}".replace("&", "%26").replace("=", "%3D")
        signed_in = f"#key={key or self.yard.forwarder_key}"
        self.page.goto(f"{self.bureau.address}/signin?next=/{PAGES[page]}%3F{asked}{signed_in}")
        self.page.wait_for_selector("html[data-ready]")

    def fill(self, form: str, **values: str) -> None:
        """Types into the fields of a form, or chooses in them."""
        for name, value in values.items():
            field = self.page.locator(f"#{form}-{name}")
            if field.evaluate("field => field.nodeName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def choose_truck(self, name: str) -> None:
        self.page.fill("#choose-consignment", name)
        self.page.press("#choose-consignment", "Enter")
        self.page.wait_for_selector("#goods:not([hidden])")

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def wait_for_text(self, selector: str, said: str) -> None:
        until = time.monotonic() + 10
        while said not in self.text(selector):
            assert time.monotonic() < until, f"{selector} says {self.text(selector)!r}, not {said!r}"
            self.page.wait_for_timeout(10)

    def wait_for_rows(self, selector: str, count: int) -> None:
        until = time.monotonic() + 10
        while (found := self.page.locator(f"{selector} tbody tr").count()) != count:
            assert time.monotonic() < until, f"{selector} has {found} rows, not {count}"
            self.page.wait_for_timeout(10)

    def confirm_undo(self, reason: str) -> None:
        """Types a reason, and answers the question with a click."""
        self.page.click("#undoing summary")
        self.page.fill("#undo-reason", reason)
        self.page.press("#undo-reason", "Enter")
        self.page.wait_for_selector("#undo-yes:enabled")
        self.page.click("#undo-yes")

    def focused(self) -> str:
        """The id of the element that has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))
