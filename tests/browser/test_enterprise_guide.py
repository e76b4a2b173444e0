"""The guide of deliveries (docs/enterprise-guide.zh.md): its pictures are taken here, and it quotes the pages' words.

`HUSHI_GUIDE_PICTURES=docs/enterprise-guide python -m pytest tests/browser/test_enterprise_guide.py` takes them again.
Look at each one then.
"""

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.delivery.yards import today
from tests.browser.guided import Guide, Guided, is_word
from tests.builders import a_credit_code, a_trade, an_enterprise
from tests.servers import environment_of_new_ledger, serving

DOCS = pathlib.Path(__file__).parents[2] / "docs"
GUIDE = DOCS / "enterprise-guide.zh.md"
PROCESSOR = "二连浩特市额仁肉业有限公司"
TRUCK = {"consignment": "EL-2026-0417", "vehicle_plate": "蒙H12345", "seller": "乌兰巴托肉类公司"}
MEAT = {
    "category": "meat",
    "commodity": "熟牛肉",
    "hs_code": "16025010",
    "quantity_kg": "2640",
    "amount_cny": "44008.80",
}
OTHER = "EL-2026-0418"
BUYERS = ("R00000007", "R00000008", "R00000009")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guided]:
    """The market of the guide, with a second truck that was traded already and a trader."""
    folder = tmp_path_factory.mktemp("delivered")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Guided(server, environment)
        found.fill()
        found.send("/v1/enterprises", an_enterprise(2, name="二连浩特市边贸商行", kinds=["trader"]))
        goods = {"commodity": "冻马肉", "hs_code": "02050000", "quantity_kg": "300", "amount_cny": "6600"}
        truck = {"consignment": OTHER, "vehicle_plate": "蒙H20002", "traded_at": f"{today()}T00:00:00+08:00"}
        trades = [a_trade(key=f"other-{one}", resident_id=one, **goods, **truck) for one in BUYERS]
        found.send("/v1/transactions/batch", {"atomic": True, "items": trades})
        yield found


def _register(guide: Guide) -> None:
    guide.open("enterprises")
    guide.fill("register-", name=PROCESSOR, credit_code=a_credit_code(1))
    guide.page.wait_for_selector("#credit-read.fits")
    guide.picture("register", "#registering")
    guide.page.click("#register-send")
    guide.page.wait_for_selector("#card-notice:not(:empty)")


def _truck(guide: Guide) -> None:
    """A truck is registered and split, as the clerk's guide shows; then the page leads to the transfers."""
    guide.open("consignments")
    guide.fill("register-", **TRUCK)
    guide.fill("register-0-", **MEAT)
    guide.page.click("#register-send")
    guide.page.wait_for_selector("#truck:not([hidden])")
    guide.page.select_option("#split-group_id", "G000001")
    guide.page.click("#split-send")
    guide.page.click("#split-post:enabled")
    guide.page.wait_for_selector("#truck-send")
    guide.picture("truck", "#truck")


def _send(guide: Guide) -> None:
    guide.page.click("#truck-send")
    guide.page.wait_for_selector("#goods:not([hidden])")
    guide.page.wait_for_selector("#send-send:focus")
    guide.picture("choose", "#choosing")
    guide.fill("send-", contract="HT-2026-011", invoice="26152000", paid_cny="45000")
    guide.picture("goods", "#goods")
    guide.page.click("#send-send")
    guide.page.wait_for_selector("#note-goods tbody tr")
    guide.page.wait_for_selector("#note-about dd:has-text('91152501')")
    guide.picture("note", "#note")


def _paper(guide: Guide) -> None:
    guide.page.set_viewport_size({"width": 760, "height": 1000})
    guide.page.emulate_media(media="print")
    guide.picture("paper", "#note")
    guide.page.emulate_media(media="screen", color_scheme="light")
    guide.page.set_viewport_size({"width": 1000, "height": 1400})


def _part(guide: Guide) -> None:
    """A part of one trade goes on; the answer is lost, and the same transfer is sent again."""
    guide.page.fill("#choose-consignment", OTHER)
    guide.page.press("#choose-consignment", "Enter")
    guide.page.wait_for_selector(f"#goods-title:has-text('{OTHER}')")
    weights = guide.page.locator("#goods-rows input")
    weights.nth(0).fill("120")
    weights.nth(2).fill("")
    guide.picture("part", "#goods-title", "#goods-rows", "#goods-sums")

    def lose(route: Any) -> None:
        route.fetch()
        route.abort("connectionreset")

    guide.page.route("**/v1/transfers", lose, times=1)
    guide.page.click("#send-send")
    guide.page.wait_for_selector("#waiting:not([hidden])")
    guide.picture("network", "#waiting")
    guide.page.click("#waiting-again")
    guide.page.wait_for_selector("#note-number:has-text('T00000002')")


def _undo(guide: Guide) -> None:
    guide.page.click("#undoing summary")
    guide.page.fill("#undo-reason", "送错企业")
    guide.page.press("#undo-reason", "Enter")
    guide.page.wait_for_selector("#undo-yes:enabled")
    guide.picture("undo", "#undoing")
    guide.page.click("#undo-no")


def _batch(guide: Guide) -> None:
    guide.page.click("#list-rows a[data-transfer=T00000001]")
    guide.page.wait_for_selector("#note-number:has-text('T00000001')")
    guide.page.click("#note-tools a[href^='/processing-batches']")
    guide.page.wait_for_selector("html[data-ready]")
    guide.page.wait_for_selector("#input-T00000001:checked")
    guide.fill("make-0-", commodity="酱牛肉", hs_code="16025010", quantity_kg="2217.6", amount_cny="133056")
    guide.page.wait_for_selector("#make-sums:has-text('84.00')")
    guide.picture("make", "#making")
    guide.page.click("#make-send")
    guide.page.wait_for_selector("#batch-outputs tbody tr")
    guide.picture("batch", "#batch")


def _trace(guide: Guide) -> None:
    guide.page.click("#batch-trace")
    guide.page.wait_for_selector("html[data-ready]")
    guide.page.wait_for_selector("#picture svg")
    guide.picture("trace", "#subject", "#picture")


def _looked_up(guide: Guide) -> None:
    guide.open("transfers")
    guide.page.wait_for_selector("#list-rows tbody tr:nth-child(2)")
    guide.picture("list", "#listing")
    guide.page.click("#list-rows a[data-transfer=T00000001]")
    guide.page.click("#note-tools a[href^='/enterprises']")
    guide.page.wait_for_selector("#taken-sums dd")
    guide.page.wait_for_selector("#taken-rows tbody tr:nth-child(2)")
    guide.picture("taken", "#card")


WALK = [_register, _truck, _send, _paper, _part, _undo, _batch, _trace, _looked_up]


def test_the_guide_shows_each_picture_and_no_other(guide: Guide) -> None:
    for step in WALK:
        step(guide)
    named = re.findall(r"!\[[^\]]+\]\(enterprise-guide/([a-z-]+)\.png\)", GUIDE.read_text("utf-8"))
    assert sorted(named) == sorted(guide.taken)
    assert sorted(path.stem for path in (DOCS / "enterprise-guide").iterdir()) == sorted(guide.taken)


def test_the_guide_quotes_the_words_of_the_pages() -> None:
    quoted = re.findall("「([^」]+)」", GUIDE.read_text("utf-8"))
    assert len(quoted) > 50
    assert [each for each in quoted if not is_word(each)] == []
