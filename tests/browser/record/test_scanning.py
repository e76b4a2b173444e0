"""A reader's burst finds a resident from anywhere on the page, and leaves nothing in another field."""

import pytest

from tests.browser.record.counters import Counter
from tests.builders import a_citizen_number


def _other(clerk: Counter) -> str:
    return f"R{next(clerk.market.unused):08d}"


def _wait_for_resident(clerk: Counter, resident: str) -> None:
    clerk.wait_for_text("#resident", resident)


def test_the_page_begins_in_the_number_field_and_goes_on_to_the_line(clerk: Counter) -> None:
    clerk.open()
    assert clerk.focused() == "who-is"
    clerk.scan(clerk.resident)
    _wait_for_resident(clerk, clerk.resident)
    assert clerk.focused() == "category", "the goods are not known yet"
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.post()
    assert clerk.focused() == "who-is"
    other = _other(clerk)
    clerk.scan(other)
    _wait_for_resident(clerk, other)
    assert clerk.page.input_value("#who-is") == other
    assert clerk.focused() == "quantity_kg", "the goods have stayed"


@pytest.mark.parametrize("spelling", ["id", "small letters", "digits", "citizen number", "small citizen number"])
def test_readers_spell_a_number_in_their_own_ways(clerk: Counter, spelling: str) -> None:
    number = a_citizen_number(int(clerk.resident[1:]) - 1)
    codes = {"id": clerk.resident, "small letters": clerk.resident.lower(), "digits": clerk.resident[1:]}
    clerk.open()
    clerk.page.evaluate("document.activeElement.blur()")
    clerk.scan(codes.get(spelling, number.lower() if spelling.startswith("small") else number))
    _wait_for_resident(clerk, clerk.resident)
    assert clerk.page.input_value("#who-is") == clerk.resident
    assert number not in clerk.page.content()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("quantity_kg", "12.5"), ("amount_cny", "1000"), ("commodity", "冻马肉"), ("consignment", "C-1"),
        ("category", "meat"), ("origin", "MN"), ("traded_at", "2024-04-03T10:00"), ("transaction", "t-1"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("digits", [False, True])
def test_a_burst_never_lands_in_another_field(clerk: Counter, place: str, value: str, digits: bool) -> None:
    clerk.open()
    field = f"#{place}"
    select = clerk.page.evaluate(f"document.querySelector('{field}').nodeName") == "SELECT"
    (clerk.page.select_option if select else clerk.page.fill)(field, value)
    clerk.page.focus(field)
    clerk.scan(clerk.resident[1:] if digits else clerk.resident)
    _wait_for_resident(clerk, clerk.resident)
    assert clerk.page.input_value(field) == value
    assert clerk.page.input_value("#who-is") == clerk.resident
    assert clerk.market.statement(clerk.resident) == []


def test_a_burst_on_a_button_presses_nothing(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    posts, other = clerk.posts(), _other(clerk)
    clerk.page.focus("#post")
    clerk.scan(other)
    _wait_for_resident(clerk, other)
    assert posts == []
    assert clerk.page.input_value("#quantity_kg") == ""
    assert f"50 kg of {clerk.resident} were not posted" in clerk.text("#notice")
    clerk.page.focus("#theme")
    before = clerk.text("#theme")
    clerk.scan(clerk.resident)
    _wait_for_resident(clerk, clerk.resident)
    assert clerk.text("#theme") == before


def test_hands_are_no_reader_and_a_code_of_goods_is_no_resident(clerk: Counter) -> None:
    clerk.open()
    clerk.page.focus("#hs_code")
    clerk.page.keyboard.type("02050000", delay=90)
    assert clerk.page.input_value("#hs_code") == "02050000"
    clerk.page.focus("#quantity_kg")
    clerk.scan("6901234567892")
    clerk.wait_for_text("#who-is-error", "18")
    assert clerk.page.input_value("#quantity_kg") == ""
    posts = clerk.posts()
    clerk.page.focus("#consignment")
    clerk.scan("WB-2024-000123")
    assert clerk.page.input_value("#consignment") == "WB-2024-000123"
    assert posts == []


def test_a_digit_that_a_hand_typed_before_the_burst_stays(clerk: Counter) -> None:
    clerk.open()
    clerk.page.focus("#quantity_kg")
    clerk.page.keyboard.press("4")
    clerk.scan(clerk.resident)
    _wait_for_resident(clerk, clerk.resident)
    assert clerk.page.input_value("#quantity_kg") == "4"


def test_scans_during_a_slow_post_wait_with_what_is_typed_after_them(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("600", price="12")
    clerk.page.wait_for_selector("#verdict.exempt")
    posts = clerk.posts()
    held = clerk.hold("**/v1/transactions")
    clerk.page.focus("#quantity_kg")
    clerk.page.keyboard.press("Enter")
    clerk.wait_for_text("#post", "Posting")
    second, third = _other(clerk), _other(clerk)
    clerk.scan(second)
    clerk.page.keyboard.type("40")
    clerk.page.keyboard.press("Enter")
    clerk.scan(third)
    clerk.page.keyboard.type("7.5")
    clerk.wait_for_text(".waiting", f"{second} 40 kg · {third} 7.5 kg")
    assert len(posts) == 1
    held[0].continue_()
    _wait_for_resident(clerk, third)
    clerk.wait_until("document.querySelector('#quantity_kg').value === '7.5'")
    assert clerk.text(".waiting") == ""
    assert [entry["quantity_kg"] for entry in clerk.market.statement(clerk.resident)] == ["50.000"]
    assert [entry["amount_cny"] for entry in clerk.market.statement(second)] == ["480.00"]
    assert clerk.market.statement(third) == [], "nobody has pressed Enter"
    assert len(posts) == 2


def test_enter_before_the_resident_is_found_posts_to_that_one(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("600", price="12")
    clerk.post()
    other = _other(clerk)
    held = clerk.hold(f"**/v1/residents/{other}")
    clerk.scan(other)
    clerk.page.keyboard.type("10")
    clerk.page.keyboard.press("Enter")
    clerk.page.wait_for_timeout(200)
    assert clerk.market.statement(other) == []
    held[0].continue_()
    clerk.wait_for_text("#posted", other)
    assert [entry["amount_cny"] for entry in clerk.market.statement(other)] == ["120.00"]
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_the_totals_of_this_desk_are_in_sight_and_grow(clerk: Counter) -> None:
    clerk.open(clerk.market.key_with("residents:read", "transactions:read", "transactions:write"))
    clerk.wait_for_text("#desk-counts", "trades: 0, residents: 0")
    clerk.find()
    clerk.enter("600", price="12")
    clerk.post()
    clerk.wait_for_text("#desk-counts", "trades: 1, residents: 1")
    clerk.wait_for_text("#desk-amount", "600.00 CNY")
    clerk.page.fill("#quantity_kg", "10")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.wait_for_text("#desk-counts", "trades: 2, residents: 1")
    clerk.wait_for_text("#desk-amount", "720.00 CNY")
    clerk.page.click("#correct")
    clerk.answer("#correct-yes")
    clerk.wait_for_text("#desk-counts", "trades: 1, residents: 1")
