"""The clerk's page as a whole: its words in every language, and what axe says of it."""

import re
from typing import Any

import pytest

from tests.browser.record.counters import Counter, Market


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_every_word_is_said_in_every_language(lang: str, clerk: Counter) -> None:
    clerk.open(lang=lang)
    said = clerk.page.inner_text("body")
    assert (
        re.findall(
            r"\b(?:field|dimension|code|error|verdict|status|scope|reverse|quote|page|unit|ask|desk|number|waiting|warning)\.[a-z_]+",
            said,
        )
        == []
    )


def test_axe_finds_nothing_in_a_pinned_line_and_a_question(clerk: Counter) -> None:
    clerk.open()
    clerk.find()
    clerk.enter("", price="200", quantity_kg="")
    clerk.page.click("#pin")
    clerk.page.fill("#quantity_kg", "40.125")
    clerk.page.wait_for_selector("#quantity_kg-decimal")
    assert clerk.violations() == []
    clerk.page.click("#quantity_kg-decimal")
    clerk.page.press("#quantity_kg", "Enter")
    clerk.page.wait_for_selector("#ask-yes:enabled")
    clerk.scan(clerk.resident)
    clerk.page.wait_for_selector("#asking .waiting button")
    assert clerk.violations() == []


def test_axe_finds_nothing(market: Market, chromium: Any) -> None:
    clerk = Counter(market, chromium, viewport={"width": 360, "height": 800})
    clerk.open()
    assert clerk.violations() == []
    clerk.find()
    clerk.enter("12,5")
    clerk.page.wait_for_selector("#amount_cny[aria-invalid]")
    assert clerk.violations() == []
    clerk.page.fill("#amount_cny", "10")
    clerk.page.wait_for_selector("#verdict.exempt")
    clerk.post()
    clerk.page.wait_for_selector("#qr", timeout=15_000)
    clerk.page.click("#undo")
    clerk.page.fill("#reason", "x")
    clerk.page.click("#reverse")
    for width in (360, 1280):
        clerk.page.set_viewport_size({"width": width, "height": 800})
        assert clerk.violations() == []
        assert clerk.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"
    clerk.context.close()
