"""The three pages as a whole: their words, what axe says of them, a phone, keys that may do less."""

import re
from typing import Any

import pytest

from tests.browser.delivery.yards import Forwarder, Yard

BY_NAME = (
    r"\b(?:enterprises|transfers|processing_batches|field|dimension|code|error|status|scope|kind|credit|change|taken|"
    r"choose|goods|rows|sums|note|purpose|head|undo|list|output|input|waiting)\.[a-z_]+"
)


def walk(forwarder: Forwarder, name: str, lang: str) -> Any:
    """Opens each page with much on it, one after the other."""
    trades = forwarder.yard.new_truck(name, (1, 2, 3))
    transfer = forwarder.yard.transfer(trades[0])["transfer_id"]
    forwarder.open("enterprises", "&enterprise_id=E00000001", lang)
    forwarder.page.wait_for_selector("#taken-rows tbody tr")
    forwarder.page.click("#changing summary")
    forwarder.fill("change", status="cancelled")
    forwarder.page.click("#change-send")
    forwarder.fill("register", credit_code="91350100M000100Y4O")
    yield
    forwarder.open("transfers", f"&transfer_id={transfer}", lang)
    forwarder.page.wait_for_selector("#note-goods tbody tr")
    forwarder.page.click("#note-lines summary")
    forwarder.page.click("#undoing summary")
    forwarder.page.fill("#undo-reason", "x")
    forwarder.page.click("#undo-send")
    forwarder.choose_truck(name)
    forwarder.page.fill(f"#goods-{trades[1]}", "99999")
    yield
    forwarder.open("batches", f"&transfer_id={transfer}", lang)
    forwarder.fill("make", **{"0-commodity": "酱牛肉", "0-quantity_kg": "900"})
    forwarder.page.wait_for_selector("#yield-more")
    yield
    forwarder.page.fill("#make-0-quantity_kg", "400")
    forwarder.page.click("#make-send")
    forwarder.page.wait_for_selector("#batch-outputs tbody tr")
    forwarder.page.click("#undoing summary")
    yield


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_every_word_is_said_in_every_language(forwarder: Forwarder, lang: str) -> None:
    for _ in walk(forwarder, f"EL-words-{lang}", lang):
        assert re.findall(BY_NAME, forwarder.page.inner_text("body")) == []


def test_axe_finds_nothing_and_a_phone_scrolls_in_one_direction(yard: Yard, chromium: Any) -> None:
    forwarder = Forwarder(yard, chromium, viewport={"width": 360, "height": 800})
    for _ in walk(forwarder, "EL-axe", "en"):
        for width in (360, 1280):
            forwarder.page.set_viewport_size({"width": width, "height": 800})
            assert forwarder.violations() == []
            assert forwarder.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling aside"
    forwarder.context.close()


@pytest.mark.parametrize("page", ["enterprises", "transfers", "batches"])
def test_a_key_that_may_only_read_writes_nothing(forwarder: Forwarder, page: str) -> None:
    transfer = forwarder.yard.transfer(*forwarder.yard.new_truck(f"EL-read-{page}", (4,)))["transfer_id"]
    key = forwarder.yard.key_with("transactions:read")
    forwarder.open(page, f"&enterprise_id=E00000001&transfer_id={transfer}", key=key)
    assert "transactions:write" in forwarder.text("#missing")
    assert forwarder.page.is_visible("#listing")
    for form in ("#register", "#change", "#send", "#undo", "#make"):
        assert forwarder.page.locator(f"{form}:visible").count() == 0, form


def test_a_truck_shows_what_has_gone_on_and_leads_to_the_page_of_transfers(forwarder: Forwarder) -> None:
    name = "EL-shown"
    goods = {"category": "meat", "commodity": "熟牛肉", "origin": "MN", "quantity_kg": "5000", "amount_cny": "83350"}
    forwarder.yard.post(
        "/v1/consignments", {"consignment": name, "arrived_at": "2024-06-30T08:00:00+08:00", "lines": [goods]}
    )
    trades = forwarder.yard.new_truck(name, (5, 6))
    transfer = forwarder.yard.transfer(trades[0])["transfer_id"]
    forwarder.open("transfers")
    forwarder.page.goto(f"{forwarder.bureau.address}/consignments?consignment={name}&lang=en")
    forwarder.wait_for_rows("#truck-transfers", 1)
    assert transfer in forwarder.text("#truck-transfers")
    assert "8,000.00" in forwarder.text("#truck-transfers")
    forwarder.page.click("#truck-send")
    forwarder.wait_for_text("#goods-sums", "1 of 2")


def test_a_trade_shows_what_has_gone_on_and_leads_to_the_page_of_transfers(forwarder: Forwarder) -> None:
    trades = forwarder.yard.new_truck("EL-leads", (5, 6))
    forwarder.yard.transfer(trades[0])
    address = f"{forwarder.bureau.address}/transactions?entry={trades[1]}&lang=en"
    forwarder.open("transfers")
    forwarder.page.goto(address)
    forwarder.page.click("#send-on")
    forwarder.wait_for_text("#goods-sums", "1 of 1")
    forwarder.page.goto(address.replace(trades[1], trades[0]))
    forwarder.wait_for_text("#more", "479.904 kg, 8,000.00 CNY")
    assert forwarder.page.locator("#send-on").count() == 0


def test_a_trade_whose_goods_have_gone_on_is_not_reversed_and_the_page_says_why(forwarder: Forwarder) -> None:
    trade = forwarder.yard.new_truck("EL-kept", (7,))[0]
    forwarder.yard.transfer(trade)
    key = forwarder.yard.key_with(
        "transactions:read", "transactions:write", "transactions:reverse_any", "residents:read"
    )
    forwarder.open("transfers", key=key)
    forwarder.page.goto(f"{forwarder.bureau.address}/transactions?entry={trade}&lang=en")
    forwarder.page.click("#undo")
    forwarder.page.fill("#reason", "称重有误")
    forwarder.page.click("#reverse")
    forwarder.page.click("#reverse-yes")
    forwarder.wait_for_text("#not-reversed", "reverse the transfer first")
