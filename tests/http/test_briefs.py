"""Briefs over HTTP: what their figures allow, and what they are compared with."""

import datetime
import io

import openpyxl
import pytest

from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller
from tests.small_transfers import call_back, register_enterprises, send_on

PARTS = ("current", "base", "growth_pct", "ratio")


def test_the_brief_says_what_its_figures_allow(admin: Caller) -> None:
    admin.register(2, registered_on="2023-02-01")
    for ordinal in range(2, 8):
        admin.post("/v1/residents", a_registration(ordinal, registered_on="2024-02-01"))
    admin.trade(a_trade(traded_at="2023-03-05T10:00:00+08:00", amount_cny="500.00"))
    for resident in range(1, 4):
        admin.trade(
            a_trade(resident_id=f"R0000000{resident + 2}", traded_at="2024-03-05T10:00:00+08:00", amount_cny="2500.00")
        )
    admin.trade(a_trade(traded_at="2024-04-05T10:00:00+08:00", category="wool", amount_cny="500.00"))
    path = "/v1/reports/brief?ytd=2024-04-30"
    document = admin.get(path).get_json()
    assert "8000元" in document["text"]
    assert "同比增长15倍" in document["text"]
    assert "翻两番" in document["text"]
    claims = {claim["measure"]: claim for claim in document["claims"]}
    assert claims["amount_cny"]["current"] == "8000.00"
    assert claims["amount_cny"]["base"] == "500.00"
    assert claims["registered_at_end"]["current"] == 8
    assert claims["registered_at_end"]["base"] == 2
    assert claims["category:wool"]["current"] == 1
    assert all(claim["phrase"] in document["text"] for claim in document["claims"])
    assert document["registered_on"] == "2024-04-30"
    assert document["registered_base_on"] == "2023-12-31"
    for lang in ("en", "mn"):
        other = admin.get(f"{path}&lang={lang}").get_json()
        assert [claim["measure"] for claim in other["claims"]] == [claim["measure"] for claim in document["claims"]]
    narrowed = admin.get(f"{path}&category=meat&lang=en").get_json()
    assert narrowed["text"].endswith("(Only category: meat.)")
    assert admin.get(f"{path}&lang=fr").status_code == 422


def test_a_brief_of_a_period_that_is_not_over_ends_today_and_so_does_its_base(ledger: Ledger, admin: Caller) -> None:
    """Eleven months are not compared with twelve."""
    admin.register(1, registered_on="2023-05-01")
    today = ledger.today()
    document = admin.get(f"/v1/reports/brief?period={today.year}").get_json()
    so_far = admin.get(f"/v1/reports/brief?ytd={today}").get_json()
    assert document["registered_on"] == document["period"]["to"] == today.isoformat()
    assert document["base_period"]["to"][:4] == str(today.year - 1)
    assert {**document, "position": ""} == {**so_far, "position": ""}


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_a_brief_of_a_future_period_states_the_stock_of_today_and_compares_nothing(
    ledger: Ledger, admin: Caller, lang: str
) -> None:
    admin.register(1, registered_on="2023-05-01")
    admin.trade(a_trade())
    document = admin.get(f"/v1/reports/brief?period={ledger.today().year + 1}&lang={lang}").get_json()
    assert document["registered_on"] == ledger.today().isoformat()
    assert document["base_period"] is None
    assert {claim["base"] for claim in document["claims"]} == {None}
    for path in ("trade?period=9999&format=xlsx", "bulletin?month=9999-12&format=xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(admin.get(f"/v1/reports/{path}").data))
        cells = [str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
        assert any(ledger.today().isoformat() in cell for cell in cells), path


def test_a_brief_compares_residents_with_the_end_of_the_year_before_its_cut_off(admin: Caller) -> None:
    admin.register(1, registered_on="2023-05-01")
    document = admin.get("/v1/reports/brief?from=2023-12-01&to=2024-02-29").get_json()
    assert (document["registered_on"], document["registered_base_on"]) == ("2024-02-29", "2023-12-31")
    stock = next(claim for claim in document["claims"] if claim["measure"] == "registered_at_end")
    assert (stock["current"], stock["base"]) == (1, 1)


def test_a_good_of_the_season_is_not_new_against_the_previous_period(admin: Caller) -> None:
    admin.register(1)
    for day, category in (("2023-05-05", "wool"), ("2024-04-05", "meat"), ("2024-05-05", "wool")):
        admin.trade(a_trade(traded_at=f"{day}T10:00:00+08:00", category=category))
    path = "/v1/reports/brief?period=2024-05&lang=en&compare="
    assert "new" not in admin.get(path + "previous").get_json()["text"]
    admin.trade(a_trade(traded_at="2024-05-05T10:00:00+08:00", category="grain"))
    assert "grain is a new category" in admin.get(path + "yoy").get_json()["text"]


def test_the_brief_says_what_went_on_to_processing_as_the_report_counts_it(ledger: Ledger, admin: Caller) -> None:
    admin.register(2)
    register_enterprises(ledger, 2)
    for number in (1, 2):
        body = a_trade(resident_id=f"R0000000{number}", amount_cny=f"{number}000.00", quantity_kg="1")
        assert admin.trade({**body, "traded_at": f"2024-06-0{number}T10:00:00+08:00"}).status_code == 201
    admin.trade(a_trade(amount_cny="4000.00", traded_at="2024-06-05T10:00:00+08:00", direction="export", origin="CN"))
    path = "/v1/reports/brief?period=2024-06&lang=en"
    assert "processing" not in admin.get(path).get_json()["text"]
    send_on(ledger, 1, "processing", datetime.date(2024, 7, 1), {2: 1000})
    other = send_on(ledger, 2, "secondary_market", datetime.date(2024, 7, 1), {1: 1000})
    brief = admin.get(path).get_json()
    said = "Goods worth CNY 2,000 went to landing processing, and made up 66.67% of the value of imports; 1 enterprise"
    assert said in brief["text"]
    report = admin.get("/v1/reports/processing?period=2024-06&purpose=processing").get_json()["total"]
    claims = {claim["measure"].removeprefix("processing:"): claim for claim in brief["claims"]}
    for measure in ("amount_cny", "share_of_imports_pct", "enterprises"):
        assert [claims[measure][part] for part in PARTS] == [report[measure][part] for part in PARTS]
    assert "processing" not in admin.get(f"{path}&direction=export").get_json()["text"]
    assert (
        "66.67% of the value of imports,processing:share_of_imports_pct,66.67" in admin.get(f"{path}&format=csv").text
    )
    sheet = openpyxl.load_workbook(io.BytesIO(admin.get(f"{path}&format=xlsx").data)).worksheets[0]
    assert "Landing processing: Share of imports, %" in [row[1].value for row in sheet]
    call_back(ledger, other)
    assert said in admin.get(path).get_json()["text"]
