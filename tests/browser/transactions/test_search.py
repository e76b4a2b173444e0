"""The page of trades: what it finds, in which order, under which address, and what it adds up to."""

import datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.transactions.hall import Hall, Visitor, sums_of
from tests.builders import a_trade

ALL = "/transactions?order=newest&lang=en"
LIVE = "kind=trade&reversed=false"


def _asked(visitor: Visitor) -> dict[str, list[str]]:
    return parse_qs(urlsplit(visitor.page.url).query, keep_blank_values=True)


def test_the_page_opens_with_what_was_recorded_today_newest_first(hall: Hall, visitor: Visitor) -> None:
    today = hall.today()
    visitor.open(hall)
    assert _asked(visitor) == {"recorded_from": [today], "recorded_to": [today], "lang": ["en"]}
    entries = hall.entries()
    assert visitor.ids() == [entry["transaction_id"] for entry in entries], "the whole hall was recorded today"
    assert len(entries) > 100, "they need more than one page"
    visitor.turn("#first")
    first = visitor.text("#rows tbody tr:first-child")
    assert entries[0]["recorded_at"].replace("T", " ")[:19] in first
    assert entries[0]["resident_id"] in first
    assert visitor.complaints == []


def test_the_totals_are_those_of_the_report(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, f"/transactions?from=2024-01-01&to=2024-05-31&direction=import&{LIVE}&lang=en")
    report = hall.report("/v1/reports/trade?from=2024-01-01&to=2024-05-31&direction=import&compare=none&by=category")
    told = {name: str(value["current"]) for name, value in report["total"].items()}
    assert visitor.sums() == told
    for row in report["rows"]:
        visitor.page.click(f"#by-category a[href*='category={row['key']['category']}']")
        visitor.wait_for_rows()
        assert visitor.sums() == {name: str(value["current"]) for name, value in row.items() if name in told}
        assert len(visitor.ids()) == row["transactions"]["current"]
        visitor.page.go_back()
        visitor.wait_for_rows()
    assert visitor.complaints == []


@pytest.mark.parametrize("part", ["recorded_by", "category", "verdict"])
def test_each_row_of_totals_opens_what_it_counts(hall: Hall, visitor: Visitor, part: str) -> None:
    """Beginning with a search that finds reversals and reversed trades too: totals count neither."""
    visitor.open(hall, ALL)
    visitor.page.evaluate("document.querySelector('#totals').open = true")
    rows = visitor.page.eval_on_selector_all(
        f"#by-{part} tbody tr",
        "all => all.map(r => [r.querySelector('a').getAttribute('href'), r.cells[1].textContent])",
    )
    assert len(rows) >= 2
    assert sum(int(count) for _, count in rows) == int(visitor.sums()["transactions"])
    for href, count in rows:
        visitor.page.goto(hall.address + href)
        visitor.wait_for_rows()
        assert (len(visitor.ids()), visitor.sums()["transactions"]) == (int(count), count)


def test_a_search_is_an_address_and_back_leads_to_the_one_before(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, ALL)
    visitor.page.select_option("#find-category", "meat")
    visitor.page.fill("#find-resident_id", "r00000002")
    visitor.page.click("#search summary")
    visitor.page.fill("#find-from", "2023-06-01")
    visitor.page.fill("#find-commodity", "冻马肉")
    visitor.page.press("#find-commodity", "Enter")
    visitor.page.wait_for_url("**category=meat**")
    visitor.wait_for_rows()
    address = visitor.page.url
    found = [
        entry["transaction_id"]
        for entry in hall.entries()
        if (entry["category"], entry["resident_id"]) == ("meat", "R00000002") and entry["day"] >= "2023-06-01"
    ]
    assert visitor.ids() == found
    assert found
    assert "Category: Meat" in visitor.text("#scope")
    visitor.page.go_back()
    visitor.page.wait_for_url("**order=newest**")
    visitor.wait_for_rows()
    assert "category" not in _asked(visitor)
    visitor.page.go_forward()
    visitor.wait_for_rows()
    assert visitor.page.url == address
    assert visitor.page.input_value("#find-resident_id") == "R00000002"
    other = visitor.context.new_page()
    other.goto(address)
    other.wait_for_selector("#trades[aria-busy=false]")
    assert other.input_value("#find-commodity") == "冻马肉"


@pytest.mark.parametrize(
    ("address", "is_wanted"),
    [
        ("verdict=partly_taxed,taxed", lambda entry: entry["verdict"] in {"partly_taxed", "taxed"}),
        ("group_id=", lambda entry: entry["group_id"] is None),
        ("settlement=,赛乌素嘎查", lambda entry: entry["settlement"] in {None, "赛乌素嘎查"}),
        ("kind=reversal", lambda entry: entry["kind"] == "reversal"),
        ("consignment=truck-2&direction=export", lambda e: (e["consignment"], e["direction"]) == ("truck-2", "export")),
    ],
)
def test_the_form_shows_what_an_address_asks_and_asks_it_again(
    hall: Hall, visitor: Visitor, address: str, is_wanted: object
) -> None:
    """Several values and "none" as well, which nobody types."""
    assert callable(is_wanted)
    visitor.open(hall, "/transactions")
    visitor.page.goto(f"{hall.address}/transactions?{address}&order=newest&lang=en")
    visitor.wait_for_rows()
    wanted = [entry["transaction_id"] for entry in hall.entries() if is_wanted(entry)]
    assert wanted
    assert visitor.ids() == wanted
    visitor.page.goto(f"{hall.address}/transactions?{address}&order=newest&lang=en")
    visitor.wait_for_rows()
    asked = _asked(visitor)
    visitor.page.click("#search button[type=submit]")
    visitor.wait_for_rows()
    assert _asked(visitor) == asked


def test_what_the_api_refuses_is_said_beside_its_field(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, ALL)
    visitor.page.fill("#find-resident_id", "王")
    visitor.page.click("#search button[type=submit]")
    visitor.page.wait_for_selector("#find-resident_id-error:not(:empty)")
    assert visitor.page.query_selector("#found:not([hidden])") is None, "rows of another search do not stay"
    visitor.page.goto(f"{hall.address}/transactions?categorie=meat&lang=en")
    visitor.page.wait_for_selector("#refusal:not(:empty)")


def test_the_files_hold_all_rows_of_the_search(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, "/transactions?category=meat,wool&order=oldest&lang=en")
    ids = visitor.ids()
    with visitor.page.expect_download() as downloading:
        visitor.page.click("#csv")
    lines = downloading.value.path().read_text("utf-8-sig").splitlines()
    assert [each for each in ids if sum(each in line for line in lines) == 0] == []
    assert sum(any(each in line for each in ids) for line in lines) == len(ids)
    with visitor.page.expect_download() as downloading:
        visitor.page.click("#xlsx")
    assert downloading.value.path().read_bytes()[:2] == b"PK"


def test_a_trade_that_is_recorded_later_does_not_move_the_next_page(hall: Hall, visitor: Visitor) -> None:
    visitor.open(hall, f"{ALL}&to=2025-12-31")
    before = visitor.page.eval_on_selector_all("#rows tbody a", "all => all.map(a => a.dataset.entry)")
    at = datetime.datetime.now(datetime.UTC).isoformat()
    keyed = {**hall.admin, "Idempotency-Key": f"late-{at}"}
    late = a_trade(resident_id="R00000009", traded_at="2024-06-29T10:00:00+08:00", amount_cny="1.00")
    assert hall.server.ask("POST", "/v1/transactions", late, keyed)[0] == 201
    visitor.turn("#next")
    after = visitor.page.eval_on_selector_all("#rows tbody a", "all => all.map(a => a.dataset.entry)")
    assert not set(before) & set(after)


def test_a_key_without_the_scope_is_told_so(hall: Hall, visitor: Visitor) -> None:
    visitor.page.goto(f"{hall.address}/signin?next=/transactions#key={hall.key}")
    visitor.page.wait_for_selector("html[data-ready]")
    assert "transactions:read" in visitor.text("#alert")
    assert visitor.page.query_selector("#found:not([hidden])") is None


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_axe_finds_nothing_in_any_view(hall: Hall, visitor: Visitor, lang: str) -> None:
    visitor.open(hall, f"/transactions?order=newest&lang={lang}")
    visitor.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    assert visitor.violations() == []
    visitor.turn("#to-handover")
    visitor.page.wait_for_selector("#handover-rows")
    assert visitor.violations() == []
    visitor.page.goto(f"{hall.address}/transactions?order=newest&lang={lang}")
    visitor.wait_for_rows()
    visitor.page.click("#rows tbody a")
    visitor.page.wait_for_selector("#more dl")
    assert visitor.violations() == []
    assert visitor.complaints == []


def test_sums_of_the_recount_are_not_those_of_everything(hall: Hall) -> None:
    """What the tests compare with tells live trades from others."""
    live = hall.live(f"/transactions?{LIVE}&lang=en")
    assert len(live) < sum(entry["kind"] == "trade" for entry in hall.entries())
    assert sums_of(live)["amount_cny"] != sums_of(hall.entries())["amount_cny"] or len(live) > 0
