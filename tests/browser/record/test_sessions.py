"""The session of a clerk: it ends without taking a line away, and a key that lacks a scope is told which."""

import re

from service.http.web.page_links import PAGES
from tests.browser.record.counters import Counter


def test_a_session_that_ends_takes_no_line_away(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("1234.5", vehicle_plate="蒙H12345")
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.context.clear_cookies()
    clerk.page.fill("#reference", "152501199001011238")
    clerk.page.fill("#amount_cny", "1300")
    clerk.page.wait_for_selector("#sign-in-again")
    assert clerk.page.url.startswith(f"{clerk.market.address}/record")
    assert clerk.page.input_value("#amount_cny") == "1300"
    clerk.page.fill("#consignment", "C-7")
    clerk.page.click("#post")
    clerk.wait_for_text("#refusal", "sign in again")
    assert clerk.market.statement(clerk.resident) == []
    kept = clerk.page.evaluate("JSON.stringify({ ...sessionStorage })")
    assert "152501199001011238" not in kept, "no citizen number, in whichever field it was typed"
    clerk.page.click("#sign-in-again")
    clerk.page.wait_for_url("**/signin?next=*")
    clerk.page.fill("#key", clerk.market.clerk_key)
    clerk.page.press("#key", "Enter")
    clerk.page.wait_for_selector("#verdict.exempt")
    fields = ("amount_cny", "commodity", "vehicle_plate", "consignment", "category", "origin")
    typed = [clerk.page.input_value(f"#{name}") for name in fields]
    assert typed == ["1300", clerk.commodity, "蒙H12345", "C-7", "meat", "MN"]
    assert clerk.page.evaluate("Object.keys(sessionStorage)") == [], "taken up, and kept no longer"
    clerk.post()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_signing_in_again_in_another_tab_lets_this_one_go_on(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter()
    clerk.context.clear_cookies()
    clerk.page.fill("#amount_cny", "700")
    clerk.page.wait_for_selector("#sign-in-again")
    other = clerk.context.new_page()
    other.goto(f"{clerk.market.address}/signin?next=/record#key={clerk.market.clerk_key}")
    other.wait_for_selector("html[data-ready]")
    other.close()
    clerk.look_again()
    clerk.page.wait_for_selector("#verdict.exempt")
    assert clerk.page.query_selector("#sign-in-again") is None
    clerk.post()
    assert len(clerk.market.statement(clerk.resident)) == 1


def test_signing_out_ends_the_session_or_says_that_it_did_not(clerk: Counter) -> None:
    clerk.open()
    cookie = {"Cookie": "; ".join(f"{each['name']}={each['value']}" for each in clerk.context.cookies())}
    refused = {"status": 503, "json": {"code": "unavailable", "detail": "The disk is full."}}
    clerk.page.route("**/signout", lambda route: route.fulfill(**refused), times=1)
    clerk.page.click("#signout")
    clerk.wait_for_text("#alert", "Signing out failed, and the session goes on")
    assert clerk.market.server.ask("GET", "/session", headers=cookie)[0] == 200
    clerk.page.click("#signout")
    clerk.page.wait_for_url("**/signin?next=%2Frecord")
    assert clerk.market.server.ask("GET", "/session", headers=cookie)[0] == 401


def test_without_the_scope_the_page_names_it(clerk: Counter) -> None:
    clerk.open(clerk.market.key_with("residents:read"))
    assert "transactions:write" in clerk.text("#missing")
    assert clerk.page.is_hidden("#entering")
    assert clerk.page.is_hidden("#reversing")
    clerk.find()
    assert clerk.complaints == []


def test_a_key_that_may_only_write_posts_by_resident_id(clerk: Counter) -> None:
    clerk.open(clerk.market.key_with("transactions:write"))
    assert "residents:read" in clerk.text("#missing")
    clerk.page.fill("#who-is", clerk.resident)
    clerk.page.press("#who-is", "Enter")
    clerk.enter()
    clerk.page.wait_for_selector("#verdict.exempt")
    assert "transactions:read" in clerk.post()
    assert clerk.complaints == []


def test_the_pages_lead_to_each_other(clerk: Counter) -> None:
    clerk.open()
    assert clerk.page.is_hidden(".pages a[href='/']"), "a counter's key sees no reports"
    clerk.open(clerk.market.key_with("admin"))
    assert clerk.page.get_attribute(".pages [aria-current=page]", "href") == "/record"
    linked = clerk.page.eval_on_selector_all(".pages a", "all => all.map(a => [a.getAttribute('href'), a.textContent])")
    assert [href for href, _ in linked] == [page.address for page in PAGES.values()]
    assert len({said for _, said in linked}) == len(PAGES)
    clerk.page.click(".pages a[href='/']")
    clerk.page.wait_for_url(re.compile(rf"{clerk.market.address}/(\?.*)?$"))
    clerk.page.click(".pages a[href='/record']")
    clerk.page.wait_for_selector("html[data-ready]")


def test_without_a_session_it_leads_to_signing_in_and_back(clerk: Counter) -> None:
    clerk.page.goto(f"{clerk.market.address}/record")
    clerk.page.wait_for_url("**/signin?next=%2Frecord")
    clerk.page.fill("#key", clerk.market.clerk_key)
    clerk.page.press("#key", "Enter")
    clerk.page.wait_for_selector("html[data-ready]")
    assert clerk.page.url == f"{clerk.market.address}/record"
