"""What the dashboard says where it can't show what was asked: no trade, no scope, no such question, no base."""

import datetime
import re

import pytest

from tests.browser.clerks import QUESTION, Bureau, Clerk


def test_a_period_without_trade_is_said_in_words(clerk: Clerk) -> None:
    clerk.sign_in("period=2020")
    assert clerk.figures() == ["0.00", "0", "0", "0"]
    assert "No trade was recorded" in clerk.page.text_content("#note")
    assert clerk.page.is_visible("#category .empty")
    assert clerk.complaints == []


def test_without_the_scope_the_page_names_it_and_shows_nothing(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in(key=bureau.new_key("residents:read"))
    assert "reports:read" in clerk.page.text_content("#state")
    assert clerk.page.is_hidden("#content")
    assert clerk.figures() == []


def test_a_question_that_is_none_is_refused_in_the_words_of_the_api(clerk: Clerk) -> None:
    clerk.sign_in()
    clerk.page.goto(f"{clerk.bureau.address}/?from=2024-05-01&to=2024-01-01")
    clerk.page.wait_for_selector("#state.refused:not([hidden])")
    assert clerk.page.text_content("#state p").startswith("to: ")
    assert clerk.page.is_hidden("#content")
    clerk.page.select_option("#kind", "year")
    clerk.wait_for_report()
    assert clerk.page.is_hidden("#state")


@pytest.mark.parametrize(
    ("question", "named"),
    [
        (f"{QUESTION}&compare=xyz", "compare: Choose one of yoy, previous"),
        (f"{QUESTION}&categry=meat", "categry: There is no such parameter."),
        (f"{QUESTION}&period=2024", "ytd: Give one period"),
        (f"{QUESTION}&measure=amount_cny&measure=residents", "measure: It may stand here once only."),
    ],
)
def test_no_parameter_is_passed_over(clerk: Clerk, question: str, named: str) -> None:
    clerk.sign_in()
    clerk.page.goto(f"{clerk.bureau.address}/?{question}")
    clerk.page.wait_for_selector("#state.refused:not([hidden])")
    assert named in clerk.page.text_content("#state")
    assert clerk.page.is_hidden("#content")
    clerk.page.click("#without")
    clerk.wait_for_report()
    assert clerk.complaints == []


def test_a_period_to_come_and_one_that_trade_ends_before_are_said(clerk: Clerk) -> None:
    clerk.sign_in("period=2042")
    assert clerk.page.text_content("#note") == "This period has not begun."
    assert "31 December 2042, against" in clerk.page.text_content("#compared")
    assert not re.search(r"data to .* 2042", clerk.page.text_content("#compared"))
    # The base of the year after this one has begun: nothing is compared with it.
    clerk.page.goto(f"{clerk.bureau.address}/?period={datetime.datetime.now(datetime.UTC).year + 1}&lang=en")
    clerk.wait_for_report()
    assert "against —" in clerk.page.text_content("#compared")
    clerk.page.click("#months summary")
    for place in ("#figures", "#months table"):
        shown = clerk.page.text_content(place)
        assert ("The base has no such day" in shown, "100.00%" in shown) == (True, False)
    assert "A year earlier —" in clerk.page.text_content("#figure-amount_cny")
    clerk.page.goto(f"{clerk.bureau.address}/?period=2024&lang=en")
    clerk.wait_for_report()
    newest = "Newest trade 26 June 2024"
    clerk.wait_until(f"document.querySelector('#note').textContent.includes('{newest}')")
    assert "whole of 1 January – 31 December 2023" in clerk.page.text_content("#note")
    assert newest in clerk.page.text_content("#periods")
    assert "month=2024-06" in clerk.page.get_attribute("#bulletin", "href")
