"""The tables of a bulletin about landing processing: the report of processing, by enterprise and by category."""

import datetime
import io
from typing import Any

import openpyxl
import pytest

from service.ledger import Ledger
from tests.conftest import Caller
from tests.http.bulletin.conftest import BULLETIN, MONTH, ask
from tests.small_transfers import call_back, live_imports, register_enterprises, send_on

APRIL = datetime.date(2024, 4, 30)
TABLES = {"processing_enterprises": "enterprise_id", "processing_categories": "category"}
TITLES = {
    "zh": ("落地加工（按企业）", "落地加工（按品类）"),
    "en": ("Processing by enterprise", "Processing by category"),
    "mn": ("Боловсруулалт, аж ахуйн нэгжээр", "Боловсруулалт, ангиллаар"),
}


@pytest.fixture
def processed(ledger: Ledger, market: Caller) -> Caller:
    """A caller of the market, a part of whose goods has gone on to two processors, and some to the second market."""
    register_enterprises(ledger, 2)
    with ledger.database.reading() as connection:
        places = live_imports(connection, APRIL)
    send_on(ledger, 1, "processing", APRIL, dict.fromkeys(places[::2], 1500), paid_fen=12_345)
    send_on(ledger, 2, "processing", APRIL, dict.fromkeys(places[1::4], 10**9))
    send_on(ledger, 2, "secondary_market", APRIL, dict.fromkeys(places[3::4], 700))
    call_back(ledger, send_on(ledger, 1, "processing", APRIL, dict.fromkeys(places[3::4], 500)))
    return market


def test_the_tables_are_those_of_the_report_of_processing(processed: Caller) -> None:
    bulletin = ask(processed, BULLETIN)
    for table, dimension in TABLES.items():
        report = ask(processed, f"/v1/reports/processing?period={MONTH}&purpose=processing&by={dimension}")
        assert bulletin[table] == report["rows"], table
        assert len(bulletin[table]) > 1
        assert bulletin["processing_total"] == report["total"]
    at_one_point = ask(processed, f"{BULLETIN}&trade_point=erenhot-city")
    asked = f"/v1/reports/processing?period={MONTH}&purpose=processing&by=category&trade_point=erenhot-city"
    assert at_one_point["processing_categories"] == ask(processed, asked)["rows"] != bulletin["processing_categories"]


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_the_workbook_and_the_page_have_both_tables_with_names(processed: Caller, lang: str) -> None:
    bulletin = ask(processed, BULLETIN)
    book = openpyxl.load_workbook(io.BytesIO(processed.get(f"{BULLETIN}&format=xlsx&lang={lang}").data))
    assert len(book.sheetnames) == 14
    for title, table in zip(TITLES[lang], TABLES, strict=True):
        title_row, headings, *rows = book[title].iter_rows(values_only=True)
        assert str(title_row[0]).startswith(title)
        assert len(headings) == 10
        told = [*bulletin[table], {**bulletin["processing_total"], "share_pct": "100.00"}]
        for cells, row in zip(rows, told, strict=False):
            assert [None if isinstance(cell, str) else cell for cell in cells[1:]] == _figures(row)
        assert len(rows) > len(told)
    names = [row[0] for row in book[TITLES[lang][0]].iter_rows(min_row=3, max_row=4, values_only=True)]
    assert sorted(map(str, names)) == ["企业1", "企业2"]
    page = processed.get(f"{BULLETIN}&format=html&lang={lang}").text
    assert page.count("<section ") == 14
    assert all(text in page for text in (*TITLES[lang], "企业1", "企业2"))


def _figures(row: dict[str, Any]) -> list[Any]:
    """The figures of a row of the document, as a sheet has them beside the key."""
    amount = row["amount_cny"]
    growth = None if amount["growth_pct"] is None else float(amount["growth_pct"])
    measures = ("quantity_kg", "paid_cny", "transactions", "residents", "share_of_imports_pct")
    figures = [row["share_pct"], amount["current"], amount["base"], *(row[name]["current"] for name in measures)]
    told = [float(figure) for figure in figures]
    return [*told[:3], growth, *told[3:]]


def test_a_market_without_processing_has_no_tables_about_it(market: Caller) -> None:
    bulletin = ask(market, BULLETIN)
    assert (bulletin["processing_enterprises"], bulletin["processing_categories"]) == ([], [])
    assert bulletin["processing_total"]["amount_cny"]["current"] == "0.00"
    assert TITLES["en"][0] not in market.get(f"{BULLETIN}&format=html&lang=en").text
