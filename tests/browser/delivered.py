"""What is done on the pages of enterprises, transfers and processing batches before their pictures are taken."""

import itertools
from collections.abc import Callable
from typing import Any

from tests.builders import a_credit_code

CODES = itertools.count(500)


def register_enterprise(page: Any) -> None:
    """Registers a processor; the page shows it, and a code with a wrong letter below."""
    page.fill("#register-name", "二连浩特市额仁肉业有限公司")
    page.fill("#register-credit_code", a_credit_code(next(CODES)))
    page.click("#register-send")
    page.wait_for_selector("#card-notice:not(:empty)")
    page.fill("#register-credit_code", "91350100M000100Y4O")


def choose_goods(page: Any, split: Callable[[Any], None]) -> None:
    """Splits a truck, and chooses its goods for the first processor; a weight is more than there is."""
    address = page.url.replace("/transfers", "{}")
    page.goto(address.format("/enterprises"))
    page.wait_for_selector("html[data-ready]")
    register_enterprise(page)
    page.goto(address.format("/consignments"))
    page.wait_for_selector("html[data-ready]")
    split(page)
    page.click("#truck-send")
    page.wait_for_selector("#goods-rows input")
    page.select_option("#send-enterprise_id", index=1)
    page.locator("#goods-rows input").first.fill("99999")


def deliver(page: Any, split: Callable[[Any], None]) -> None:
    """And the goods go on: the delivery note is shown."""
    choose_goods(page, split)
    page.locator("#goods-rows input").first.fill("10")
    page.fill("#send-contract", "HT-2026-011")
    page.click("#send-send")
    page.wait_for_selector("#note-goods tbody tr")


def process(page: Any, split: Callable[[Any], None]) -> None:
    """And they are processed: the batch is shown."""
    deliver(page, split)
    page.click("#note-tools a[href^='/processing-batches']")
    page.wait_for_selector("#inputs-rows input:checked")
    for name, value in {"commodity": "酱牛肉", "hs_code": "16025010", "quantity_kg": "8.4"}.items():
        page.fill(f"#make-0-{name}", value)
    page.click("#make-send")
    page.wait_for_selector("#batch-outputs tbody tr")
