"""The mark of invented figures: on every page of a ledger that the demo has filled, and on no other ledger's."""

import io
import pathlib
from collections.abc import Callable

import openpyxl
import pytest

from service.cli.welcome import welcome_text
from service.demo.mark import ROUTE, is_demo, trade_digest
from service.domain.idempotency import key_digest
from service.domain.keys import OPERATOR_KEY_ID
from service.http.web.page_links import PAGES
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.demo_ledger import fill_a_little

BULLETIN = "/v1/reports/bulletin?month=2024-04"
MARKS = {"zh": "虚构", "en": "invented", "mn": "зохиомол"}


def test_a_ledger_that_the_demo_has_filled_is_marked_on_every_page(
    ledger: Ledger, call: Callable[..., Caller], admin: Caller
) -> None:
    fill_a_little(ledger)
    stranger = call(None)
    assert 'data-demo="ytd=2024-04-30"' in stranger.get("/").text
    for path in (page.address for page in PAGES.values()):
        assert '<p class="demo" data-word="demo">' in stranger.get(path).text
    for lang, mark in MARKS.items():
        page = admin.get(f"{BULLETIN}&format=html&lang={lang}").text
        assert mark in page.partition("</header>")[0]
        assert mark in page.partition("<footer>")[2]
        book = openpyxl.load_workbook(io.BytesIO(admin.get(f"{BULLETIN}&format=xlsx&lang={lang}").data))
        for sheet in book.worksheets:
            assert any(mark in str(row[0]) for row in sheet.iter_rows(values_only=True)), sheet.title


def test_any_other_ledger_is_not(ledger: Ledger, call: Callable[..., Caller], admin: Caller) -> None:
    """Not even one whose caller sends the demo's own key: a key counts within its API key and route."""
    admin.register(1)
    assert admin.trade(a_trade(), key="trade-0").status_code == 201
    assert not is_demo(ledger)
    for path in (page.address for page in PAGES.values()):
        page = call(None).get(path).text
        assert "data-demo" not in page
        assert 'class="demo"' not in page
    assert 'class="demo"' not in admin.get(f"{BULLETIN}&format=html").text


def test_the_mark_is_the_first_trade_of_the_demo() -> None:
    assert trade_digest(0) == key_digest(OPERATOR_KEY_ID, ROUTE, "trade-0")
    assert len({trade_digest(number) for number in range(3)}) == 3


@pytest.mark.parametrize("is_filled", [True, False])
def test_the_link_of_a_demo_leads_to_the_days_that_it_shows(
    ledger: Ledger, tmp_path: pathlib.Path, is_filled: bool
) -> None:
    if is_filled:
        fill_a_little(ledger)
    leads_there = "/signin?next=%2F%3Fytd%3D2024-04-30#key=hushi_" in welcome_text(ledger, tmp_path, 8123)
    assert leads_there == is_filled
