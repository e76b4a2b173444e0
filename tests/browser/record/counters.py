"""The market whose clerk's page is tested, and the clerk at its counter."""

import re
import time
from typing import Any

from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import call_hushi

CLERK_SCOPES = ("residents:read", "transactions:read", "transactions:write", "ledger:verify")
RESIDENTS = 100
READER_GAP_S = 0.004


class Market(Bureau):
    """A served ledger with registered residents; each test takes one who has not traded yet."""

    def fill(self) -> None:
        """Registers the residents."""
        self.admin = {"Authorization": f"Bearer {self.new_key('admin')}"}
        self.clerk_key = self.key_with(*CLERK_SCOPES)
        self.unused = iter(range(1, RESIDENTS + 1))
        for n in range(RESIDENTS):
            assert self.server.ask("POST", "/v1/residents", a_registration(n), self.admin)[0] == 201

    def key_with(self, *scopes: str) -> str:
        asked = [word for scope in scopes for word in ("--scope", scope)]
        return call_hushi(self.environment, "keys", "create", "--name", "柜台", *asked).stdout.strip()

    def statement(self, resident_id: str) -> list[Any]:
        """The entries that the ledger itself holds of a resident."""
        path = f"/v1/transactions?resident_id={resident_id}"
        status, document, _ = self.server.ask("GET", path, headers=self.admin)
        assert status == 200, document
        items: list[Any] = document["items"]
        return items


class Counter(Clerk):
    """A clerk at the counter."""

    def __init__(self, market: Market, chromium: Any, **settings: Any) -> None:
        super().__init__(market, chromium, **settings)
        self.market = market
        self.keyboard = self.context.new_cdp_session(self.page)
        self.resident = f"R{next(market.unused):08d}"
        # A price is usual or not among the goods of the same name: each clerk sells their own.
        self.commodity = f"冻马肉{self.resident[1:]}"

    def open(self, key: str | None = None, lang: str = "en") -> None:
        goes_to = f"/record%3Flang%3D{lang}"
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={key or self.market.clerk_key}")
        self.page.wait_for_selector("html[data-ready]")

    def find(self) -> None:
        self.page.fill("#who-is", self.resident)
        self.page.press("#who-is", "Enter")
        self.page.wait_for_selector("#allowance-text")

    def enter(self, amount: str = "1000", **more: str) -> None:
        for name, value in {"commodity": self.commodity, "quantity_kg": "50", "amount_cny": amount, **more}.items():
            self.page.fill(f"#{name}", value)
        self.page.select_option("#category", "meat")
        self.page.select_option("#origin", "MN")

    def post(self) -> str:
        self.page.click("#post")
        return self.receipt()

    def receipt(self) -> str:
        self.page.wait_for_selector("#receipt:not([hidden])")
        return self.page.text_content("#receipt") or ""

    def scan(self, code: str) -> None:
        """What a reader does: the keys of a code, a few ms apart, and Enter.

        The keys bear their times: a busy machine takes longer to press them than a reader does.
        """
        at = time.time()
        for key in [*code, "Enter"]:
            at += READER_GAP_S
            pressed = {"key": key, "text": "\r" if key == "Enter" else key, "timestamp": at}
            if key == "Enter":
                pressed |= {"code": "Enter", "windowsVirtualKeyCode": 13}
            self.keyboard.send("Input.dispatchKeyEvent", {"type": "keyDown", **pressed})
            self.keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "timestamp": at})

    def answer(self, button: str) -> str:
        """Answers the question that the page asks; returns what it asked."""
        self.page.wait_for_selector("#asking[open]")
        asked = self.text("#asking")
        self.page.click(f"{button}:enabled")
        return asked

    def focused(self) -> str:
        """The id of the element that has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def wait_for_text(self, selector: str, said: str) -> None:
        """Until the page says it: a figure that is asked for again comes after what it was asked for."""
        until = time.monotonic() + 10
        while said not in self.text(selector):
            assert time.monotonic() < until, f"{selector} says {self.text(selector)!r}, not {said!r}"
            self.page.wait_for_timeout(10)

    def hold(self, address: str) -> list[Any]:
        """Holds the next request to an address back; it is in the list that is returned, to be let go."""
        held: list[Any] = []

        def note(route: Any) -> None:
            held.append(route)

        self.page.route(address, note, times=1)
        return held

    def posts(self) -> list[Any]:
        """Notes from now on the keys with which trades are posted."""
        keys: list[Any] = []

        def note(request: Any) -> None:
            if request.method == "POST" and request.url.endswith("/v1/transactions"):
                keys.append(request.headers["idempotency-key"])

        self.page.on("request", note)
        return keys

    def printed_points(self) -> list[tuple[int, int]]:
        """The width and height of each page that would be printed."""
        printed = self.page.pdf(prefer_css_page_size=True)
        sizes = re.findall(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
        return [(round(float(width)), round(float(height))) for width, height in sizes]


def a_posted_trade(clerk: Counter) -> str:
    """Posted over the API with the clerk's key, and its id typed into the page."""
    body = a_trade(resident_id=clerk.resident)
    own = {"Authorization": f"Bearer {clerk.market.clerk_key}"}
    keyed = {**own, "Idempotency-Key": f"trade-of-{clerk.resident}"}
    status, posted, _ = clerk.market.server.ask("POST", "/v1/transactions", body, keyed)
    assert status == 201, posted
    clerk.page.fill("#transaction", posted["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.page.wait_for_selector("#reason")
    return str(posted["transaction_id"])
