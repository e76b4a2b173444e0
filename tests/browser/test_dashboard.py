"""The dashboard in a real browser, against a real server: its figures, charts and filters are those of the API."""

import datetime

import pytest

from tests.browser.clerks import LAST_DAY, QUESTION, Bureau, Clerk
from tests.builders import a_trade


def test_the_link_signs_in_and_the_figures_are_those_of_the_api(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    assert clerk.page.url == f"{bureau.address}/?{QUESTION}&lang=en" or clerk.page.url.endswith(f"/?{QUESTION}")
    assert clerk.figures() == bureau.four(QUESTION)
    assert clerk.page.text_content("#brief") == bureau.report(f"/v1/reports/brief?{QUESTION}&lang=en")["text"]
    growth = bureau.report(f"/v1/reports/trade?{QUESTION}")["total"]["amount_cny"]["growth_pct"]
    assert f"+{growth}%" in clerk.page.text_content("#figure-amount_cny")
    clerk.settle()
    assert clerk.complaints == []
    assert [url for url in clerk.requests if not url.startswith(bureau.address + "/")] == []
    assert [url for url in clerk.requests if bureau.key in url.partition("#")[0]] == []


def test_the_link_signs_in_where_the_form_is_open_already(clerk: Clerk, bureau: Bureau) -> None:
    clerk.page.goto(f"{bureau.address}/signin")
    clerk.page.evaluate("key => { location.hash = `key=${key}` }", bureau.key)
    clerk.wait_for_report()
    assert bureau.key not in clerk.page.url
    clerk.page.go_back()
    assert bureau.key not in clerk.page.url


def test_every_figure_names_its_base_period_and_cut_off(clerk: Clerk) -> None:
    clerk.sign_in()
    for name in ("amount_cny", "participations", "residents"):
        text = clerk.page.text_content(f"#figure-{name}")
        assert "To 28 June 2024" in text
        assert "1 January – 28 June 2023" in text
    stock = clerk.page.text_content("#figure-registered_at_end")
    assert "To 28 June 2024" in stock
    assert "28 June 2023" in stock
    for chart in clerk.page.query_selector_all(".chart:not([hidden]) .plot"):
        assert "against 1 January – 28 June 2023; data to 28 June 2024" in chart.get_attribute("aria-label")


def test_a_period_that_is_not_over_is_shown_through_today_in_card_chart_and_sentence(
    clerk: Clerk, bureau: Bureau
) -> None:
    question = "from=2024-01-01&to=2032-12-31"
    report = bureau.report(f"/v1/reports/trade?{question}")
    through, base_to = (datetime.date.fromisoformat(day) for day in (report["through"], report["base_period"]["to"]))
    assert through < datetime.date(2032, 12, 31)
    clerk.sign_in(question)
    assert clerk.figures() == bureau.four(question)
    card = clerk.page.text_content("#figure-amount_cny")
    assert f"To {through.day} {through:%B %Y}" in card
    assert f"– {base_to.day} {base_to:%B %Y}" in card
    growth = report["total"]["amount_cny"]["growth_pct"]
    assert growth.lstrip("-") in card
    claims = bureau.report(f"/v1/reports/brief?{question}&lang=en")["claims"]
    assert {claim["growth_pct"] for claim in claims if claim["measure"] == "amount_cny"} == {growth}
    clerk.settle()
    clerk.page.click("#months summary")
    clerk.page.wait_for_selector("#months tbody th")
    told = clerk.page.query_selector_all("#months tbody th")
    assert told[-1].text_content() in {f"Q{(through.month + 2) // 3} {through.year}", "Total"}
    assert not any("2032" in cell.text_content() for cell in told)


def test_without_a_question_it_is_the_year_to_the_newest_day(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in("")
    newest = bureau.report("/v1/reports/trade?period=2024-06&by=day&compare=none")["rows"][-1]["key"]["day"]
    assert f"ytd={newest}" in clerk.page.url
    assert clerk.figures() == bureau.four(f"ytd={newest}")


def test_a_change_of_period_changes_the_address_and_the_figures(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    clerk.page.select_option("#kind", "quarter")
    clerk.wait_for_changes(2)
    assert "period=2024-Q2" in clerk.page.url
    assert clerk.figures() == bureau.four("period=2024-Q2")
    clerk.page.click("#earlier")
    clerk.wait_for_changes(3)
    assert "period=2024-Q1" in clerk.page.url
    assert clerk.figures() == bureau.four("period=2024-Q1")
    clerk.page.go_back()
    clerk.wait_for_changes(4)
    assert clerk.figures() == bureau.four("period=2024-Q2")
    linked = Clerk(bureau, clerk.context.browser)
    linked.sign_in("period=2024-H1&compare=previous&category=meat,wool")
    assert linked.figures() == bureau.four("period=2024-H1&compare=previous&category=meat,wool")
    assert linked.page.is_checked("#category-meat")
    linked.context.close()


def test_any_days_can_be_compared_with(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in("period=2024-Q2")
    clerk.page.select_option("#compare", "custom")
    clerk.wait_for_changes(2)
    assert "compare=custom&base_from=2023-04-01&base_to=2023-06-30" in clerk.page.url
    assert clerk.figures() == bureau.four("period=2024-Q2")
    clerk.page.fill("#base_from", "2024-01-01")
    clerk.wait_for_changes(3)
    clerk.page.fill("#base_to", "2024-03-31")
    clerk.wait_for_changes(4)
    asked = "period=2024-Q2&compare=custom&base_from=2024-01-01&base_to=2024-03-31"
    assert asked in clerk.page.url
    assert clerk.figures() == bureau.four(asked) == bureau.four("period=2024-Q2&compare=previous")
    assert "against 1 January – 31 March 2024" in clerk.page.text_content("#compared")
    assert "the first quarter of 2024" in clerk.page.text_content("#brief")
    clerk.page.select_option("#compare", "yoy")
    clerk.wait_for_changes(5)
    assert "base_" not in clerk.page.url
    assert clerk.figures() == bureau.four("period=2024-Q2")
    assert clerk.complaints == []


def test_groups_can_be_filtered_by(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    clerk.settle()
    clerk.page.click("#filters summary")
    clerk.page.click("#group_id-G000001")
    clerk.wait_for_changes(2)
    assert clerk.figures() == bureau.four(f"{QUESTION}&group_id=G000001")
    assert clerk.figures() != bureau.four(QUESTION)


def test_the_bulletin_of_the_newest_month_is_a_click_away(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    clerk.page.click("#bulletin")
    clerk.page.wait_for_selector("#main_indicators")
    assert "month=2024-06" in clerk.page.url
    assert "lang=en" in clerk.page.url
    assert clerk.complaints == []


def test_a_table_stands_under_each_chart_and_can_be_taken_away(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    rows = bureau.report(f"/v1/reports/trade?{QUESTION}&by=category")["rows"]
    for chart in ("months", "category", "origin", "people", "taxed"):
        assert clerk.page.query_selector(f"#{chart} table") is None
        clerk.page.click(f"#{chart} summary")
        clerk.page.wait_for_selector(f"#{chart} tfoot")
        for kind, begins in (("csv", b""), ("xlsx", b"PK")):
            path = clerk.page.get_attribute(f"#{chart} .{kind}", "href")
            file = clerk.context.request.get(bureau.address + path)
            assert (file.status, file.body()[: len(begins)]) == (200, begins)
    cells = clerk.page.eval_on_selector_all("#category tbody td:nth-child(2)", "all => all.map(td => td.textContent)")
    assert [cell.replace(",", "") for cell in cells] == [row["amount_cny"]["current"] for row in rows]
    hidden = clerk.page.eval_on_selector_all(".scroll", "all => all.map(s => s.scrollWidth - s.clientWidth)")
    assert max(hidden) == 0, "nothing of a table is cut off on a desk"
    hatched = clerk.page.text_content("#months .about .key:last-child")
    assert hatched == "A year earlier"


def test_another_measure_is_drawn_without_asking_again(clerk: Clerk) -> None:
    clerk.sign_in()
    clerk.settle()
    asked = [url for url in clerk.requests if "/v1/" in url]
    clerk.page.select_option("#measure", "participations")
    clerk.wait_for_changes(2)
    assert [url for url in clerk.requests if "/v1/" in url] == asked
    assert "measure=participations" in clerk.page.url
    assert "Person-times" in clerk.page.text_content("#months .about")


def test_what_is_posted_meanwhile_shows_by_itself_and_takes_nothing_away(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    clerk.settle()
    clerk.page.click("#months summary")
    clerk.page.focus("#bulletin")
    before, asked = clerk.figures(), len(clerk.requests)
    clerk.look_again()
    clerk.wait_until("performance.getEntriesByType('resource').at(-1).responseStatus === 304")
    assert len(clerk.requests) == asked + 1, "one request, and an answer without a body"
    admin = {"Authorization": f"Bearer {bureau.new_key('admin')}", "Idempotency-Key": "meanwhile"}
    status, posted, _ = bureau.server.ask(
        "POST", "/v1/transactions", a_trade(traded_at=f"{LAST_DAY}T15:00:00+08:00"), admin
    )
    assert status == 201
    clerk.look_again()
    clerk.wait_until(f"document.querySelector('#figures data').value !== '{before[0]}'")
    assert clerk.figures() == bureau.four(QUESTION)
    assert clerk.page.evaluate("document.activeElement.id") == "bulletin"
    assert clerk.page.is_visible("#months tbody"), "the open table stays open"
    assert clerk.page.text_content("#status").startswith("Updated: ")
    assert clerk.page.query_selector("#content.loading, #content[aria-busy=true]") is None
    assert (
        bureau.server.ask("POST", f"/v1/transactions/{posted['transaction_id']}/reversal", {"reason": "x"}, admin)[0]
        == 201
    )


def test_nothing_is_asked_while_nobody_can_see_the_page(clerk: Clerk) -> None:
    clerk.sign_in()
    clerk.settle()
    clerk.page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    asked = len(clerk.requests)
    clerk.look_again()
    clerk.page.wait_for_timeout(300)
    assert len(clerk.requests) == asked


def test_against_the_period_before_no_column_is_drawn_twice(clerk: Clerk) -> None:
    clerk.sign_in("period=2024-H1&compare=previous")
    for chart, keys in (("months", 1), ("taxed", 1), ("category", 2)):
        assert len(clerk.page.query_selector_all(f"#{chart} .about .key")) == keys, chart
    clerk.page.click("#months summary")
    assert "each against the one before it" in clerk.page.text_content("#months caption")


def test_groups_are_called_by_their_names(clerk: Clerk) -> None:
    clerk.sign_in(key=clerk.bureau.new_key("admin"), state=False)
    clerk.settle()
    clerk.page.click("#filters summary")
    assert "陶力互助组" in clerk.page.text_content("#filters")
    assert "G000001" not in clerk.page.text_content("#filters")


def test_a_long_list_of_groups_can_be_searched(clerk: Clerk) -> None:
    clerk.sign_in()
    clerk.settle()
    clerk.page.evaluate("""async () => {
        const { drawControls } = await import("/static/controls.js");
        const { readQuestion } = await import("/static/question.js");
        const groups = Array.from({ length: 30 }, (_, n) => `G${String(n + 1).padStart(6, "0")}`);
        const form = document.querySelector("#controls");
        const draw = (question) => drawControls(
            form, question, { group_id: groups }, (change) => draw({ ...question, ...change }));
        draw(readQuestion("?ytd=2024-06-28"));
    }""")
    clerk.page.click("#filters summary")
    clerk.page.fill("#search-group_id", "00002")
    clerk.page.click("#group_id-G000021")
    shown = "#filters fieldset.long label:not([hidden])"
    assert len(clerk.page.query_selector_all(shown)) == 11, "G000002 and G000020 to G000029, also after a choice"
    assert clerk.page.is_checked("#group_id-G000021")


def test_the_stock_stands_beside_both_of_its_bases(clerk: Clerk, bureau: Bureau) -> None:
    clerk.sign_in()
    claim = next(
        each
        for each in bureau.report(f"/v1/reports/brief?{QUESTION}&lang=en")["claims"]
        if each["measure"] == "registered_at_end"
    )
    shown = clerk.page.text_content("#figure-registered_at_end")
    assert f"31 December 2023 {claim['base']} · +{claim['growth_pct']}%" in shown.replace("\u00a0", " ")


def test_the_pages_arithmetic_is_exact(clerk: Clerk) -> None:
    """In binary fractions 0.145 is below its half, and 9,007,199,254,740,993 does not exist."""
    clerk.page.goto(f"{clerk.bureau.address}/signin")
    told = clerk.page.evaluate("""async () => {
        const { teach } = await import("/static/words.js");
        teach((await import("/static/catalogue.js")).default, "dashboard");
        const { compact, grouped, shareOf, signed, unscaled } = await import("/static/exact.js");
        const share = (part, whole) => { const s = shareOf(part, whole); return s === null ? null : unscaled(s, 2); };
        return [compact("306000000.00", "zh"), compact("306000000.00", "en"), compact("306000000.00", "mn"),
                compact("9999.99", "zh"), compact("1005000.00", "zh"), compact("-125000.00", "zh"),
                grouped("9007199254740993.01"), signed("-3.50"), signed("3.50"), signed("0.00"),
                share("14.50", "10000.00"), share("1.00", "3.00"), share("2.00", "3.00"), share("0.00", "0.00")];
    }""")
    assert told[:6] == [["3.06", "亿"], ["306.00", "million"], ["306.00", "сая"], ["9,999.99", ""], ["100.50", "万"],
                        ["−12.50", "万"]]  # fmt: skip
    assert told[6:10] == ["9,007,199,254,740,993.01", "−3.50", "+3.50", "0.00"]
    assert told[10:] == ["0.15", "33.33", "66.67", None]


@pytest.mark.parametrize("interval", ["day", "month", "quarter"])
def test_the_pages_buckets_are_those_of_the_api(clerk: Clerk, interval: str) -> None:
    clerk.page.goto(f"{clerk.bureau.address}/signin")
    path = f"/v1/reports/series?from=2023-11-15&to=2024-03-02&measure=amount_cny&interval={interval}"
    told = clerk.page.evaluate(
        """async (interval) => (await import("/static/periods.js")).bucketsOf(
            { from: "2023-11-15", to: "2024-03-02" }, interval)""",
        interval,
    )
    assert told == clerk.bureau.report(path)["buckets"]
