"""The report of warnings: live trades by code and by who recorded them, over HTTP and on a terminal."""

import csv
import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest

from service.commands.folding import fold
from service.domain.warnings import codes_of
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.recounting import read_journal
from tests.servers import call_hushi

ADDRESS = "/v1/reports/warnings?period=2024"


@pytest.fixture
def desks(call: Callable[..., Caller]) -> list[Caller]:
    """Two keys, and three residents."""
    first, second = call(), call("transactions:write", "reports:read", "transactions:read")
    first.register(3)
    return [first, second]


def post_some(desks: list[Caller]) -> None:
    """Trades of two desks, before and after the first day that is not verified; one is reversed."""
    first, second = desks
    first.trade(a_trade(traded_at="2024-03-01T10:00:00+08:00", hs_code="029900"))
    first.trade(a_trade(traded_at="2024-05-01T10:00:00+08:00", hs_code="029900", category="meat"))
    second.trade(a_trade(resident_id="R00000002", category="grain", commodity="小麦", trade_point="erenhot-city"))
    gone = second.trade(a_trade(resident_id="R00000003", category="grain", hs_code=None)).get_json()
    second.trade(a_trade(resident_id="R00000003", traded_at="2023-12-31T10:00:00+08:00", hs_code="029900"))
    second.reverse(gone["transaction_id"])


def recounted(ledger: Ledger, **wanted: Any) -> dict[tuple[str, int | None], int]:
    """The same from a plain recount of the journal."""
    entries = read_journal(ledger)
    reversed_ids = {entry.reverses for entry in entries}
    live = [entry for entry in entries if entry.reverses is None and entry.transaction_id not in reversed_ids]
    kept = [
        entry
        for entry in live
        if entry.day.year == 2024 and all(getattr(entry, name) == value for name, value in wanted.items())
    ]
    return Counter((code, entry.recorded_by) for entry in kept for code in codes_of(entry))


def counted(document: dict[str, Any]) -> dict[tuple[str, int | None], int]:
    """The rows of the report."""
    rows = document["rows"]
    return {(row["code"], row["recorded_by"] and row["recorded_by"]["id"]): row["transactions"] for row in rows}


@pytest.mark.parametrize("folded", [False, True])
def test_it_counts_live_trades_by_code_and_by_who_recorded_them(
    ledger: Ledger, desks: list[Caller], folded: bool
) -> None:
    post_some(desks)
    if folded:
        fold(ledger)
    answer = desks[0].get(ADDRESS)
    document = answer.get_json()
    assert list(document) == ["period", "filters", "total", "rows", "through", "position"]
    assert counted(document) == recounted(ledger)
    assert counted(document) == {
        ("weight-not-checked", 2): 1, ("rule-not-verified", 1): 1, ("rule-not-verified", 2): 1,
        ("back-dated", 1): 2, ("back-dated", 2): 1, ("hs-code-unknown", 1): 2,
    }  # fmt: skip
    assert document["total"] == [
        {"code": "weight-not-checked", "transactions": 1}, {"code": "rule-not-verified", "transactions": 2},
        {"code": "back-dated", "transactions": 3}, {"code": "hs-code-unknown", "transactions": 2},
    ]  # fmt: skip
    assert document["rows"][0]["recorded_by"] == {"id": 2, "name": "test"}
    assert answer.headers["Hushi-Position"] == document["position"] == ("1.0" if folded else "0.6")
    assert desks[0].get(ADDRESS, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [("category=meat", {"category": "meat"}), ("trade_point=erenhot-city", {"trade_point": "erenhot-city"})],
)
def test_filters_narrow_it(ledger: Ledger, desks: list[Caller], asked: str, wanted: dict[str, Any]) -> None:
    post_some(desks)
    document = desks[0].get(f"{ADDRESS}&{asked}").get_json()
    assert counted(document) == recounted(ledger, **wanted)
    assert 0 < sum(counted(document).values()) < sum(recounted(ledger).values())


def test_a_group_and_a_settlement_narrow_it_as_well(ledger: Ledger, desks: list[Caller]) -> None:
    post_some(desks)
    group = desks[0].post("/v1/groups", {"name": "东", "kind": "village"}).get_json()["group_id"]
    assert desks[0].get(f"{ADDRESS}&group_id={group}").get_json()["rows"] == []
    assert desks[0].get(f"{ADDRESS}&settlement=nowhere").status_code == 422
    assert desks[0].get(f"{ADDRESS}&category=fish").status_code == 422


def test_an_entry_from_before_anybody_was_recorded_counts_for_nobody(ledger: Ledger, desks: list[Caller]) -> None:
    from service.storage import journal

    post_some(desks)
    old = read_journal(ledger)[0]
    number = int(old.transaction_id) + 1
    with ledger.database.writing() as connection:
        journal.insert(
            connection, [old._replace(transaction_id=type(old.transaction_id)(int=number), recorded_by=None)]
        )
    assert counted(desks[0].get(ADDRESS).get_json())["hs-code-unknown", None] == 1


def test_nothing_is_an_empty_report_and_what_can_not_be_asked_is_refused(desks: list[Caller]) -> None:
    document = desks[0].get(ADDRESS).get_json()
    assert (document["total"], document["rows"]) == ([], [])
    assert desks[0].get(f"{ADDRESS}&compare=yoy").status_code == 422
    assert desks[0].get("/v1/reports/warnings").status_code == 422


def test_it_needs_the_scope_of_reports(call: Callable[..., Caller]) -> None:
    assert call("transactions:read").get(ADDRESS).status_code == 403


def test_it_is_a_table_for_programs_and_a_workbook_for_people(desks: list[Caller]) -> None:
    post_some(desks)
    rows = list(csv.reader(io.StringIO(desks[0].get(f"{ADDRESS}&format=csv").get_data().decode("utf-8-sig"))))
    assert rows[0] == ["code", "recorded_by_id", "recorded_by_name", "transactions.current"]
    assert ["rule-not-verified", "2", "test", "1"] in rows
    assert ["rule-not-verified", "total", "", "2"] in rows
    book = openpyxl.load_workbook(io.BytesIO(desks[0].get(f"{ADDRESS}&format=xlsx").get_data()))
    cells = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(max_col=4)]
    assert cells[0][:3] == ["提示", "经办密钥编号", "经办"]
    assert ["当日规则尚未核实", "合计", None, 2] in [[value or None for value in row] for row in cells]


def test_the_command_prints_it(desks: list[Caller], environment: dict[str, str]) -> None:
    post_some(desks)
    asked = ("report", "warnings", "--period", "2024")
    printed = call_hushi(environment, *asked, "--lang", "en")
    assert printed.exit_code == 0, printed.stderr
    assert "Unusual price" not in printed.stdout
    assert "No such HS heading" in printed.stdout
    as_csv = call_hushi(environment, *asked, "--format", "csv")
    assert "hs-code-unknown,total,,2" in as_csv.stdout
