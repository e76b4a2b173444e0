"""The office that registers residents, and the registrar at its browser."""

import pathlib
import time
from typing import Any

from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_citizen_number, a_registration
from tests.servers import call_hushi

SCOPES = ("residents:read", "residents:write")
NAMES = ("王明", "王小明", "王伟明", "阿拉坦·其其格", "Бат-Эрдэнэ", "李雷")


class Office(Bureau):
    """A served ledger in a folder, with a few residents, two of whom have the same masked name, and a group."""

    folder: pathlib.Path

    def fill(self) -> None:
        """Registers the residents and makes the group."""
        self.admin = {"Authorization": f"Bearer {self.new_key('admin')}"}
        self.registrar_key = self.key_with(*SCOPES)
        self.numbers = iter(range(100, 1000))
        for n, name in enumerate(NAMES):
            body = a_registration(n, name=name, settlement=f"嘎查{n % 2}")
            assert self.server.ask("POST", "/v1/residents", body, self.admin)[0] == 201
        group = {"name": "陶力互助组", "kind": "mutual_aid"}
        assert self.server.ask("POST", "/v1/groups", group, self.admin)[0] == 201
        members = {"resident_ids": ["R00000001", "R00000004"]}
        assert self.server.ask("POST", "/v1/groups/G000001/members", members, self.admin)[0] == 200

    def key_with(self, *scopes: str) -> str:
        asked = [word for scope in scopes for word in ("--scope", scope)]
        return call_hushi(self.environment, "keys", "create", "--name", "备案", *asked).stdout.strip()

    def new_number(self) -> str:
        """A citizen number that nobody is registered with."""
        return a_citizen_number(next(self.numbers))

    def new_resident(self, **changes: Any) -> str:
        """Registers somebody over the API, and returns the id."""
        body = a_registration(next(self.numbers), **changes)
        status, made, _ = self.server.ask("POST", "/v1/residents", body, self.admin)
        assert status == 201, made
        return str(made["resident_id"])

    def resident(self, resident_id: str) -> Any:
        """A resident as the API shows it."""
        return self.server.ask("GET", f"/v1/residents/{resident_id}", headers=self.admin)[1]


class Registrar(Clerk):
    """A clerk who registers residents, with an English page."""

    def __init__(self, office: Office, chromium: Any, **settings: Any) -> None:
        super().__init__(office, chromium, **settings)
        self.office = office

    def open(self, key: str | None = None, lang: str = "en", more: str = "") -> None:
        goes_to = f"/residents%3Flang%3D{lang}{more}"
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={key or self.office.registrar_key}")
        self.page.wait_for_selector("html[data-ready]")

    def find(self, text: str) -> None:
        self.page.fill("#find-who", text)
        self.page.press("#find-who", "Enter")

    def card(self, text: str) -> str:
        """Finds one resident, and returns what the page says of them."""
        self.find(text)
        self.page.wait_for_selector("#card:not([hidden])")
        return self.text("#card")

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def wait_for_text(self, selector: str, said: str) -> None:
        until = time.monotonic() + 10
        while said not in self.text(selector):
            assert time.monotonic() < until, f"{selector} says {self.text(selector)!r}, not {said!r}"
            self.page.wait_for_timeout(10)

    def focused(self) -> str:
        """The id of the element that has the focus."""
        return str(self.page.evaluate("document.activeElement.id"))
