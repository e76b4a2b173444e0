"""The delivery note: what stands on the paper, and what never does."""

import re
from typing import Any

import pytest

from tests.browser.delivery.yards import PROCESSOR, Forwarder, Yard

RESIDENT = re.compile(r"R[0-9]{8}|\*\*")


@pytest.fixture
def delivered(forwarder: Forwarder) -> str:
    """A transfer of two kinds of goods with its papers; returns its id."""
    yard = forwarder.yard
    meat = yard.new_truck("EL-note", range(1, 54))
    other = yard.new_truck("EL-note", (1, 2), commodity="冻马肉", hs_code="02050000")
    papers = {"contract": "HT-2026-11", "invoice": "26152000", "paid_cny": "445000"}
    return str(yard.transfer(*meat, *other, **papers)["transfer_id"])


def test_the_note_says_what_was_delivered_to_whom_and_names_no_resident(forwarder: Forwarder, delivered: str) -> None:
    forwarder.open("transfers", f"&transfer_id={delivered}")
    forwarder.wait_for_text("#note-about", forwarder.yard.ask("/v1/enterprises/E00000001")["credit_code"])
    about = forwarder.text("#note-about")
    for said in (
        PROCESSOR,
        "Landing processing",
        "EL-note · 蒙H12345",
        "HT-2026-11",
        "26152000",
        "445,000.00",
        "发货窗口",
    ):
        assert said in about
    assert "trades: 55, residents: 53" in about
    rows = [forwarder.text(f"#note-goods tbody tr:nth-child({n})") for n in (1, 2)]
    assert any("冻马肉" in row and "02050000" in row and "959.808" in row and "16,000.00" in row for row in rows)
    assert any("熟牛肉" in row and "25,434.912" in row and "424,000.00" in row for row in rows)
    assert "440,000.00" in forwarder.text("#note-goods tfoot")
    forwarder.page.click("#note-lines summary")
    forwarder.wait_for_rows("#note-lines-rows", 55)
    forwarder.page.emulate_media(media="print")
    printed = forwarder.page.inner_text("body")
    assert "Stamp of the enterprise" in printed
    assert RESIDENT.search(printed) is None
    for hidden in ("#choosing", "#listing", "#note-lines", "#undoing", "#note-print", ".masthead", "footer"):
        assert forwarder.page.is_hidden(hidden), hidden


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_the_note_fits_on_one_page_of_a4(forwarder: Forwarder, delivered: str, lang: str) -> None:
    forwarder.open("transfers", f"&transfer_id={delivered}", lang=lang)
    forwarder.wait_for_text("#note-about", PROCESSOR)
    paper = forwarder.page.pdf(format="A4", prefer_css_page_size=True)
    assert paper.count(b"/Type /Page\n") == 1


def test_the_button_prints_and_a_reversed_transfer_says_that_its_note_is_void(
    yard: Yard, forwarder: Forwarder, delivered: str
) -> None:
    yard.post(f"/v1/transfers/{delivered}/reversal", {"reason": "货物退回"})
    forwarder.open("transfers", f"&transfer_id={delivered}")
    forwarder.wait_for_text("#note-about", "this note is void")
    forwarder.page.evaluate("window.print = () => { window.hasPrinted = true; }")
    forwarder.page.click("#note-print")
    assert forwarder.page.evaluate("window.hasPrinted")
    forwarder.page.emulate_media(media="print")
    assert "reversed" in forwarder.text("#note-number")


def test_each_trade_is_listed_for_the_desk(forwarder: Forwarder, delivered: str) -> None:
    forwarder.open("transfers", f"&transfer_id={delivered}")
    forwarder.wait_for_text("#note-lines-title", "55")
    assert forwarder.page.locator("#note-lines-rows tr").count() == 0, "rows are made only where somebody opens them"
    forwarder.page.click("#note-lines summary")
    forwarder.wait_for_rows("#note-lines-rows", 55)


def test_another_transfer_has_its_own_note(forwarder: Forwarder, delivered: str) -> None:
    first: Any = forwarder.yard.transfer(*forwarder.yard.new_truck("EL-other", (3,)))
    forwarder.open("transfers", f"&transfer_id={delivered}")
    forwarder.wait_for_text("#note-number", delivered)
    forwarder.page.click(f"#list-rows a[data-transfer={first['transfer_id']}]")
    forwarder.wait_for_text("#note-number", first["transfer_id"])
    assert "EL-other" in forwarder.text("#note-about")
