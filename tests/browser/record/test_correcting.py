"""The last trade is corrected: it is reversed, and its line comes back to be posted in its place, once."""

from typing import Any

from tests.browser.record.counters import Counter


def _posted(clerk: Counter) -> Any:
    clerk.open()
    clerk.find()
    clerk.enter("600", price="12", vehicle_plate="蒙H12345", reference=f"D-{clerk.resident}", hs_code="02050000")
    clerk.post()
    (entry,) = clerk.market.statement(clerk.resident)
    return entry


def _trades(clerk: Counter) -> list[Any]:
    return [entry for entry in clerk.market.statement(clerk.resident) if entry["kind"] == "trade"]


def _is_corrected(clerk: Counter, first: Any, weight: str, amount: str) -> None:
    new, reversal, old = clerk.market.statement(clerk.resident)
    assert old["transaction_id"] == first["transaction_id"]
    assert reversal["reverses"] == first["transaction_id"]
    assert new["metadata"] == {"corrects": first["transaction_id"]}
    assert (new["quantity_kg"], new["amount_cny"]) == (weight, amount)
    same = ("commodity", "hs_code", "vehicle_plate", "category", "origin", "day", "traded_at", "trade_point")
    assert {name: new[name] for name in same} == {name: first[name] for name in same}


def test_the_last_trade_is_reversed_and_posted_again(clerk: Counter) -> None:
    first = _posted(clerk)
    clerk.page.click("#correct")
    clerk.page.wait_for_selector("#correct-yes:enabled")
    clerk.page.focus("#undo-reason")
    clerk.page.keyboard.press("Enter")
    clerk.page.focus("#correct-yes")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_timeout(200)
    assert len(clerk.market.statement(clerk.resident)) == 1, "Enter reverses nothing"
    clerk.page.keyboard.press("Space")
    clerk.wait_for_text("#correcting", first["transaction_id"])
    clerk.wait_for_text("#resident", clerk.resident)
    assert clerk.focused() == "quantity_kg"
    assert clerk.page.input_value("#quantity_kg") == "50"
    assert clerk.page.input_value("#amount_cny") == "600.00"
    clerk.page.fill("#reference", "")
    clerk.page.fill("#quantity_kg", "45")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#posted", "45.000 kg")
    _is_corrected(clerk, first, "45.000", "540.00")
    assert clerk.page.is_hidden("#correcting")
    assert first["transaction_id"] in clerk.text("#receipt"), "the receipt says what it corrects"


def test_a_correction_that_is_cut_goes_on_and_does_nothing_twice(clerk: Counter) -> None:
    """The answer to the reversal is lost, the page is closed, and closed again before the new trade."""
    first = _posted(clerk)

    def lose(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    clerk.page.route("**/reversal", lose, times=1)
    clerk.page.click("#correct")
    clerk.answer("#correct-yes")
    clerk.page.wait_for_selector("#undo-retry")
    clerk.page.reload()
    clerk.page.wait_for_selector("#undo-retry")
    clerk.page.click("#undo-retry")
    clerk.wait_until("document.querySelector('#quantity_kg').value === '50'")
    clerk.page.reload()
    clerk.wait_for_text("#correcting", first["transaction_id"])
    clerk.wait_for_text("#resident", clerk.resident)
    clerk.page.fill("#reference", "")
    clerk.page.route("**/v1/transactions", lose, times=1)
    clerk.page.fill("#quantity_kg", "45")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.page.wait_for_selector("#retry")
    clerk.page.reload()
    clerk.page.wait_for_selector("#retry")
    clerk.page.click("#retry")
    clerk.wait_for_text("#posted", "45.000 kg")
    _is_corrected(clerk, first, "45.000", "540.00")
    assert clerk.page.is_hidden("#correcting")


def test_a_correction_whose_answer_was_not_noted_asks_the_ledger(clerk: Counter) -> None:
    first = _posted(clerk)
    clerk.page.click("#correct")
    clerk.answer("#correct-yes")
    clerk.wait_for_text("#correcting", first["transaction_id"])
    clerk.page.evaluate(
        "for (const [name, kept] of Object.entries(sessionStorage)) if (name.startsWith('hushi.correcting'))"
        " sessionStorage.setItem(name, kept.replace('\"isReversed\":true', '\"isReversed\":false'))"
    )
    clerk.page.reload()
    clerk.wait_for_text("#correcting", first["transaction_id"])
    assert clerk.page.input_value("#quantity_kg") == "50"


def test_nothing_has_to_be_posted_again(clerk: Counter) -> None:
    _posted(clerk)
    clerk.page.click("#correct")
    clerk.answer("#correct-yes")
    clerk.page.click("#correct-nothing")
    assert clerk.page.is_hidden("#correcting")
    clerk.page.fill("#reference", "")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#posted", "50.000 kg")
    assert [trade["metadata"] for trade in _trades(clerk)] == [{}, {}]


def test_a_trade_of_another_key_is_refused_in_words(clerk: Counter) -> None:
    _posted(clerk)
    forbidden = {"status": 403, "json": {"code": "forbidden", "detail": "The trade was recorded under another key."}}
    clerk.page.route("**/reversal", lambda route: route.fulfill(**forbidden), times=1)
    clerk.page.click("#undo")
    clerk.page.fill("#reason", "称重有误")
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-yes")
    clerk.wait_for_text("#not-reversed", "transactions:reverse_any")
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_an_earlier_trade_is_corrected_from_the_list_of_trades(clerk: Counter) -> None:
    """Another trade came after it; the new trade is linked to the one that was wrong all the same."""
    first = _posted(clerk)
    clerk.page.fill("#reference", "")
    clerk.page.fill("#quantity_kg", "7")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#posted", "7.000 kg")
    clerk.page.goto(f"{clerk.market.address}/transactions?lang=en&entry={first['transaction_id']}")
    clerk.page.click("#undo")
    clerk.page.click("#correct-there")
    clerk.page.click("#correct-this")
    clerk.answer("#correct-yes")
    clerk.wait_for_text("#correcting", first["transaction_id"])
    clerk.wait_for_text("#resident", clerk.resident)
    assert "transaction=" not in clerk.page.url
    assert clerk.page.input_value("#transaction") == ""
    clerk.page.fill("#reference", "")
    clerk.page.fill("#quantity_kg", "45")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#posted", "45.000 kg")
    new, reversal, _, old = clerk.market.statement(clerk.resident)
    assert new["metadata"] == {"corrects": old["transaction_id"]}
    assert (new["amount_cny"], reversal["reverses"]) == ("540.00", first["transaction_id"])
    assert clerk.complaints == []
