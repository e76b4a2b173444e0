"""What is asked once, in words, before a line is posted; and numbers that are read, shown and never guessed."""

from typing import Any

import pytest

from tests.browser.record.counters import Counter


def test_what_is_taxed_is_asked_about_once(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9500.5")
    posts = clerk.posts()
    clerk.page.focus("#quantity_kg")
    clerk.page.keyboard.press("Enter")
    asked = clerk.answer("#ask-no")
    assert "1,500.50 CNY of it is above the allowance and is taxed" in asked
    assert clerk.resident in asked
    assert posts == []
    assert clerk.focused() == "quantity_kg"
    clerk.page.keyboard.press("Enter")
    clerk.answer("#ask-yes")
    clerk.receipt()
    assert len(posts) == 1
    assert clerk.focused() == "who-is"


def test_neither_enter_nor_a_scan_answers_the_question_and_the_scan_is_not_lost(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9500.5")
    posts = clerk.posts()
    other = f"R{next(clerk.market.unused):08d}"
    clerk.page.focus("#quantity_kg")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_selector("#ask-yes:enabled")
    clerk.page.keyboard.press("Enter")
    clerk.page.focus("#ask-yes")
    clerk.scan(other)
    clerk.page.wait_for_timeout(200)
    assert clerk.page.is_visible("#asking")
    assert posts == []
    assert f"Waiting: {other}" in clerk.text("#asking")
    clerk.page.click("#ask-yes")
    clerk.wait_for_text("#resident", other)
    assert clerk.page.input_value("#who-is") == other
    assert len(clerk.market.statement(clerk.resident)) == 1
    assert clerk.market.statement(other) == []


def test_escape_is_a_no(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9500.5")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.page.wait_for_selector("#asking[open]")
    clerk.page.keyboard.press("Escape")
    clerk.page.wait_for_selector("#post:enabled")
    assert clerk.market.statement(clerk.resident) == []
    assert clerk.page.input_value("#amount_cny") == "9500.5"


def test_after_a_no_who_was_scanned_meanwhile_is_one_press_away(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("9500.5")
    other, third = (f"R{next(clerk.market.unused):08d}" for _ in range(2))
    clerk.page.press("#quantity_kg", "Enter")
    clerk.page.wait_for_selector("#asking[open]")
    clerk.scan(other)
    clerk.scan(third)
    clerk.page.keyboard.press("Escape")
    clerk.page.click(".waiting button >> nth=0")
    clerk.wait_for_text("#resident", other)
    assert f"50 kg of {clerk.resident} were not posted" in clerk.text("#notice")
    clerk.scan(third)
    clerk.wait_for_text("#resident", third)
    assert clerk.text(".waiting") == "", "who is scanned again waits no longer"
    assert clerk.market.statement(clerk.resident) == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("price-unusual", "The price is 30 times the usual one."), ("back-dated", "It is 12 days old."),
        ("looks-doubled", "The same trade is there."),
    ],
)  # fmt: skip
def test_a_warning_is_asked_about_and_others_are_only_said(clerk: Counter, code: str, said: str) -> None:
    """The quote is the server's own, with these warnings in it: the page takes them as they come."""
    warnings = [{"code": code, "detail": said}, {"code": "near-limit", "detail": "Almost all is used."}]

    def warn(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "warnings": warnings})

    clerk.open()
    clerk.find()
    clerk.enter("1000")
    clerk.page.route("**/v1/transactions/quote", warn)
    clerk.page.press("#quantity_kg", "Enter")
    asked = clerk.answer("#ask-yes")
    assert said in asked
    assert "Almost" not in asked
    clerk.receipt()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_no_verdict_no_post(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("1000")
    clerk.page.route("**/v1/transactions/quote", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    posts = clerk.posts()
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#refusal", "The service can't answer now")
    assert posts == []
    clerk.page.unroute("**/v1/transactions/quote")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.receipt()
    assert len(posts) == 1


def test_numbers_are_read_and_shown_before_they_are_posted(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("２，３００", quantity_kg=" 1 ,０50 ")
    clerk.page.wait_for_selector("#verdict.exempt")
    shown = [clerk.page.input_value(f"#{name}") for name in ("amount_cny", "quantity_kg")]
    assert shown == ["2300", "1050"], "as soon as the field is left"
    clerk.page.focus("#amount_cny")
    clerk.page.fill("#amount_cny", "2,400")
    clerk.wait_for_text("#amount_cny-read", "= 2,400 CNY")
    clerk.page.press("#amount_cny", "Enter")
    clerk.receipt()
    (entry,) = clerk.market.statement(clerk.resident)
    assert (entry["amount_cny"], entry["quantity_kg"]) == ("2400.00", "1050.000")


def test_a_number_that_may_be_two_is_asked_about(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("500", quantity_kg="2.300")
    posts = clerk.posts()
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#refusal", "Say first which number is meant")
    assert posts == []
    assert clerk.page.eval_on_selector_all("#quantity_kg-read button", "all => all.map(each => each.textContent)") == [
        "2.300 kg", "2,300 kg",
    ]  # fmt: skip
    clerk.page.click("#quantity_kg-decimal")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.receipt()
    (entry,) = clerk.market.statement(clerk.resident)
    assert entry["quantity_kg"] == "2.300"
    clerk.page.fill("#quantity_kg", "2,3")
    clerk.page.fill("#amount_cny", "2.300")
    clerk.page.press("#amount_cny", "Enter")
    clerk.wait_for_text("#quantity_kg-error", "with a point for decimals")
    clerk.wait_for_text("#amount_cny-error", "with a point for decimals")
    assert len(posts) == 1


def test_the_number_that_was_meant_is_chosen_by_one_click(clerk: Counter) -> None:
    """The click leaves the field, whose number is read again then."""
    clerk.open()
    clerk.find()
    clerk.enter("", price="2", quantity_kg="")
    clerk.page.focus("#quantity_kg")
    clerk.page.keyboard.type("1.500")
    clerk.page.click("#quantity_kg-whole")
    assert clerk.page.input_value("#quantity_kg") == "1500"
    assert clerk.page.input_value("#amount_cny") == "3000.00"
    assert clerk.focused() == "quantity_kg"


def test_a_price_makes_the_amount_and_shows_it_first(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("", quantity_kg="0.5", price="16.67")
    assert clerk.page.input_value("#amount_cny") == "8.34", "8.335 is rounded half up"
    assert clerk.page.get_attribute("#amount_cny", "readonly") is not None
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#receipt", "8.34")
    clerk.page.fill("#price", "")
    assert clerk.page.get_attribute("#amount_cny", "readonly") is None


def test_the_receipt_says_who_recorded_it(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    assert "柜台" in clerk.post()
    assert "Recorded by" in clerk.text("#receipt")
