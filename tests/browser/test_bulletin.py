"""The bulletin in a real browser: what an officer sees on a screen and on A4, in three languages, light and dark."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.clerks import Bureau, Clerk

A4_POINTS = (595, 842)
PATH = "/v1/reports/bulletin?month=2024-04&format=html"


class Officer(Clerk):
    """Somebody of the bureau who is signed in and opens the bulletin."""

    def open(self, lang: str = "zh") -> None:
        self.sign_in()
        self.requests.clear()
        self.page.goto(f"{self.bureau.address}{PATH}&lang={lang}")


@pytest.fixture
def officer(bureau: Bureau, chromium: Any) -> Iterator[Officer]:
    """An officer at a light screen."""
    found = Officer(bureau, chromium, color_scheme="light")
    yield found
    found.context.close()


def test_it_shows_the_figures_of_the_api_and_asks_for_nothing_else(officer: Officer, bureau: Bureau) -> None:
    officer.open("en")
    told = bureau.report("/v1/reports/bulletin?month=2024-04")
    shown = officer.page.eval_on_selector_all(
        "#main_indicators tbody tr td:nth-child(2)", "all => all.map(td => td.textContent.replaceAll(',', ''))"
    )
    assert shown == [str(row["month"]["current"]) for row in told["main_indicators"]]
    days = officer.page.eval_on_selector_all("#days tbody th", "all => all.map(th => th.textContent)")
    assert days == [row["key"]["day"] for row in told["days"]]
    assert told["position"] in officer.page.text_content("footer")
    assert officer.requests == [f"{bureau.address}{PATH}&lang=en"]
    assert officer.complaints == []


def test_bars_are_as_long_as_their_figures(officer: Officer, bureau: Bureau) -> None:
    officer.open()
    told = bureau.report("/v1/reports/bulletin?month=2024-04")
    heights = officer.page.eval_on_selector_all(
        "figure:first-of-type rect.bar", "all => all.map(bar => Number(bar.getAttribute('height')))"
    )
    amounts = [float(row["amount_cny"]["current"]) for row in told["days"]]
    drawn = [height for height in heights if height]
    assert len(heights) == 30, "the days without trade keep their places"
    assert len(drawn) == len([amount for amount in amounts if amount])
    scale = max(drawn) / max(amounts)
    assert [height / scale for height in drawn] == pytest.approx([a for a in amounts if a], rel=0.02)


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_it_prints_on_a4(officer: Officer, lang: str) -> None:
    officer.open(lang)
    printed = officer.page.pdf(prefer_css_page_size=True)
    sizes = re.findall(rb"/MediaBox\s*\[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    assert {(round(float(wide)), round(float(high))) for wide, high in sizes} == {A4_POINTS}
    assert 2 <= len(sizes) <= 6
    officer.page.emulate_media(media="print")
    officer.page.set_viewport_size({"width": 688, "height": 1000})  # What A4 leaves between its margins.
    assert officer.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off"


@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(bureau: Bureau, chromium: Any, width: int) -> None:
    officer = Officer(bureau, chromium, viewport={"width": width, "height": 800})
    officer.open("mn")
    assert officer.violations() == []
    assert officer.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling to the side"
    officer.context.close()
