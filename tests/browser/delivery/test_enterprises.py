"""The page of enterprises: one is registered, found, changed, and shows what it has taken."""

from typing import Any

import pytest

from tests.browser.delivery.yards import PROCESSOR, Forwarder, today


def test_an_enterprise_is_registered_with_the_keyboard_alone(forwarder: Forwarder) -> None:
    forwarder.open("enterprises")
    code = forwarder.yard.new_code()
    forwarder.page.focus("#register-name")
    forwarder.page.keyboard.type("二连浩特市蒙源食品有限公司")
    forwarder.page.keyboard.press("Tab")
    forwarder.page.keyboard.type(code.lower())
    forwarder.wait_for_text("#credit-read", "fits")
    forwarder.page.keyboard.press("Enter")
    forwarder.wait_for_text("#card-notice", "Registered as E")
    assert forwarder.focused() == "card-title"
    found = forwarder.yard.ask("/v1/enterprises?name=蒙源")["items"]
    assert [(each["credit_code"], each["kinds"], each["status"]) for each in found] == [(code, ["processor"], "active")]
    assert found[0]["valid_from"] == today()
    forwarder.wait_for_text("#found", "蒙源")
    assert forwarder.complaints == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9135", "4 of 18"),
        ("91350100M000100Y4O", "Not O"),
        ("91350100M000100Y44", "does not fit"),
        ("91350100M000100Y430", "More than 18"),
    ],
)
def test_a_wrong_code_is_told_while_it_is_typed_and_is_not_sent(forwarder: Forwarder, typed: str, said: str) -> None:
    forwarder.open("enterprises")
    forwarder.fill("register", name="某公司", credit_code=typed)
    assert said in forwarder.text("#credit-read") + forwarder.text("#register-credit_code-error")
    before = len(forwarder.requests)
    forwarder.page.click("#register-send")
    forwarder.page.wait_for_selector("#register-credit_code[aria-invalid]")
    assert forwarder.focused() == "register-credit_code"
    assert [url for url in forwarder.requests[before:] if "/v1/" in url] == []


def test_a_code_that_is_registered_already_leads_to_its_enterprise(forwarder: Forwarder) -> None:
    forwarder.open("enterprises")
    known = forwarder.yard.ask("/v1/enterprises/E00000001")["credit_code"]
    forwarder.fill("register", name="另一家", credit_code=known)
    forwarder.page.click("#register-send")
    forwarder.wait_for_text("#register-refused", "registered already")
    forwarder.page.click("#register-known")
    forwarder.wait_for_text("#card-title", PROCESSOR)


def test_a_lost_answer_registers_once(forwarder: Forwarder) -> None:
    """The network breaks after the ledger has recorded it; the same is sent again under the same key."""
    forwarder.open("enterprises")

    def lose(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    forwarder.page.route("**/v1/enterprises", lose, times=1)
    forwarder.fill("register", name="断网食品", credit_code=forwarder.yard.new_code())
    forwarder.page.click("#register-send")
    forwarder.wait_for_text("#register-refused", "not known")
    forwarder.page.click("#register-send")
    forwarder.wait_for_text("#card-notice", "Registered as E")
    assert len(forwarder.yard.ask("/v1/enterprises?name=断网")["items"]) == 1


def test_enterprises_are_found_by_name_kind_and_status(forwarder: Forwarder) -> None:
    forwarder.open("enterprises")
    forwarder.fill("list", name="额仁", kind="processor", status="active")
    forwarder.page.press("#list-name", "Enter")
    forwarder.page.wait_for_selector("#found li:only-child")
    assert PROCESSOR in forwarder.text("#found")
    forwarder.fill("list", kind="trader")
    forwarder.page.click("#list-send")
    forwarder.wait_for_text("#list-state", "No enterprise matches")


def test_a_status_changes_with_a_reason_and_a_cancellation_is_ticked(forwarder: Forwarder) -> None:
    forwarder.open("enterprises")
    forwarder.fill("register", name="停业食品", credit_code=forwarder.yard.new_code(), kinds="processor,trader")
    forwarder.page.click("#register-send")
    forwarder.wait_for_text("#card-notice", "Registered as E")
    enterprise = forwarder.text("#card-title").split()[1]
    forwarder.page.click("#changing summary")
    forwarder.fill("change", status="suspended", reason="停产检修")
    forwarder.page.press("#change-reason", "Enter")
    forwarder.wait_for_text("#card-notice", "Recorded: Suspended")
    assert forwarder.yard.ask(f"/v1/enterprises/{enterprise}")["status"] == "suspended"
    forwarder.page.click("#changing summary")
    forwarder.fill("change", status="cancelled", reason="注销")
    forwarder.page.press("#change-reason", "Enter")
    forwarder.wait_for_text("#change-final-error", "Tick this first")
    assert forwarder.yard.ask(f"/v1/enterprises/{enterprise}")["status"] == "suspended"
    forwarder.page.check("#change-final")
    forwarder.page.click("#change-send")
    forwarder.wait_for_text("#card-notice", "Recorded: Cancelled")
    assert forwarder.page.is_hidden("#changing"), "a cancellation is for good"
