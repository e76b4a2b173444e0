"""Every figure of the dashboard opens the rows behind it, and their count and sums equal it."""

from typing import Any

import pytest

from tests.browser.transactions.hall import Hall, Visitor, sums_of

QUESTIONS = {
    "imports of months, clipped at both ends": "from=2024-03-08&to=2024-05-23&direction=import&lang=en",
    "both directions beside the previous period": "period=2024-Q1&compare=previous&category=wool,meat,grain&lang=en",
    "quarters, clipped at both ends": "from=2021-03-10&to=2024-05-15&direction=import,export&lang=en",
}
MEASURES = ("amount_cny", "quantity_kg", "transactions", "participations", "residents")
READ_LINKS = """all => all.map(a => {
    const cell = a.closest("td, dd, .leads");
    const row = a.closest("tr");
    return {
        href: a.getAttribute("href"),
        said: a.closest("data")?.value ?? a.textContent,
        place: a.closest(".leads") ? "chart" : a.closest("section, dl, #brief").id,
        column: row ? [...row.children].indexOf(cell) : -1,
        figure: a.closest("#figures > div")?.id.slice(7) ?? null,
    };
})"""


def _open_dashboard(visitor: Visitor, hall: Hall, question: str) -> None:
    visitor.page.goto(f"{hall.address}/signin?next=/#key={hall.clerk_keys[0]}")
    visitor.wait_for_report()
    visitor.page.goto(f"{hall.address}/?{question}")
    visitor.wait_for_report()
    visitor.page.wait_for_selector("#figures a")
    visitor.page.evaluate("document.querySelectorAll('.chart details').forEach(each => { each.open = true })")
    visitor.page.wait_for_selector("#taxed tbody a")


def _links(visitor: Visitor) -> list[dict[str, Any]]:
    return list(visitor.page.eval_on_selector_all("#content a[href^='/transactions']", READ_LINKS))


def _plain(said: str) -> str:
    return said.replace(",", "").replace("\u00a0", " ").removesuffix(" CNY").removesuffix(" kg")


def _expected(link: dict[str, Any], sums: dict[str, str], measure: str) -> str | None:
    """What a link has to say; None where it says a share, or nothing."""
    if link["place"] == "brief":
        return None
    if link["figure"]:
        return sums[link["figure"]]
    if link["place"] == "people":
        return sums["residents"]
    if link["place"] == "taxed":
        return sums["taxable_cny"] if link["column"] == 4 else None
    return sums[measure] if link["column"] in (1, 2) else None


@pytest.mark.parametrize("named", QUESTIONS)
def test_every_figure_says_what_the_rows_behind_it_add_up_to(hall: Hall, visitor: Visitor, named: str) -> None:
    _open_dashboard(visitor, hall, QUESTIONS[named])
    seen, entries = 0, hall.entries()
    sums = {href: sums_of(hall.live(href, entries)) for href in {link["href"] for link in _links(visitor)}}
    for measure in MEASURES:
        visitor.page.select_option("#measure", measure)
        for link in _links(visitor):
            told = _expected(link, sums[link["href"]], measure)
            if told is not None:
                assert _plain(link["said"]) == told, (measure, link)
                seen += 1
    assert seen > 100
    unlinked = "#figures .number data:not(:has(a)), .chart:not(#people):not(#taxed) tbody td:nth-child(2):not(:has(a))"
    assert visitor.page.eval_on_selector_all(unlinked, "all => all.map(each => each.closest('[id]').id)") == [
        "figure-registered_at_end"
    ], "every figure of trade is a link, and the stock of residents is none"
    assert visitor.complaints == []


@pytest.mark.parametrize("named", QUESTIONS)
def test_a_click_on_a_figure_opens_its_rows(hall: Hall, visitor: Visitor, named: str) -> None:
    """Each address is clicked once, wherever it stands: on a card, in a table or on a bar."""
    _open_dashboard(visitor, hall, QUESTIONS[named])
    addresses = sorted({link["href"] for link in _links(visitor)})
    assert len(addresses) > 15
    entries = hall.entries()
    for href in addresses:
        expected = hall.live(href, entries)
        with visitor.context.expect_page() as opening:
            # In a tab of its own, so that the dashboard is not loaded again for each of them.
            visitor.page.eval_on_selector(f'#content a[href="{href}"]', "a => { a.target = '_blank'; a.click() }")
        rows = Visitor.of(opening.value)
        rows.wait_for_rows()
        assert rows.sums() == sums_of(expected), href
        assert rows.ids() == [entry["transaction_id"] for entry in expected], href
        rows.page.close()
    assert visitor.complaints == []


def test_the_brief_leads_from_its_figures_and_not_from_their_growth(hall: Hall, visitor: Visitor) -> None:
    _open_dashboard(visitor, hall, "period=2024-Q1&lang=en")
    links = visitor.page.eval_on_selector_all(
        "#brief a", "all => all.map(a => [a.textContent, a.getAttribute('href')])"
    )
    report = hall.report("/v1/reports/brief?period=2024-Q1&lang=en")
    first: dict[str, str] = {}
    for claim in report["claims"]:
        first.setdefault(claim["measure"], claim["phrase"])
    assert len(report["claims"]) > len(first), "some phrases say a growth"
    assert [said for said, _ in links] == [said for name, said in first.items() if name != "registered_at_end"]
    assert visitor.text("#brief") == report["text"]
    assert sums_of(hall.live(links[0][1]))["amount_cny"] == report["claims"][0]["current"]


def test_a_bar_leads_where_the_pointer_is(hall: Hall, visitor: Visitor) -> None:
    """The left half of a month is the year before, the right half the month itself; a chart's pointer still reads."""
    _open_dashboard(visitor, hall, QUESTIONS["imports of months, clipped at both ends"])
    over = visitor.page.locator("#months .u-over")
    over.scroll_into_view_if_needed()
    box = over.bounding_box()
    assert box is not None
    middle = box["x"] + box["width"] / 6 * 3
    for x, days in ((middle - 9, "from=2023-04-01&to=2023-04-30"), (middle + 9, "from=2024-04-01&to=2024-04-30")):
        visitor.page.mouse.move(x, box["y"] + 20)
        visitor.wait_until("document.querySelector('#months .readout').textContent.includes('April 2024')")
        visitor.page.mouse.click(x, box["y"] + 20)
        visitor.page.wait_for_url("**/transactions?**")
        assert days in visitor.page.url
        visitor.page.go_back()
        visitor.wait_for_report()
        visitor.page.wait_for_selector("#months .leads a", state="attached")
        visitor.page.locator("#months .u-over").scroll_into_view_if_needed()


def test_a_figure_is_reached_by_keyboard_and_a_chart_adds_no_stops(hall: Hall, visitor: Visitor) -> None:
    _open_dashboard(visitor, hall, QUESTIONS["quarters, clipped at both ends"])
    assert visitor.page.eval_on_selector_all(".leads a", "all => all.filter(a => a.tabIndex >= 0).length") == 0
    visitor.page.focus("#months tbody td a")
    visitor.page.keyboard.press("Enter")
    visitor.page.wait_for_url("**/transactions?**")
    visitor.wait_for_rows()


def test_who_may_not_read_entries_sees_figures_and_no_links(hall: Hall, visitor: Visitor) -> None:
    visitor.page.goto(f"{hall.address}/signin?next=/%3Fperiod%3D2024-Q1#key={hall.key}")
    visitor.wait_for_report()
    visitor.page.wait_for_selector("#filters #origin-MN", state="attached")
    assert visitor.page.query_selector("#content a[href^='/transactions']") is None
    assert visitor.page.query_selector(".pages a[href='/transactions']:not([hidden])") is None


def test_axe_finds_nothing_on_a_dashboard_with_links(hall: Hall, visitor: Visitor) -> None:
    _open_dashboard(visitor, hall, QUESTIONS["imports of months, clipped at both ends"])
    assert visitor.violations() == []
