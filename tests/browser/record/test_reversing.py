"""A trade is reversed once, after a question that only a press of its own answers."""

from typing import Any

import pytest

from tests.browser.record.counters import Counter, a_posted_trade


def _posted_and_to_be_reversed(clerk: Counter) -> dict[str, Any]:
    """A trade that the clerk has posted on the page, where its reversal is open now."""
    clerk.open()
    clerk.find()
    clerk.enter("500")
    clerk.post()
    (posted,) = clerk.market.statement(clerk.resident)
    clerk.page.click("#undo")
    return dict(posted)


def test_a_trade_is_reversed_once_after_confirming(clerk: Counter) -> None:
    posted = _posted_and_to_be_reversed(clerk)
    clerk.page.wait_for_selector("#reason")
    clerk.page.click("#reverse")
    assert "Give a reason" in clerk.text("#reason-error")
    clerk.page.fill("#reason", "称重有误")
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-no")
    assert len(clerk.market.statement(clerk.resident)) == 1
    clerk.page.click("#reverse")
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#why-not")
    reversal, _ = clerk.market.statement(clerk.resident)
    assert reversal["reverses"] == posted["transaction_id"]
    clerk.wait_for_text("#receipt", "−500.00")
    clerk.wait_for_text("#allowance-text", "8,000.00 CNY of 8,000.00")
    clerk.page.fill("#transaction", posted["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.wait_until("document.querySelector('#why-not')?.textContent.includes('already')")
    assert reversal["transaction_id"] in clerk.text("#why-not")
    assert clerk.page.query_selector("#reverse") is None
    clerk.page.fill("#transaction", reversal["transaction_id"])
    clerk.page.press("#transaction", "Enter")
    clerk.wait_until("document.querySelector('#why-not')?.textContent.includes('reversal')")


def test_reversing_what_another_clerk_has_reversed_names_the_reversal(clerk: Counter) -> None:
    posted = _posted_and_to_be_reversed(clerk)
    clerk.page.fill("#reason", "重复")
    clerk.page.click("#reverse")
    path = f"/v1/transactions/{posted['transaction_id']}/reversal"
    keyed = {**clerk.market.admin, "Idempotency-Key": "another-clerk"}
    _, reversal, _ = clerk.market.server.ask("POST", path, {"reason": "重复"}, keyed)
    clerk.page.click("#reverse-yes")
    clerk.page.wait_for_selector("#not-reversed")
    assert "already" in clerk.text("#not-reversed")
    assert reversal["transaction_id"] in clerk.text("#not-reversed")


def test_enter_asks_and_never_reverses(clerk: Counter) -> None:
    clerk.open()
    a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    clerk.page.focus("#reason")
    for _ in range(5):  # Held down: the first press, and four repetitions of it.
        clerk.page.keyboard.down("Enter")
    clerk.page.keyboard.up("Enter")
    clerk.page.wait_for_selector("#reverse-yes:enabled")
    clerk.page.keyboard.press("Enter")
    clerk.page.focus("#reverse-yes")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_timeout(200)
    assert len(clerk.market.statement(clerk.resident)) == 1, "nothing is reversed by Enter"
    clerk.page.keyboard.press("Space")
    clerk.page.wait_for_selector("#why-not")
    assert len(clerk.market.statement(clerk.resident)) == 2
    assert clerk.complaints == []


@pytest.mark.parametrize("how", ["two quick presses", "a double click"])
def test_what_comes_right_after_the_question_is_no_answer_to_it(clerk: Counter, how: str) -> None:
    clerk.open()
    a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    if how == "a double click":
        clerk.page.dblclick("#reverse")
        clerk.page.evaluate("document.querySelector('#reverse-yes').click()")
    else:
        clerk.page.press("#reason", "Enter")
        clerk.page.keyboard.press("Enter")
        clerk.page.keyboard.press("Space")
    clerk.page.wait_for_selector("#reverse-yes:enabled")
    clerk.page.wait_for_timeout(200)
    assert len(clerk.market.statement(clerk.resident)) == 1
    clerk.page.click("#reverse-no")
    assert clerk.page.input_value("#reason") == "称重有误"


def test_with_another_id_in_its_field_no_trade_is_shown_to_be_reversed(clerk: Counter) -> None:
    clerk.open()
    trade = a_posted_trade(clerk)
    clerk.page.fill("#reason", "称重有误")
    clerk.page.fill("#transaction", trade[:-1])
    assert clerk.page.query_selector("#reverse") is None
    assert clerk.text("#reversible") == ""
