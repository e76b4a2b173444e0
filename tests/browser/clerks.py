"""The bureau whose ledger the browser tests show, and the clerk who uses the browser."""

import pathlib
import time
from collections.abc import Mapping
from typing import Any

from tests.servers import Server, call_hushi

AXE = pathlib.Path(__file__).parent / "vendor" / "axe.min.js"
LAST_DAY = "2024-06-28"
QUESTION = f"ytd={LAST_DAY}"


class Bureau:
    """A served ledger and the keys to it."""

    def __init__(self, server: Server, environment: Mapping[str, str]) -> None:
        self.server = server
        self.address = f"http://127.0.0.1:{server.port}"
        self.environment = environment
        self.key = self.new_key("reports:read")

    def new_key(self, scope: str) -> str:
        made = call_hushi(self.environment, "keys", "create", "--name", "bureau", "--scope", scope)
        return made.stdout.strip()

    def report(self, path: str) -> Any:
        status, document, _ = self.server.ask("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        assert status == 200, document
        return document

    def four(self, question: str) -> list[str]:
        """The four figures at the top of the dashboard, as the API tells them."""
        trade = self.report(f"/v1/reports/trade?{question}")["total"]
        people = self.report(f"/v1/reports/residents?{question}")["total"]
        named = [trade["amount_cny"], trade["participations"], trade["residents"], people["registered_at_end"]]
        return [str(figure["current"]) for figure in named]


class Clerk:
    """A person at a browser. The browser's requests and errors are noted."""

    def __init__(self, bureau: Bureau, chromium: Any, **settings: Any) -> None:
        self.bureau = bureau
        self.context = chromium.new_context(**{"locale": "en", "viewport": {"width": 1280, "height": 800}, **settings})
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def sign_in(self, question: str = QUESTION, key: str | None = None, *, state: bool = True) -> None:
        """Signs in by the link that `hushi welcome` prints."""
        goes_to = f"/?{question}".replace("?", "%3F").replace("&", "%26").replace("=", "%3D")
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={key or self.bureau.key}")
        self.wait_for_report() if key is None or not state else self.page.wait_for_selector("#state:not([hidden])")

    def wait_for_report(self) -> None:
        self.page.wait_for_selector("#content[aria-busy=false]:not([hidden])")

    def settle(self) -> None:
        """Waits until the choices of the filters are there as well."""
        self.page.wait_for_selector("#filters #origin-MN", state="attached")

    def figures(self) -> list[str]:
        return [str(value) for value in self.page.eval_on_selector_all("#figures data", "all => all.map(d => d.value)")]

    def changes_ms(self) -> list[float]:
        durations: list[float] = self.page.evaluate(
            "performance.getEntriesByName('hushi-change').map(entry => entry.duration)"
        )
        return durations

    def wait_for_changes(self, count: int) -> None:
        self.wait_until(f"performance.getEntriesByName('hushi-change').length >= {count}")

    def look_again(self) -> None:
        """Does at once what the page does every few seconds."""
        self.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    def violations(self) -> list[str]:
        """What axe finds on a light screen, and of the colours also on a dark one: nothing else differs there."""
        # Evaluated, not added as an element: the page's policy lets no other script in.
        self.page.evaluate(AXE.read_text("utf-8"))
        self.page.emulate_media(color_scheme="light")
        light = self.page.evaluate("axe.run({ resultTypes: ['violations'] })")
        self.page.emulate_media(color_scheme="dark")
        dark = self.page.evaluate("axe.run({ runOnly: ['color-contrast'], resultTypes: ['violations'] })")
        assert [rule["id"] for rule in dark["passes"]] == ["color-contrast"] or dark["violations"] != []
        found = light["violations"] + dark["violations"]
        return [f"{each['id']}: {node['html'][:150]}" for each in found for node in each["nodes"]]

    def wait_until(self, expression: str) -> None:
        """Waits until an expression is true, and asks from outside the page.

        A function that asks inside the page would need eval, which the page's policy forbids.
        """
        until = time.monotonic() + 10
        while not self.page.evaluate(expression):
            assert time.monotonic() < until, expression
            self.page.wait_for_timeout(10)
