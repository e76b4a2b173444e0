"""A clerk's morning on a real server: the counter, a truck, two corrections, and the list that is handed over.

What the clerk typed is added up here by hand. The hand-over list, its rows, the totals of the page and the report of
trade must all say the same, to a gram and a fen.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.browser.record.counters import Counter
from tests.browser.record.morning import (
    CLERK,
    MEMBERS,
    PLAN,
    TRUCK,
    TRUCK_CNY,
    TRUCK_GOODS,
    TRUCK_KG,
    Goods,
    Morning,
    Sale,
    Sold,
)
from tests.servers import environment_of_new_ledger, serving

CORRECTIONS = 2
MEASURES = (
    "transactions", "participations", "residents", "quantity_kg", "amount_cny", "exempt_cny", "taxable_cny",
)  # fmt: skip


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Morning]:
    """A ledger without trades on SQLite, served by a process of its own."""
    folder = tmp_path_factory.mktemp("morning")
    environment = environment_of_new_ledger(folder)
    with serving(environment, folder / "log") as server:
        found = Morning(server, environment)
        found.fill()
        yield found


@pytest.fixture
def early(morning: Morning, chromium: Any) -> Iterator[Counter]:
    """The clerk, who reads Chinese."""
    found = Counter(morning, chromium, color_scheme="light", locale="zh")
    yield found
    found.context.close()


def _type_goods(clerk: Counter, goods: Goods, *, pin: bool) -> None:
    if clerk.page.get_attribute("#pin", "aria-pressed") == "true":
        clerk.page.click("#pin")
    for name in ("commodity", "hs_code", "price", "vehicle_plate"):
        clerk.page.fill(f"#{name}", getattr(goods, name))
    for name in ("category", "origin"):
        clerk.page.select_option(f"#{name}", getattr(goods, name))
    if pin:
        clerk.page.click("#pin")


def _sell(clerk: Counter, sold: Sold, resident: str, goods: Goods, weight: str) -> Sale:
    """A scan, a weight and Enter; what is taxed is asked about."""
    sale = Sale.typed(resident, goods, weight)
    clerk.scan(resident)
    clerk.page.keyboard.type(weight)
    clerk.page.keyboard.press("Enter")
    if sold.is_taxed(sale):
        assert "须缴税" in clerk.answer("#ask-yes")
    clerk.wait_for_text("#posted", f"{resident} · {goods.commodity} · {sale.kg:,.3f} 千克")
    sold.live.append(sale)
    return sale


def _correct_the_last(clerk: Counter, weight: str) -> None:
    """The weight of the last trade was wrong: it is reversed, and posted again with another weight."""
    clerk.page.click("#correct")
    clerk.answer("#correct-yes")
    clerk.page.wait_for_selector("#correct-nothing")
    clerk.page.wait_for_selector("#allowance-text")
    clerk.page.fill("#quantity_kg", weight)
    clerk.page.press("#quantity_kg", "Enter")
    clerk.page.wait_for_selector("#correcting", state="hidden")


def _work_at_the_counter(clerk: Counter, sold: Sold) -> None:
    """30 trades, half of them with pinned goods; the last trades of the first two goods are corrected."""
    clerk.open(lang="zh")
    for n, (goods, people, weights) in enumerate(PLAN):
        _type_goods(clerk, goods, pin=n % 2 == 0)
        for number, weight in zip(people, weights, strict=True):
            sale = _sell(clerk, sold, f"R{number:08d}", goods, weight)
        if n < CORRECTIONS:
            _correct_the_last(clerk, "130.5")
            sold.correct(sale, Sale.typed(sale.resident, goods, "130.5"))


def _split_the_truck(clerk: Counter, sold: Sold) -> list[list[str]]:
    """The truck is registered, split among the group and posted; returns the rows of the list that is printed."""
    page = clerk.page
    page.click("nav.pages a[href*='/consignments']")
    page.wait_for_selector("html[data-ready]")
    for name, value in TRUCK.items():
        page.fill(f"#register-{name}", value)
    lines = {"commodity": TRUCK_GOODS.commodity, "hs_code": TRUCK_GOODS.hs_code}
    for name, value in {**lines, "quantity_kg": TRUCK_KG, "amount_cny": TRUCK_CNY}.items():
        page.fill(f"#register-0-{name}", value)
    page.select_option("#register-0-category", TRUCK_GOODS.category)
    page.click("#register-send")
    page.wait_for_selector("#truck:not([hidden])")
    page.select_option("#split-group_id", "G000001")
    page.click("#split-send")
    page.click("#split-post:enabled")
    clerk.wait_for_text("#proposal-title", "拆分清单")
    page.emulate_media(media="print")
    assert page.is_visible("#proposal-parts")
    assert not page.is_visible("#registering")
    rows = _cells(clerk, "#proposal-parts tbody tr")
    assert TRUCK["consignment"] in clerk.text("#proposal-about")
    page.emulate_media(media="screen")
    sold.live += [Sale(row[1], TRUCK_GOODS, Decimal(row[4]), Decimal(row[5])) for row in rows]
    return rows


def _cells(clerk: Counter, rows: str) -> list[list[str]]:
    found: list[list[str]] = clerk.page.eval_on_selector_all(
        rows,
        "all => all.map(row => [...row.cells].map(c => c.textContent.replaceAll(',', '').replaceAll('−', '-')))",
    )
    return found


def _hand_over(clerk: Counter) -> list[list[str]]:
    """Goes by links to the list of the day; returns its rows."""
    clerk.page.click("nav.pages a[href*='/transactions']")
    clerk.page.wait_for_selector("#trades[aria-busy=false]")
    clerk.page.click("#to-handover")
    clerk.page.wait_for_selector("#handover-rows")
    assert CLERK in clerk.text("#handover .scope")
    assert CLERK in clerk.text(".signatures")
    return _cells(clerk, "#handover-rows tbody tr")


def _reported(morning: Morning, day: str) -> dict[str, str]:
    """What the report of trade says of the day."""
    total = morning.report(f"/v1/reports/trade?from={day}&to={day}&compare=none")["total"]
    return {name: str(figure["current"]) for name, figure in total.items() if name in MEASURES}


def test_a_morning_adds_up_in_the_list_that_is_handed_over(morning: Morning, early: Counter) -> None:
    sold = Sold()
    _work_at_the_counter(early, sold)
    printed = _split_the_truck(early, sold)
    assert len(printed) == MEMBERS
    assert sorted(row[1] for row in printed) == morning.members
    assert sum(Decimal(row[4]) for row in printed) == Decimal(TRUCK_KG)
    assert sum(Decimal(row[5]) for row in printed) == Decimal(TRUCK_CNY)

    rows = _hand_over(early)
    entries = morning.entries()
    day = str(entries[0]["day"])
    assert {entry["day"] for entry in entries} == {day}, "the morning is over before midnight"
    assert len(rows) == len(entries) == 30 + MEMBERS + 2 * CORRECTIONS
    assert [row[2] for row in rows] == [entry["resident_id"] for entry in entries]
    for column, name in ((4, "quantity_kg"), (5, "amount_cny"), (6, "taxable_cny")):
        assert sum(Decimal(row[column]) for row in rows) == Decimal(sold.totals()[name]), name

    totals = sold.totals()
    assert _reported(morning, day) == totals
    asked = morning.report(f"/v1/transactions/totals?from={day}&to={day}")
    assert {name: str(asked["total"][name]) for name in MEASURES} == totals
    assert asked["reversals"] == len(sold.corrected) == CORRECTIONS
    for table in ("#handover-category", "#handover-verdict"):
        (foot,) = _cells(early, f"{table} tfoot tr")
        assert foot[1:] == [totals[name] for name in ("transactions", "quantity_kg", "amount_cny", "taxable_cny")]
    by_category = {row[0]: row[1:] for row in _cells(early, "#handover-category tbody tr")}
    assert by_category == sold.by_category()
    for reversal in (entry for entry in entries if entry["kind"] == "reversal"):
        (new,) = (each for each in entries if each["metadata"] == {"corrects": reversal["reverses"]})
        assert new["resident_id"] == reversal["resident_id"]
    assert early.complaints == []
