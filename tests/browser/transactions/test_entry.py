"""An entry that was opened: all that is known of it, its receipt, its proof, and its reversal."""

from typing import Any

from tests.browser.transactions.hall import Hall, Visitor


def _open_entry(visitor: Visitor, hall: Hall, is_wanted: Any) -> dict[str, Any]:
    found: dict[str, Any] = next(entry for entry in hall.entries() if is_wanted(entry))
    visitor.open(hall, f"/transactions?resident_id={found['resident_id']}&order=newest&lang=en")
    visitor.page.click(f"#rows a[data-entry='{found['transaction_id']}']")
    visitor.page.wait_for_selector("#more dl")
    return found


def test_a_row_opens_its_entry_with_all_its_fields(hall: Hall, visitor: Visitor) -> None:
    entry = _open_entry(visitor, hall, lambda each: each["kind"] == "trade" and each["group_id"])
    assert f"entry={entry['transaction_id']}" in visitor.page.url
    receipt, more = visitor.text("#receipt"), visitor.text("#more")
    for said in (entry["transaction_id"], entry["resident_id"], entry["commodity"], entry["rule_version"], "阿"):
        assert said in receipt
    for said in (entry["recorded_by"]["name"], "陶力互助组", entry["day"], "Erenhot"):
        assert said in more
    visitor.page.wait_for_selector("#qr", timeout=15_000)
    proof = visitor.page.request.get(hall.address + str(visitor.page.get_attribute("#more a[target]", "href")))
    assert proof.json()["transaction"]["transaction_id"] == entry["transaction_id"]
    assert visitor.page.query_selector("#found:not([hidden])") is None
    visitor.page.go_back()
    visitor.page.wait_for_selector("#found:not([hidden])")
    assert visitor.page.query_selector("#opened:not([hidden])") is None
    assert visitor.complaints == []


def test_the_receipt_is_printed_again_and_nothing_else(hall: Hall, visitor: Visitor) -> None:
    _open_entry(visitor, hall, lambda each: each["kind"] == "trade")
    visitor.page.emulate_media(media="print")
    assert visitor.page.is_visible("#receipt-title")
    for other in ("#more", "#to-list", ".masthead", "footer", "h1"):
        assert not visitor.page.is_visible(other), other
    visitor.page.emulate_media(media="screen")
    visitor.page.click("#to-list")
    visitor.wait_for_rows()
    visitor.page.emulate_media(media="print")
    assert visitor.page.is_visible("#rows table"), "a list is printed as a list again"


def test_a_reversed_trade_and_its_reversal_lead_to_each_other(hall: Hall, visitor: Visitor) -> None:
    reversal = _open_entry(visitor, hall, lambda each: each["kind"] == "reversal")
    visitor.page.click(f"#more a[data-entry='{reversal['reverses']}']")
    visitor.page.wait_for_selector(f"#more a[data-entry='{reversal['transaction_id']}']")
    assert reversal["reverses"] in visitor.text("#receipt")


def test_a_trade_is_reversed_with_a_reason_and_only_by_a_press_of_its_own(hall: Hall, visitor: Visitor) -> None:
    gone = {entry["reverses"] for entry in hall.entries()}
    mine = _open_entry(
        visitor,
        hall,
        lambda each: (
            each["kind"] == "trade"
            and each["transaction_id"] not in gone
            and each["recorded_by"]["name"] == hall.clerk_names[0]
        ),
    )
    count = len(hall.entries())
    visitor.page.click("#undo")
    visitor.page.fill("#reason", "称重有误")
    visitor.page.focus("#reason")
    for _ in range(5):  # Held down: one press, and its repetitions.
        visitor.page.keyboard.down("Enter")
    visitor.page.keyboard.up("Enter")
    visitor.page.wait_for_selector("#reverse-yes:enabled")
    visitor.page.wait_for_timeout(300)
    assert len(hall.entries()) == count, "nothing is reversed by the key that asked"
    visitor.page.click("#reverse-yes")
    visitor.page.wait_for_selector(f"#more a[data-entry='{mine['transaction_id']}']")
    newest = hall.entries()[0]
    assert (newest["reverses"], newest["reason"]) == (mine["transaction_id"], "称重有误")
    assert newest["transaction_id"] in visitor.page.url
    visitor.page.click("#to-list")
    visitor.wait_for_rows()
    assert "reversed" in visitor.text(f"#rows tr:has(a[data-entry='{mine['transaction_id']}'])")


def test_an_entry_that_there_is_not_is_said_not_to_be_there(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, "/transactions?entry=01900000-0000-7000-8000-000000000000&lang=en")
    assert visitor.text("#refusal") == "Not found."
    assert visitor.page.query_selector("#opened:not([hidden])") is None
