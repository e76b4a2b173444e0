"""The page of trucks: a truck is registered, split among a group, posted, printed and reversed; mandates beside it."""

import datetime
import time
from collections.abc import Iterator
from typing import Any

import pytest

from service.domain.transactions import business_day
from tests.browser.clerks import Bureau, Clerk
from tests.builders import a_registration, a_trade
from tests.servers import environment_of_new_ledger, serving

MEMBERS = 5
KG, CNY = "2399.520", "40000.00"
"""Meat at 16.67 CNY/kg: what five allowances hold."""


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    """A served market with a group of five residents, and nothing traded."""
    folder = tmp_path_factory.mktemp("yard")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Bureau(server, environment)
        found.key = found.new_key("admin")
        admin = {"Authorization": f"Bearer {found.key}"}
        for n in range(MEMBERS + 4):
            assert server.ask("POST", "/v1/residents", a_registration(n), admin)[0] == 201
        assert server.ask("POST", "/v1/groups", {"name": "陶力互助组", "kind": "mutual_aid"}, admin)[0] == 201
        assert server.ask("POST", "/v1/groups", {"name": "锡林合作社", "kind": "cooperative"}, admin)[0] == 201
        other = {"resident_ids": ["R00000008"]}
        assert server.ask("POST", "/v1/groups/G000002/members", other, admin)[0] == 200
        members = {"resident_ids": [f"R{n:08d}" for n in range(1, MEMBERS + 1)]}
        assert server.ask("POST", "/v1/groups/G000001/members", members, admin)[0] == 200
        yield found


class Yard(Clerk):
    """A clerk at the page of trucks."""

    def open(self, question: str = "", lang: str = "en") -> None:
        goes_to = f"/consignments%3Flang%3D{lang}{question}"
        self.page.goto(f"{self.bureau.address}/signin?next={goes_to}#key={self.bureau.key}")
        self.page.wait_for_selector("html[data-ready]")

    def ask(self, path: str) -> Any:
        return self.bureau.report(path)

    def register(self, name: str, kg: str = KG, cny: str = CNY) -> None:
        for field, value in {
            "consignment": name, "vehicle_plate": "蒙H12345", "0-commodity": "熟牛肉",
            "0-quantity_kg": kg, "0-amount_cny": cny,
        }.items():  # fmt: skip
            self.page.fill(f"#register-{field}", value)
        self.page.select_option("#register-0-category", "meat")
        self.page.click("#register-send")
        self.page.wait_for_selector("#truck:not([hidden])")

    def trade_elsewhere(self, resident_id: str) -> None:
        """Another desk posts a trade of the resident."""
        keyed = {"Authorization": f"Bearer {self.bureau.key}", "Idempotency-Key": f"elsewhere-{resident_id}"}
        body = a_trade(
            resident_id=resident_id, traded_at=f"{business_day(datetime.datetime.now(datetime.UTC))}T00:00:00+08:00"
        )
        assert self.bureau.server.ask("POST", "/v1/transactions", body, keyed)[0] == 201

    def propose(self) -> None:
        self.page.select_option("#split-group_id", "G000001")
        self.page.click("#split-send")
        self.page.wait_for_selector("#proposal-parts table")

    def text(self, selector: str) -> str:
        return (self.page.text_content(selector) or "").replace("\u00a0", " ")

    def wait_for_rows(self, selector: str, count: int) -> None:
        until = time.monotonic() + 10
        while (found := self.page.locator(f"{selector} tbody tr").count()) != count:
            assert time.monotonic() < until, f"{selector} has {found} rows, not {count}"
            self.page.wait_for_timeout(10)

    def wait_for_text(self, selector: str, said: str) -> None:
        until = time.monotonic() + 10
        while said not in self.text(selector):
            assert time.monotonic() < until, f"{selector} says {self.text(selector)!r}, not {said!r}"
            self.page.wait_for_timeout(10)


@pytest.fixture
def clerk(yard: Bureau, chromium: Any) -> Iterator[Yard]:
    """A clerk who reads English on a light screen."""
    found = Yard(yard, chromium, color_scheme="light")
    yield found
    found.context.close()


def rows(clerk: Yard) -> list[str]:
    found: list[str] = clerk.page.locator("#proposal-parts tbody tr").all_text_contents()
    return found


def test_a_truck_is_registered_split_posted_printed_and_reversed(clerk: Yard) -> None:
    clerk.open()
    clerk.register("EL-1")
    clerk.propose()
    assert len(rows(clerk)) == MEMBERS
    assert clerk.ask("/v1/transactions?consignment=EL-1")["items"] == [], "a proposal writes nothing"
    clerk.page.click("#split-post")
    clerk.wait_for_text("#proposal-title", "List of the split")

    posted = clerk.ask("/v1/transactions?consignment=EL-1")["items"]
    assert sorted(each["resident_id"] for each in posted) == [f"R{n:08d}" for n in range(1, MEMBERS + 1)]
    assert {each["verdict"] for each in posted} == {"exempt"}
    assert clerk.ask("/v1/consignments/EL-1")["lines"][0]["left_kg"] == "0.000"
    clerk.wait_for_text("#trucks [aria-current]", "Split up")
    assert "40,000.00" in clerk.text("#proposal-parts tfoot")
    assert clerk.page.is_hidden("#splitting"), "nothing is left to be split"

    clerk.page.emulate_media(media="print")
    assert clerk.page.is_visible("#proposal-parts")
    assert not clerk.page.is_visible("#listing")
    assert not clerk.page.is_visible("#truck")
    clerk.page.emulate_media(media="screen")

    clerk.page.fill("#undo-reason", "货物退回")
    clerk.page.press("#undo-reason", "Enter")
    clerk.page.wait_for_selector("#undo-confirm")
    clerk.page.wait_for_selector("#undo-yes:enabled")
    clerk.page.focus("#undo-yes")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_timeout(200)
    assert clerk.ask("/v1/consignments/EL-1")["lines"][0]["left_kg"] == "0.000", "Enter confirms nothing"
    clerk.page.click("#undo-yes")
    clerk.wait_for_text("#undo-notice", f"{MEMBERS} trades are reversed")
    assert clerk.ask("/v1/consignments/EL-1")["lines"][0]["left_kg"] == KG
    assert clerk.complaints == []


def test_what_nobody_has_room_for_is_told_and_decided_before_it_is_posted(clerk: Yard) -> None:
    clerk.open()
    clerk.register("EL-2", "5000", "83350")
    clerk.propose()
    assert "What is left" in clerk.text("#proposal-rest")
    clerk.page.click("#split-post")
    clerk.wait_for_text("#proposal-refused", "has no room")
    assert clerk.ask("/v1/transactions?consignment=EL-2")["items"] == []

    clerk.page.select_option("#split-remainder", "to")
    clerk.page.click("#split-send")
    clerk.wait_for_text("#split-remainder_to-error", "Name the resident")
    clerk.page.fill("#split-remainder_to", "r00000006")
    clerk.page.click("#split-send")
    clerk.page.wait_for_selector("#split-post:enabled")
    clerk.page.click("#split-post")
    clerk.wait_for_text("#proposal-title", "List of the split")
    posted = clerk.ask("/v1/transactions?consignment=EL-2")["items"]
    assert sum(float(each["quantity_kg"]) for each in posted) == 5000
    assert {each["resident_id"] for each in posted if each["verdict"] != "exempt"} == {"R00000006"}


def test_a_proposal_that_another_desk_has_outrun_is_proposed_again(clerk: Yard) -> None:
    """The allowance of a resident has changed since; then nothing is posted, and the page says what to do."""
    clerk.open()
    clerk.register("EL-3", "479.904", "8000.00")
    clerk.page.fill("#split-resident_ids", "R00000007")
    clerk.page.click("#split-send")
    clerk.page.wait_for_selector("#split-post:enabled")
    clerk.trade_elsewhere("R00000007")
    clerk.page.click("#split-post")
    clerk.wait_for_text("#proposal-refused", "propose the split again")
    assert clerk.ask("/v1/transactions?consignment=EL-3")["items"] == []


def test_a_truck_is_not_split_on_a_day_before_it_came(clerk: Yard) -> None:
    clerk.open()
    clerk.register("EL-6")
    clerk.page.fill("#split-day", "2024-06-28")
    clerk.page.select_option("#split-group_id", "G000001")
    clerk.page.click("#split-send")
    clerk.page.wait_for_selector("#split-day[aria-invalid]")
    assert clerk.page.is_hidden("#proposal")


def test_mandates_are_given_to_a_representative_shown_and_withdrawn(clerk: Yard) -> None:
    clerk.open()
    clerk.page.click("#giving summary")
    clerk.page.fill("#give-representative_id", "R00000006")
    clerk.page.select_option("#give-group_id", "G000001")
    clerk.page.click("#give-send")
    clerk.wait_for_text("#give-notice", f"{MEMBERS} mandates")
    clerk.wait_for_rows("#mandates-found", MEMBERS)
    clerk.page.click("#end-M00000001")
    clerk.page.fill("#end-reason", "本人要求")
    clerk.page.click("#end-send")
    clerk.page.wait_for_selector("#end", state="detached")
    clerk.wait_for_rows("#mandates-found", MEMBERS - 1)


def test_a_reader_of_a_screen_finds_nothing_wrong(clerk: Yard) -> None:
    clerk.open()
    clerk.register("EL-4")
    clerk.page.click("#giving summary")
    assert clerk.violations() == []


def test_the_list_of_a_truck_is_printed_again_on_another_day(clerk: Yard) -> None:
    """The page was closed before the list was printed; the list has the names of members and of others."""
    clerk.open()
    clerk.register("EL-7", "60", "1000.20")
    clerk.page.fill("#split-resident_ids", "R00000008 R00000009")
    clerk.page.select_option("#split-policy", "even")
    clerk.page.click("#split-send")
    clerk.page.click("#split-post:enabled")
    clerk.wait_for_text("#proposal-title", "List of the split")
    printed, about = rows(clerk), clerk.text("#proposal-about")
    assert len(printed) == 2
    clerk.open("%26consignment%3DEL-7")
    clerk.page.click("#list-show")
    clerk.wait_for_text("#proposal-title", "List of the split")
    assert rows(clerk) == printed
    assert clerk.text("#proposal-about") == about
    clerk.page.emulate_media(media="print")
    assert clerk.page.is_visible("#proposal-parts")
    assert not clerk.page.is_visible("#truck")
    assert clerk.complaints == []


def test_a_link_opens_a_truck(clerk: Yard) -> None:
    clerk.open()
    clerk.register("EL-5")
    clerk.open("%26consignment%3DEL-5", "zh")
    clerk.wait_for_text("#truck-title", "批次 EL-5")
    clerk.page.set_viewport_size({"width": 360, "height": 740})
    assert clerk.page.evaluate("document.documentElement.scrollWidth") <= 360
