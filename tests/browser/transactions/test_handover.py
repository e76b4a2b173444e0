"""The hand-over list: every entry of a clerk's span, its totals, its cash, and a place to sign."""

from decimal import Decimal
from typing import Any

import pytest

from tests.browser.transactions.hall import CLERKS, Hall, Visitor, sums_of


def _open_list(visitor: Visitor, hall: Hall, clerk: int) -> list[dict[str, Any]]:
    """The list of one clerk, opened by the link of the day's list; returns what that clerk recorded, oldest first."""
    visitor.open(hall, key=hall.clerk_keys[clerk])
    visitor.turn("#to-handover")
    visitor.page.wait_for_selector("#handover-rows")
    entries = [entry for entry in hall.entries() if entry["recorded_by"]["name"] == CLERKS[clerk]]
    return entries[::-1]


@pytest.mark.parametrize("clerk", [0, 1])
def test_the_list_has_each_entry_of_the_clerk_in_a_line(hall: Hall, visitor: Visitor, clerk: int) -> None:
    entries = _open_list(visitor, hall, clerk)
    rows = visitor.page.eval_on_selector_all(
        "#handover-rows tbody tr", "all => all.map(r => [...r.cells].map(c => c.textContent))"
    )
    assert [row[0] for row in rows] == [str(n + 1) for n in range(len(entries))]
    shown = [(row[1], row[2], row[5].replace(",", "").replace("−", "-")) for row in rows]
    assert shown == [
        (entry["recorded_at"].replace("T", " ")[:19], entry["resident_id"], entry["amount_cny"]) for entry in entries
    ]
    assert CLERKS[clerk] in visitor.text(".signatures")
    assert CLERKS[clerk] in visitor.text("#handover .scope")
    assert visitor.complaints == []


def test_its_totals_are_those_of_the_live_trades_and_its_cash_that_of_all_entries(hall: Hall, visitor: Visitor) -> None:
    entries = _open_list(visitor, hall, 1)
    gone = {entry["reverses"] for entry in hall.entries()}
    live = [each for each in entries if each["kind"] == "trade" and each["transaction_id"] not in gone]
    sums = sums_of(live)
    for table in ("#handover-category", "#handover-verdict"):
        cells = visitor.page.eval_on_selector_all(f"{table} tfoot td", "all => all.map(c => c.textContent)")
        told = [cell.replace(",", "") for cell in cells]
        assert told == [sums["transactions"], sums["quantity_kg"], sums["amount_cny"], sums["taxable_cny"]]
    cash = visitor.text("#handover dl").replace(",", "").replace("−", "-")
    for kinds in (["trade"], ["reversal"], ["trade", "reversal"]):
        taxable = sum((Decimal(each["taxable_cny"]) for each in entries if each["kind"] in kinds), Decimal(0))
        assert f"{taxable:.2f} CNY" in cash, kinds
    assert f"{len(entries)}: " in cash
    for edge in (entries[0], entries[-1]):
        assert edge["transaction_id"] in cash


def test_a_span_of_hours_is_chosen_and_kept_in_the_address(hall: Hall, visitor: Visitor) -> None:
    entries = _open_list(visitor, hall, 0)
    today = hall.today()
    visitor.page.fill("#find-recorded_from", f"{today}T00:00:00")
    visitor.page.fill("#find-recorded_to", f"{today}T00:00:01")
    visitor.page.click("#search button[type=submit]")
    visitor.page.wait_for_url("**recorded_to=*T00:00:01**")
    visitor.wait_for_rows()
    visitor.wait_until("document.querySelectorAll('#handover-rows tbody tr').length === 0")
    assert visitor.page.input_value("#find-recorded_to").startswith(f"{today}T00:00:01")
    visitor.page.go_back()
    visitor.wait_until(f"document.querySelectorAll('#handover-rows tbody tr').length === {len(entries)}")


def test_what_is_printed_is_the_list_alone(hall: Hall, visitor: Visitor) -> None:
    _open_list(visitor, hall, 0)
    visitor.page.emulate_media(media="print")
    for shown in ("#handover-rows", "#handover-category", ".signatures"):
        assert visitor.page.is_visible(shown), shown
    for hidden in ("#search", "#print-handover", ".pages", "footer", "h1"):
        assert not visitor.page.is_visible(hidden), hidden
