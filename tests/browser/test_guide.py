"""The clerk's guide (docs/clerk-guide.zh.md): its pictures are taken here, and the words it quotes are the pages' own.

`HUSHI_GUIDE_PICTURES=docs/guide python -m pytest tests/browser/test_guide.py` takes them again. Look at each one then.
"""

import datetime
import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from service.domain.transactions import business_day
from tests.browser.guided import CLERK, Guide, Guided, is_word
from tests.servers import environment_of_new_ledger, serving

DOCS = pathlib.Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "clerk-guide.zh.md"
TRUCK = {"consignment": "EL-2026-0417", "vehicle_plate": "蒙H12345", "seller": "乌兰巴托肉类公司"}
MEAT = {
    "category": "meat",
    "commodity": "熟牛肉",
    "hs_code": "16025010",
    "quantity_kg": "2640",
    "amount_cny": "44008.80",
}
ENTRIES = 10
"""What the clerk of the guide records: three trades, a reversal, and six parts of a truck."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guided]:
    """The market of the guide, served by a process of its own."""
    folder = tmp_path_factory.mktemp("guided")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Guided(server, environment)
        found.fill()
        found.make_price_usual("冻马肉", str(_today() - datetime.timedelta(days=2)))
        yield found


def _today() -> datetime.date:
    return business_day(datetime.datetime.now(datetime.UTC))


def _sign_in(guide: Guide) -> None:
    guide.page.goto(f"{guide.bureau.address}/signin?next=/record")
    guide.picture("sign-in", "main.signin")


def _goods(guide: Guide) -> None:
    guide.open("record")
    guide.fill(
        "", category="meat", commodity="冻马肉", hs_code="02050000", origin="MN", price="22", vehicle_plate="蒙H10001"
    )
    guide.picture("goods", "#entering .heading", "#kept")
    guide.page.click("#pin")


def _find(guide: Guide, resident: str) -> None:
    guide.page.fill("#who-is", resident)
    guide.page.press("#who-is", "Enter")
    guide.page.wait_for_selector("#allowance-text")


def _counter(guide: Guide) -> None:
    """A trade with pinned goods, and its receipt; then a number that may be two."""
    _find(guide, "R00000001")
    guide.page.fill("#quantity_kg", "120.5")
    guide.page.wait_for_selector("#verdict.exempt")
    guide.picture("counter", "#desk", "#finding", "#post")
    guide.page.press("#quantity_kg", "Enter")
    guide.page.wait_for_selector("#qr", timeout=15_000)
    guide.picture("receipt", "#receipt")
    _find(guide, "R00000002")
    guide.page.fill("#quantity_kg", "2.300")
    guide.page.wait_for_selector("#quantity_kg-decimal")
    guide.picture("number", "#pinned-line", "#each")


def _questions(guide: Guide) -> None:
    """What the page asks before it posts: here a price, and what is above the allowance."""
    guide.page.click("#pin")
    guide.fill("", price="80", quantity_kg="110")
    guide.page.wait_for_selector("#verdict .warning")
    guide.picture("warnings", "#verdict")
    guide.page.press("#quantity_kg", "Enter")
    guide.page.wait_for_selector("#asking[open] .asked")
    guide.page.wait_for_selector("#ask-yes:enabled")
    guide.picture("question", "#asking")
    guide.page.click("#ask-no")
    guide.fill("", price="22", quantity_kg="45")
    guide.page.wait_for_selector("#verdict.exempt")


def _no_network(guide: Guide) -> None:
    """The answer to a post is lost. The same trade is sent again, and posted once."""

    def lose(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    guide.page.route("**/v1/transactions", lose, times=1)
    guide.page.press("#quantity_kg", "Enter")
    guide.page.wait_for_selector("#retry")
    guide.picture("network", "#refusal")
    guide.page.click("#retry")
    guide.page.wait_for_selector("#posted")


def _correct(guide: Guide) -> None:
    guide.page.click("#correct")
    guide.page.wait_for_selector("#correct-yes:enabled")
    guide.picture("correct", "#asking")
    guide.page.click("#correct-yes")
    guide.page.wait_for_selector("#correct-nothing")
    guide.page.wait_for_selector("#allowance-text")
    guide.picture("correcting", "#entering .heading", "#correcting")
    guide.page.fill("#quantity_kg", "54")
    guide.page.press("#quantity_kg", "Enter")
    guide.page.wait_for_selector("#correcting", state="hidden")


def _truck(guide: Guide) -> None:
    guide.open("consignments")
    guide.fill("register-", **TRUCK)
    guide.fill("register-0-", **MEAT)
    guide.picture("truck", "#registering")
    guide.page.click("#register-send")
    guide.page.wait_for_selector("#truck:not([hidden])")
    guide.page.select_option("#split-group_id", "G000001")
    guide.picture("split", "#truck", "#splitting")
    guide.page.click("#split-send")
    guide.page.wait_for_selector("#split-post:enabled")
    guide.picture("proposal", "#proposal")
    guide.page.click("#split-post")
    guide.page.wait_for_selector("#proposal-tools #print")
    guide.picture("truck-list", "#proposal")
    guide.page.fill("#undo-reason", "货物退回")
    guide.page.press("#undo-reason", "Enter")
    guide.page.wait_for_selector("#undo-yes:enabled")
    guide.picture("undo", "#undoing")
    guide.page.click("#undo-no")


def _mandates(guide: Guide) -> None:
    guide.page.click("#giving summary")
    guide.fill("give-", representative_id="R00000007", group_id="G000001")
    guide.page.click("#give-send")
    guide.page.wait_for_selector("#mandates-found tbody tr")
    guide.picture("mandates", "#mandating")


def _residents(guide: Guide) -> None:
    guide.open("residents")
    guide.page.fill("#find-who", "乌")
    guide.page.press("#find-who", "Enter")
    guide.page.wait_for_selector("#found button")
    guide.page.click("#found button >> nth=0")
    guide.page.wait_for_selector("#allowance-text")
    guide.picture("resident", "#finding", "#card")
    guide.fill("register-", name="白玉兰", id_number="152501199001011238", settlement="锡林社区")
    guide.picture("register", "#registering")


def _day(guide: Guide) -> None:
    guide.open("transactions")
    guide.page.wait_for_selector("#rows tbody")
    guide.page.select_option("#find-recorded_by", label=CLERK)
    guide.page.click("#search button[type=submit]")
    guide.page.wait_for_url("**recorded_by=*")
    guide.page.wait_for_selector("#trades[aria-busy=false]")
    guide.page.wait_for_selector(f"#rows tbody tr:nth-child({ENTRIES}):last-child")
    guide.picture("day", "#search", "#found-title", "#rows tbody tr:nth-child(4)")
    guide.page.click("#to-handover")
    guide.page.wait_for_selector("#handover-rows")
    guide.picture("handover", "#handover-title", "#handover-category")
    guide.picture("handover-signed", "#handover-rows", ".signatures")


WALK = [_sign_in, _goods, _counter, _questions, _no_network, _correct, _truck, _mandates, _residents, _day]


def test_the_guide_shows_each_picture_and_no_other(guide: Guide) -> None:
    for step in WALK:
        step(guide)
    named = re.findall(r"!\[[^\]]+\]\(guide/([a-z-]+)\.png\)", GUIDE.read_text("utf-8"))
    assert sorted(named) == sorted(guide.taken)
    assert sorted(path.stem for path in (DOCS / "guide").iterdir()) == sorted(guide.taken)


def test_the_guide_quotes_the_words_of_the_pages() -> None:
    quoted = re.findall("「([^」]+)」", GUIDE.read_text("utf-8"))
    assert len(quoted) > 50
    assert [each for each in quoted if not is_word(each)] == []
