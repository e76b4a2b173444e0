"""The monthly bulletin: the figures of the other reports, commodities recounted, one position, and all its forms."""

import datetime
import io
import re
from collections import defaultdict
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa

from schemas.bulletin.document import INDICATORS, RESIDENTS
from service.commands.folding import fold_all
from service.commands.keys import create_key
from service.ledger import Ledger
from service.storage import commodities
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

MONTH = "2024-04"
BULLETIN = f"/v1/reports/bulletin?month={MONTH}"
GOODS = (
    ("meat", "冻马肉", "MN", "erenhot"), ("meat", "熟牛肉", "MN", "erenhot"), ("grain", "亚麻籽", "RU", "erenhot-city"),
    ("wool", "山羊绒", "MN", "erenhot"), ("packaged_food", "卤牛肉", "MN", "erenhot"),
)  # fmt: skip
DAYS = ("2023-01-09", "2023-04-03", "2023-04-30", "2024-02-29", "2024-03-31", "2024-04-01", "2024-04-15", "2024-04-30")
TABLES = {
    "categories": "category", "origins": "origin", "groups": "group_id", "settlements": "settlement",
    "trade_points": "trade_point", "days": "day",
}  # fmt: skip


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """Two years of four residents, one of whom expired: half of it folded, with reversals on both sides, one late."""
    admin.post("/v1/groups", {"name": "东队", "kind": "mutual_aid"})
    for n in range(4):
        changes = {"valid_until": "2024-04-10"} if n == 3 else {}
        settled = a_registration(n, registered_on="2023-01-01", settlement=["东社区", "西嘎查"][n % 2], **changes)
        assert admin.post("/v1/residents", settled).status_code == 201
    admin.post("/v1/residents", a_registration(9, registered_on="2024-04-20"))
    admin.post("/v1/groups/G000001/members", {"resident_ids": ["R00000001"]})
    lines = []
    for number, day in enumerate(day for day in DAYS for _ in GOODS):
        category, commodity, origin, point = GOODS[number % len(GOODS)]
        if category == "packaged_food" and day < "2024":
            continue
        line = a_trade(
            key=str(number), resident_id=f"R0000000{number % 3 + 1}", category=category, commodity=commodity,
            origin=origin, trade_point=point, amount_cny=f"{900 + number * 137}.{number:02d}",
            quantity_kg=f"{number + 1}.5", traded_at=f"{day}T10:00:00+08:00",
        )  # fmt: skip
        lines.append(line)
    half = len(lines) // 2
    posted = _post(admin, lines[:half])
    fold_all(ledger)
    posted += _post(admin, lines[half:])
    for place in (4, -2, -9):
        assert admin.reverse(posted[place]).status_code == 201
    return admin


def _post(caller: Caller, lines: list[dict[str, Any]]) -> list[str]:
    results = caller.post("/v1/transactions/batch", {"items": lines}).get_json()["items"]
    return [result["transaction_id"] for result in results]


def _ask(caller: Caller, path: str) -> Any:
    answer = caller.get(path)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.mark.parametrize("is_folded", [False, True], ids=["with a tail", "folded"])
def test_its_figures_are_those_of_the_other_reports(ledger: Ledger, market: Caller, is_folded: bool) -> None:
    if is_folded:
        fold_all(ledger)
    bulletin = _ask(market, BULLETIN)
    for table, dimension in TABLES.items():
        assert bulletin[table] == _ask(market, f"/v1/reports/trade?period={MONTH}&by={dimension}")["rows"], table
        assert bulletin[table]
    assert bulletin["months"] == _ask(market, "/v1/reports/trade?ytd=2024-04-30&by=month")["rows"]
    spans = {"month": f"period={MONTH}", "previous": f"period={MONTH}&compare=previous", "year": "ytd=2024-04-30"}
    indicators = {row["indicator"]: row for row in bulletin["main_indicators"]}
    assert tuple(indicators) == INDICATORS
    for span, question in spans.items():
        totals = {
            **_ask(market, f"/v1/reports/residents?{question}")["total"],
            **_ask(market, f"/v1/reports/trade?{question}")["total"],
        }
        assert {name: row[span] for name, row in indicators.items()} == {name: totals[name] for name in INDICATORS}
    assert indicators["amount_cny"]["previous"]["base"] != indicators["amount_cny"]["month"]["base"]


def test_commodities_are_a_plain_recount(ledger: Ledger, market: Caller) -> None:
    items = _ask(market, "/v1/transactions?limit=500")["items"]
    reversed_ids = {item["reverses"] for item in items}
    wanted: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [Decimal(0), 0, Decimal(0)])
    for item in items:
        if item["kind"] == "trade" and item["transaction_id"] not in reversed_ids:
            found = wanted[item["category"], item["commodity"]]
            if item["day"].startswith(MONTH):
                found[0] += Decimal(item["amount_cny"])
                found[1] += 1
            if item["day"].startswith("2023-04"):
                found[2] += Decimal(item["amount_cny"])
    bulletin = _ask(market, BULLETIN)
    told = {
        tuple(row["key"].values()): [
            Decimal(row["amount_cny"]["current"]), row["transactions"]["current"], Decimal(row["amount_cny"]["base"]),
        ]
        for row in bulletin["commodities"]
    }  # fmt: skip
    assert told == {goods: figures for goods, figures in wanted.items() if figures[1]}
    amounts = [Decimal(row["amount_cny"]["current"]) for row in bulletin["commodities"]]
    assert amounts == sorted(amounts, reverse=True)
    new = next(row for row in bulletin["commodities"] if row["key"]["commodity"] == "卤牛肉")
    assert (new["amount_cny"]["growth_pct"], new["amount_cny"]["reason"]) == (None, "base_zero")
    fold_all(ledger)
    assert _ask(market, BULLETIN)["commodities"] == bulletin["commodities"]


def test_there_are_ten_commodities_at_most(admin: Caller) -> None:
    admin.register(1)
    for n in range(12):
        admin.trade(a_trade(commodity=f"货{n}", amount_cny=f"{n + 1}.00", traded_at=f"{MONTH}-02T09:00:00+08:00"))
    told = _ask(admin, BULLETIN)["commodities"]
    assert [row["key"]["commodity"] for row in told] == [f"货{n}" for n in range(11, 1, -1)]
    assert told[0]["share_pct"] == "15.38", "of everything, not of the ten"


def test_commodities_are_of_the_same_state_as_all_else(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody posts after the cube was asked and before the journal is: the bulletin knows nothing of it."""
    _post_in_between(ledger, market, monkeypatch, same_snapshot=True)
    assert _commodity_sum(bulletin := _ask(market, BULLETIN)) == _amount(bulletin)


def test_from_another_snapshot_they_would_not_be(
    ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post_in_between(ledger, market, monkeypatch, same_snapshot=False)
    assert _commodity_sum(bulletin := _ask(market, BULLETIN)) != _amount(bulletin)


def _post_in_between(ledger: Ledger, market: Caller, monkeypatch: pytest.MonkeyPatch, *, same_snapshot: bool) -> None:
    sums_of = commodities.sums_of
    headers = market.headers

    def late(connection: sa.Connection, *told: Any) -> Any:
        other = Caller(market.client.application.test_client(), None)
        other.headers = headers
        assert other.trade(a_trade(traded_at=f"{MONTH}-03T09:00:00+08:00")).status_code == 201
        if same_snapshot:
            return sums_of(connection, *told)
        with ledger.database.reading() as newer:
            return sums_of(newer, *told)

    monkeypatch.setattr(commodities, "sums_of", late)


def _commodity_sum(bulletin: Any) -> Decimal:
    return sum((Decimal(row["amount_cny"]["current"]) for row in bulletin["commodities"]), Decimal(0))


def _amount(bulletin: Any) -> Decimal:
    return Decimal(bulletin["main_indicators"][0]["month"]["current"])


def test_the_stock_of_residents_adds_up(market: Caller) -> None:
    market.post(
        "/v1/residents/R00000002/status", {"status": "cancelled", "reason": "moved", "effective_on": f"{MONTH}-12"}
    )
    told = {row["figure"]: row["month"] for row in _ask(market, BULLETIN)["residents"]}
    assert tuple(told) == RESIDENTS
    # Four at the start; one came, one was cancelled, one expired on the 10th.
    assert [told[name] for name in RESIDENTS[:5]] == [4, 1, 1, 1, 3]


def test_exempt_and_taxable_add_up_to_the_value(market: Caller) -> None:
    market.trade(a_trade(resident_id="R00000003", amount_cny="12000.00", traded_at=f"{MONTH}-20T10:00:00+08:00"))
    *rows, total = _ask(market, BULLETIN)["exempt_and_taxable"]
    for row in (*rows, total):
        parts = [Decimal(row[name]["current"]) for name in ("exempt_cny", "taxable_cny")]
        assert sum(parts) == Decimal(row["amount_cny"]["current"])
    assert total["key"] == {"category": None}
    reported = _ask(market, f"/v1/reports/trade?period={MONTH}")["total"]
    assert all(total[name] == reported[name] for name in ("amount_cny", "exempt_cny", "taxable_cny"))
    taxable = Decimal(total["taxable_cny"]["current"])
    assert taxable >= 4000
    share = taxable / Decimal(total["amount_cny"]["current"]) * 100
    assert abs(Decimal(total["taxed_pct"]) - share) <= Decimal("0.005")


def test_an_empty_month_is_a_bulletin_of_zeros(admin: Caller) -> None:
    bulletin = _ask(admin, BULLETIN)
    assert [row["month"]["current"] for row in bulletin["main_indicators"][:2]] == ["0.00", "0.00"]
    assert bulletin["main_indicators"][0]["month"]["reason"] == "both_zero"
    assert bulletin["categories"] == bulletin["commodities"] == bulletin["days"] == []
    assert "No trade in this month." in admin.get(f"{BULLETIN}&format=html&lang=en").text


def test_it_is_preliminary_until_the_month_is_over(ledger: Ledger, admin: Caller) -> None:
    today = ledger.today()
    running = _ask(admin, f"/v1/reports/bulletin?month={today:%Y-%m}")
    assert (running["status"], running["cut_off"]) == ("preliminary", today.isoformat())
    over = _ask(admin, BULLETIN)
    assert (over["status"], over["cut_off"]) == ("final", f"{MONTH}-30")
    page = admin.get(f"/v1/reports/bulletin?month={today:%Y-%m}&format=html").text
    assert "初步数" in page


def test_days_to_come_are_left_out(ledger: Ledger, admin: Caller) -> None:
    today = ledger.today()
    last = (today.replace(day=28) + datetime.timedelta(days=4)).replace(day=1) - datetime.timedelta(days=1)
    admin.post("/v1/residents", a_registration(0, registered_on="2020-01-01"))
    for day in (today.replace(day=1), last):
        before = day.replace(year=day.year - 1, day=min(day.day, 28))
        assert admin.trade(a_trade(traded_at=f"{before}T10:00:00+08:00")).status_code == 201
    told = _ask(admin, f"/v1/reports/bulletin?month={today:%Y-%m}")
    days = [row["key"]["day"] for row in told["days"]]
    assert days[0] == f"{today:%Y-%m}-01"
    assert all(day <= told["cut_off"] for day in days)


@pytest.mark.parametrize("moment", ["2024-04-30T15:59:59", "2024-04-30T16:00:00"])
def test_the_month_ends_at_midnight_of_the_market(moment: str) -> None:
    from schemas.bulletin import bulletin_document
    from service.domain.bulletin import Bulletin, Spans, top_commodities, trade_parts
    from service.domain.periods import parse_period
    from service.domain.transactions import business_day

    month = parse_period(MONTH)
    trade, by, months, days = trade_parts(month, lambda _period, _selection: {})
    empty = Spans(*(_registered(each) for each in (trade.month, trade.previous, trade.year)))
    bulletin = Bulletin(month, trade, empty, by, months, days, top_commodities({}, {}))
    today = business_day(datetime.datetime.fromisoformat(f"{moment}+00:00"))
    status = bulletin_document(bulletin, today, "0.0")["status"]
    assert status == ("preliminary" if moment.endswith("59:59") else "final")


def _registered(report: Any) -> Any:
    from service.domain.registry import Registry
    from service.queries.reports import _residents

    return _residents(Registry(), report.question, lambda _period, _selection: {})


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_the_workbook_has_a_sheet_for_each_table_with_real_numbers(market: Caller, lang: str) -> None:
    bulletin = _ask(market, BULLETIN)
    answer = market.get(f"{BULLETIN}&format=xlsx&lang={lang}")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="hushi-bulletin-2024-04-01')
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert len(book.sheetnames) == 11
    rows = list(book.worksheets[0].iter_rows(values_only=True))
    assert MONTH in str(rows[0][0])
    amount = bulletin["main_indicators"][0]["month"]
    assert rows[2][1:4] == (float(amount["current"]), float(amount["base"]), float(amount["growth_pct"]))
    for sheet in book.worksheets:
        below = [str(row[0]) for row in sheet.iter_rows(values_only=True)][-4:]
        assert bulletin["position"] in below[2]
        assert bulletin["cut_off"] in below[1]


def test_who_is_in_no_group_has_one_name_in_every_workbook(market: Caller) -> None:
    for path in (f"{BULLETIN}&format=xlsx", f"/v1/reports/trade?period={MONTH}&by=group_id&format=xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(market.get(path).data))
        first_cells = {str(row[0]) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)}
        assert "（无互助组）" in first_cells, path
        assert "（未填）" not in first_cells, path


@pytest.mark.parametrize(("lang", "title"), [("zh", "月报"), ("en", "monthly bulletin"), ("mn", "сарын товхимол")])
def test_the_page_needs_nothing_beside_itself(market: Caller, lang: str, title: str) -> None:
    answer = market.get(f"{BULLETIN}&format=html&lang={lang}")
    page = answer.text
    assert answer.content_type == "text/html; charset=utf-8"
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["Content-Security-Policy"]
    assert title in page
    for forbidden in ("<script", "src=", "<link", "url(http", "@import", " style="):
        assert forbidden not in page
    leads_to = re.findall(r'href="([^"]+)"', page)
    assert leads_to
    assert [address for address in leads_to if not re.match(r"/(\?|v1/reports/bulletin\?)", address)] == []
    assert page.count("<figure>") == 3
    assert page.count("<section ") == 11
    bulletin = _ask(market, BULLETIN)
    assert f"{Decimal(bulletin['main_indicators'][0]['month']['current']):,}" in page
    assert bulletin["position"] in page


def test_it_leads_to_other_months_languages_and_forms(ledger: Ledger, market: Caller) -> None:
    page = market.get(f"{BULLETIN}&format=html&lang=en").text
    led = [address.replace("&amp;", "&") for address in re.findall(r'<a href="([^"]+)"', page)]
    assert led[0] == "/?period=2024-04&lang=en"
    asked = [address.partition("?")[2] for address in led[1:]]
    assert asked == [
        "month=2024-04&format=xlsx&lang=en", "month=2024-03&format=html&lang=en", "month=2024-05&format=html&lang=en",
        "month=2024-04&format=html&lang=zh", "month=2024-04&format=html&lang=mn",
    ]  # fmt: skip
    assert all(market.get(address).status_code == 200 for address in led[1:])
    this_month = market.get(f"/v1/reports/bulletin?month={ledger.today():%Y-%m}&format=html").text
    assert 'rel="prev"' in this_month
    assert 'rel="next"' not in this_month, "a month that has not begun has no bulletin"


def test_groups_and_trade_points_are_called_by_their_names(market: Caller) -> None:
    """A name that an older group bears already is followed by the id."""
    assert "东队" in _section(market.get(f"{BULLETIN}&format=html").text, "groups")
    assert "G000001" not in market.get(f"{BULLETIN}&format=html").text
    market.post("/v1/groups", {"name": "东队", "kind": "cooperative"})
    members = {"resident_ids": ["R00000002"], "effective_on": "2023-01-01"}
    assert market.post("/v1/groups/G000002/members", members).status_code == 200
    market.trade(a_trade(resident_id="R00000002", traded_at=f"{MONTH}-30T10:00:00+08:00"))
    named = _section(market.get(f"{BULLETIN}&format=html").text, "groups")
    assert re.findall("东队[^<]*", named) in (["东队", "东队 G000002"], ["东队 G000002", "东队"])
    for lang, names in {"zh": "二连浩特市区", "en": "Erenhot, in the city", "mn": "Эрээн хотын төв"}.items():
        assert names in _section(market.get(f"{BULLETIN}&format=html&lang={lang}").text, "trade_points")


def test_categories_and_countries_end_with_the_whole_month(market: Caller) -> None:
    """Residents do not add up over the rows; the last row is what the main indicators say."""
    month = {row["indicator"]: row["month"]["current"] for row in _ask(market, BULLETIN)["main_indicators"]}
    page = market.get(f"{BULLETIN}&format=html&lang=en").text
    book = openpyxl.load_workbook(io.BytesIO(market.get(f"{BULLETIN}&format=xlsx&lang=en").data))
    for table in ("categories", "origins"):
        last = re.findall(r"<t[dh][^>]*>([^<]*)<", _section(page, table).partition("<tfoot>")[2])
        assert last[:3] == ["Total", "100.00", f"{Decimal(month['amount_cny']):,}"]
        assert last[-2:] == [f"{month['participations']:,}", f"{month['residents']:,}"]
    rows = list(book.worksheets[1].iter_rows(values_only=True))
    assert [row[:3] for row in rows if row[0] == "Total"] == [("Total", 100, float(month["amount_cny"]))]


def _section(page: str, name: str) -> str:
    return page.partition(f'<section id="{name}"')[2].partition("</section>")[0]


def test_a_settlement_can_bring_no_markup_and_no_formula(admin: Caller) -> None:
    admin.post("/v1/residents", a_registration(0, settlement="=1+1<script>alert(1)</script>"))
    admin.trade(a_trade(traded_at=f"{MONTH}-02T09:00:00+08:00"))
    assert "<script" not in admin.get(f"{BULLETIN}&format=html").text
    book = openpyxl.load_workbook(io.BytesIO(admin.get(f"{BULLETIN}&format=xlsx").data))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert [cell.value for cell in cells if cell.data_type == "f"] == []


@pytest.mark.parametrize("form", ["json", "html", "xlsx"])
def test_it_is_answered_with_304_while_nothing_changes(market: Caller, form: str) -> None:
    first = market.get(f"{BULLETIN}&format={form}")
    again = market.get(f"{BULLETIN}&format={form}", headers={**market.headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert first.headers["Hushi-Position"] == again.headers["Hushi-Position"] == _ask(market, BULLETIN)["position"]
    market.trade(a_trade(traded_at=f"{MONTH}-02T09:00:00+08:00"))
    after = market.get(f"{BULLETIN}&format={form}", headers={**market.headers, "If-None-Match": first.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != first.headers["ETag"]


def test_the_form_may_be_asked_for_by_accept(market: Caller) -> None:
    page = market.get(BULLETIN, headers={**market.headers, "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.mimetype == "text/html"
    assert market.get(BULLETIN, headers={**market.headers, "Accept": "*/*"}).mimetype == "application/json"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("", "/month"), ("month=2024", "/month"), ("month=2024-13", "/month"), ("month=2024-04-30", "/month"),
        ("month=2024-Q2", "/month"), ("month=2024-04&format=csv", "/format"), ("month=2024-04&lang=de", "/lang"),
        ("month=2024-04&category=meat", "/category"), ("month=2024-04&month=2024-05", "/month"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_by_name(query: str, pointer: str, admin: Caller) -> None:
    answer = admin.get(f"/v1/reports/bulletin?{query}")
    assert (answer.status_code, answer.get_json()["code"]) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]


def test_it_needs_the_scope_of_reports(call: Any) -> None:
    assert call("transactions:read").get(BULLETIN).status_code == 403
    assert call(None).get(BULLETIN).status_code == 401


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGE = f"{BULLETIN}&format=html&lang=mn"


def test_a_browser_without_a_session_is_led_to_signing_in_and_back(ledger: Ledger, call: Any, market: Caller) -> None:
    stranger = call(None)
    led = stranger.get(PAGE, headers=BROWSER)
    assert (led.status_code, led.headers["Cache-Control"]) == (302, "no-store")
    assert led.headers["Location"].startswith("/signin?next=%2Fv1%2Freports%2Fbulletin%3Fmonth%3D2024-04")
    assert "lang%3Dmn" in led.headers["Location"]
    _, key = create_key(ledger, "officer", ["reports:read"])
    form = {
        "key": key,
        "next": re.search(r'name="next" value="([^"]+)"', stranger.get(led.headers["Location"]).text)[1],
    }
    back = stranger.client.post("/signin", data={**form, "next": form["next"].replace("&amp;", "&")})
    assert (back.status_code, back.headers["Location"]) == (303, PAGE)
    assert "сарын товхимол" in stranger.get(PAGE, headers=BROWSER).text


def test_a_link_on_another_site_opens_the_page_with_the_session_that_the_browser_withheld(call: Any) -> None:
    """SameSite=Strict keeps the cookie from the first request; the page that answers it asks again by itself."""
    page = call(None).get(PAGE, headers={**BROWSER, "Sec-Fetch-Site": "cross-site"})
    assert page.status_code == 401
    assert '<meta http-equiv="refresh" content="0">' in page.text


@pytest.mark.parametrize(
    ("scope", "path", "status", "said"),
    [
        ("transactions:read", PAGE, 403, ("эрхгүй", "reports:read", "/signin")),
        ("reports:read", f"{PAGE}&month=2024-05", 422, ("Ийм асуултад", "month: ")),
        ("reports:read", "/nowhere?lang=mn", 404, ("Ийм хуудас алга",)),
    ],
)
def test_a_browser_is_refused_in_its_language(
    call: Any, scope: str, path: str, status: int, said: tuple[str, ...]
) -> None:
    page = call(scope).get(path, headers=BROWSER)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert '<html lang="mn">' in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    for words in (*said, page.headers["X-Request-Id"]):
        assert words in page.text


@pytest.mark.parametrize("accept", ["application/json", "*/*", None])
def test_a_program_is_refused_with_a_problem(call: Any, accept: str | None) -> None:
    headers = {} if accept is None else {"Accept": accept}
    for caller, status in ((call(None), 401), (call("transactions:read"), 403)):
        answer = caller.get(PAGE, headers=headers)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
