"""A line as it is typed: who is found, the verdict, and what is wrong beside its field."""

import datetime
import re

from service.domain.transactions import MARKET_TIME
from tests.browser.record.counters import Counter
from tests.builders import a_citizen_number


def test_a_resident_is_found_by_citizen_number_and_by_id(clerk: Counter) -> None:
    clerk.open()
    number = a_citizen_number(int(clerk.resident[1:]) - 1)
    clerk.page.fill("#who-is", number)
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#allowance-text")
    said = clerk.text("#resident")
    assert clerk.resident in said
    assert "阿****格" in said
    assert "Active" in said
    assert "8,000.00 CNY of 8,000.00 CNY" in said
    assert clerk.page.get_attribute("[role=meter]", "aria-valuenow") == "8000.00"
    assert number not in clerk.page.content()
    assert clerk.page.input_value("#who-is") == clerk.resident
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#allowance-text")
    assert clerk.complaints == []
    assert [url for url in clerk.requests if number in url] == []


def test_an_unknown_number_is_said_beside_the_field(clerk: Counter) -> None:
    clerk.open()
    clerk.page.fill("#who-is", "R99999999")
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#who-is[aria-invalid]")
    assert "Not found" in clerk.text("#who-is-error")
    clerk.page.fill("#who-is", "152501")
    clerk.page.press("#who-is", "Enter")
    clerk.wait_until("document.querySelector('#who-is-error').textContent.includes('18')")


def test_the_verdict_follows_the_typing(clerk: Counter) -> None:
    clerk.open()
    assert "Find the resident first" in clerk.text("#verdict")
    clerk.find()
    clerk.enter("1000")
    clerk.page.wait_for_selector("#verdict.exempt")
    assert "7,000.00 CNY" in clerk.text("#verdict")
    clerk.page.fill("#amount_cny", "9500.5")
    clerk.page.wait_for_selector("#verdict.partly_taxed")
    said = clerk.text("#verdict")
    assert "Exempt 8,000.00 CNY" in said
    assert "Taxable 1,500.50 CNY" in said
    assert "Left afterwards 0.00 CNY" in said
    clerk.page.select_option("#over_allowance", "refuse")
    clerk.page.wait_for_selector("#verdict.refused")
    assert "does not cover" in clerk.text("#verdict")
    assert clerk.page.get_attribute("#verdict", "aria-live") == "polite"
    assert clerk.market.statement(clerk.resident) == []


def test_what_is_wrong_stands_beside_its_field(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("12,5", hs_code="12")
    clerk.page.wait_for_selector("#amount_cny[aria-invalid]")
    clerk.page.wait_for_selector("#hs_code[aria-invalid]")
    assert clerk.text("#amount_cny-error")
    assert clerk.text("#hs_code-error")
    assert clerk.page.query_selector("#quantity_kg[aria-invalid]") is None
    clerk.page.fill("#amount_cny", "12.5")
    clerk.page.fill("#hs_code", "020500")
    clerk.page.wait_for_selector("#verdict.exempt")
    assert clerk.page.query_selector("#line [aria-invalid]") is None


def test_what_is_neither_a_number_nor_an_id_is_said_to_be_neither(clerk: Counter) -> None:
    clerk.open()
    clerk.page.fill("#who-is", "foo")
    clerk.page.press("#who-is", "Enter")
    clerk.page.wait_for_selector("#who-is[aria-invalid]")
    assert "or a resident id such as R00000001" in clerk.text("#who-is-error")
    assert clerk.complaints == []


def test_a_time_to_come_is_refused_in_the_time_of_the_market(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter(traded_at="2042-01-01T10:00")
    clerk.page.wait_for_selector("#traded_at[aria-invalid]")
    assert re.search(r"In Shanghai it is \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", clerk.text("#traded_at-error"))
    assert "Something is not right yet" in clerk.text("#verdict")


def test_the_allowance_is_that_of_the_day_of_the_line(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    day = datetime.datetime.now(MARKET_TIME) - datetime.timedelta(days=3)
    clerk.enter("3000", traded_at=f"{day:%Y-%m-%d}T10:00")
    clerk.page.press("#traded_at", "Tab")
    clerk.wait_for_text("#resident", f"Allowance left on {day:%-d %B %Y}")
    clerk.post()
    clerk.wait_for_text("#resident", "Allowance left today")
    assert "8,000.00 CNY of 8,000.00" in clerk.text("#allowance-text")


def test_who_may_not_trade_has_no_allowance_and_a_final_refusal(clerk: Counter) -> None:
    clerk.open()
    path, body = f"/v1/residents/{clerk.resident}/status", {"status": "cancelled", "reason": "moved"}
    assert clerk.market.server.ask("POST", path, body, clerk.market.admin)[0] == 200
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.wait_for_text("#resident", "not active today")
    assert clerk.page.query_selector("[role=meter]") is None
    clerk.enter()
    clerk.wait_for_text("#verdict", "This trade would be refused")
    clerk.page.click(".languages [data-lang=zh]")
    clerk.wait_for_text("#verdict", "此笔交易将被拒绝")
    assert not re.search("[A-Za-z]{4}", clerk.text("#verdict")), "said in one language"
