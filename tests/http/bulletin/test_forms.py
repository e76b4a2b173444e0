"""The monthly bulletin as a workbook and as a page, and who is shown it."""

import io
import re
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from service.commands.keys import create_key
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.http.bulletin.conftest import BULLETIN, MONTH, ask


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_the_workbook_has_a_sheet_for_each_table_with_real_numbers(market: Caller, lang: str) -> None:
    bulletin = ask(market, BULLETIN)
    answer = market.get(f"{BULLETIN}&format=xlsx&lang={lang}")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="hushi-bulletin-2024-04-01')
    book = openpyxl.load_workbook(io.BytesIO(answer.data))
    assert len(book.sheetnames) == 12
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
    assert page.count("<section ") == 12
    bulletin = ask(market, BULLETIN)
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
    month = {row["indicator"]: row["month"]["current"] for row in ask(market, BULLETIN)["main_indicators"]}
    page = market.get(f"{BULLETIN}&format=html&lang=en").text
    book = openpyxl.load_workbook(io.BytesIO(market.get(f"{BULLETIN}&format=xlsx&lang=en").data))
    for table in ("categories", "origins", "directions"):
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
    assert first.headers["Hushi-Position"] == again.headers["Hushi-Position"] == ask(market, BULLETIN)["position"]
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
    goes_on = re.search(r'name="next" value="([^"]+)"', stranger.get(led.headers["Location"]).text)
    assert goes_on is not None
    form = {"key": key, "next": goes_on[1]}
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
