"""The report on what went on after the market, over HTTP: figures worked out by hand, filters, files and refusals."""

import csv
import datetime
import io
from typing import Any

import openpyxl
import pytest

from service.commands.processing_folding import fold_transfers
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.small_transfers import call_back, register_enterprises, send_on

REPORT = "/v1/reports/processing"


def _market(ledger: Ledger, admin: Caller) -> None:
    """Two enterprises; in June three imports of 1,000 kg and an export, one more import in May a year before."""
    admin.register(3)
    register_enterprises(ledger, 2)
    for resident, category, amount, day in (
        (1, "meat", "6000.00", "2024-06-03"),
        (2, "meat", "3000.00", "2024-06-04"),
        (3, "grain", "1000.00", "2024-06-04"),
        (1, "meat", "500.00", "2023-06-05"),
    ):
        _trade(admin, resident, category, amount, day)
    _trade(admin, 1, "grain", "7000.00", "2024-06-04", direction="export", origin="CN")


def _trade(admin: Caller, resident: int, category: str, amount: str, day: str, **more: str) -> None:
    body = a_trade(
        resident_id=f"R{resident:08d}", category=category, amount_cny=amount, quantity_kg="1000",
        traded_at=f"{day}T10:00:00+08:00", **more,
    )  # fmt: skip
    assert admin.trade(body).status_code == 201


JULY = datetime.date(2024, 7, 1)


def _asked(admin: Caller, query: str) -> dict[str, Any]:
    answer = admin.get(f"{REPORT}?{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.get_json()
    return document


def test_a_trade_in_two_parts_is_one_and_the_share_is_of_the_imports(ledger: Ledger, admin: Caller) -> None:
    _market(ledger, admin)
    send_on(ledger, 1, "processing", datetime.date(2024, 6, 4), {1: 1_000_000}, paid_fen=7000_00)
    send_on(ledger, 1, "processing", datetime.date(2024, 6, 5), {2: 250_000})
    send_on(ledger, 2, "secondary_market", JULY, {2: 250_000})
    document = _asked(admin, "period=2024-06&by=enterprise_id&compare=none")
    assert document["on"] == "traded"
    assert document["total"] == {
        "amount_cny": {"current": "7500.00"},
        "quantity_kg": {"current": "1500.000"},
        "paid_cny": {"current": "7000.00"},
        "transactions": {"current": 2},
        "residents": {"current": 2},
        "enterprises": {"current": 2},
        "share_of_imports_pct": {"current": "75.00"},
    }
    assert [(row["key"]["enterprise_id"], row["share_pct"]) for row in document["rows"]] == [
        ("E00000001", "90.00"),
        ("E00000002", "10.00"),
    ]
    assert document["rows"][0]["share_of_imports_pct"] == {"current": "67.50"}
    assert document["rows"][1]["transactions"] == {"current": 1}


def test_the_share_is_under_the_keys_of_the_row_by_the_trades_day_in_both_ways(ledger: Ledger, admin: Caller) -> None:
    _market(ledger, admin)
    send_on(ledger, 1, "processing", JULY, {1: 1_000_000, 3: 100_000})
    by_category = _asked(admin, "period=2024-06&by=category&compare=none")["rows"]
    assert {row["key"]["category"]: row["share_of_imports_pct"]["current"] for row in by_category} == {
        "meat": "66.67",
        "grain": "10.00",
    }
    assert _asked(admin, "period=2024-06&on=transferred")["rows"] == []
    moved = _asked(admin, "from=2024-06-01&to=2024-07-31&by=month&on=transferred")
    [row] = moved["rows"]
    assert row["key"] == {"month": "2024-07"}
    assert row["amount_cny"]["current"] == "6100.00"
    assert row["share_of_imports_pct"]["current"] is None, "nothing was imported in July"
    assert row["share_of_imports_pct"]["reason"] == "no_imports"
    assert moved["total"]["share_of_imports_pct"]["current"] == "61.00"


def test_a_row_of_which_nothing_went_on_has_its_imports_all_the_same(ledger: Ledger, admin: Caller) -> None:
    """The row stands because something went on in the other period: its share is 0, and not unknown."""
    _market(ledger, admin)
    send_on(ledger, 1, "processing", JULY, {4: 500_000})
    for by in ("by=category", "by=category,enterprise_id", "by=month,category"):
        [row] = _asked(admin, f"period=2024-06&{by}")["rows"]
        share = row["share_of_imports_pct"]
        assert (share["current"], share["base"], share["growth_pct"]) == ("0.00", "50.00", "-100.00"), by
        [other] = _asked(admin, f"period=2023-06&{by}&compare=custom&base_from=2024-06-01&base_to=2024-06-30")["rows"]
        share = other["share_of_imports_pct"]
        assert (share["current"], share["base"], share["reason"]) == ("50.00", "0.00", "base_zero"), by


def test_a_row_without_transfers_of_the_days_has_the_share_of_its_trades(ledger: Ledger, admin: Caller) -> None:
    """By the day of transfer nothing went on in the base, and its trades have gone on all the same, a year later."""
    _market(ledger, admin)
    send_on(ledger, 1, "processing", datetime.date(2024, 6, 10), {1: 1_000_000, 4: 500_000})
    [row] = _asked(admin, "period=2024-06&by=purpose&on=transferred")["rows"]
    assert row["amount_cny"]["base"] == "0.00"
    share = row["share_of_imports_pct"]
    assert (share["current"], share["base"]) == ("60.00", "50.00")


def test_shares_are_compared_as_figures_are(ledger: Ledger, admin: Caller) -> None:
    _market(ledger, admin)
    send_on(ledger, 1, "processing", JULY, {1: 1_000_000, 4: 500_000})
    total = _asked(admin, "period=2024-06")["total"]
    assert total["share_of_imports_pct"] == {
        "current": "60.00", "base": "50.00", "change": "10.00", "growth_pct": "20.00", "ratio": "1.2000",
        "reason": None,
    }  # fmt: skip
    assert total["amount_cny"]["base"] == "250.00"
    without_base = _asked(admin, "period=2023-06")["total"]["share_of_imports_pct"]
    assert without_base == {
        "current": "50.00", "base": None, "change": None, "growth_pct": None, "ratio": None, "reason": "no_imports",
    }  # fmt: skip


def test_filters_narrow_what_went_on_and_the_imports_that_they_can(ledger: Ledger, admin: Caller) -> None:
    _market(ledger, admin)
    send_on(ledger, 1, "processing", JULY, {1: 1_000_000})
    send_on(ledger, 2, "secondary_market", JULY, {3: 1_000_000})
    path = "period=2024-06&compare=none"
    shown = {
        more: (total["amount_cny"]["current"], total["share_of_imports_pct"]["current"])
        for more in (
            "&category=meat", "&enterprise_id=E00000002", "&purpose=processing", "&direction=export",
            "&direction=import,export", "&origin=RU", "&enterprise_id=E00000001,E00000002&trade_point=erenhot",
        )
        for total in [_asked(admin, path + more)["total"]]
    }  # fmt: skip
    assert shown == {
        "&category=meat": ("6000.00", "66.67"),
        "&enterprise_id=E00000002": ("1000.00", "10.00"),
        "&purpose=processing": ("6000.00", "60.00"),
        "&direction=export": ("0.00", None),
        "&direction=import,export": ("7000.00", "70.00"),
        "&origin=RU": ("0.00", None),
        "&enterprise_id=E00000001,E00000002&trade_point=erenhot": ("7000.00", "70.00"),
    }


@pytest.mark.parametrize(
    "query",
    [
        "", "period=2024&by=group_id", "period=2024&by=enterprise_id,purpose,category", "period=2024&purpose=eating",
        "period=2024&enterprise_id=E00000009", "period=2024&enterprise_id=1", "period=2024&on=posted",
        "period=2024&category=fish", "period=2024&settlement=西", "period=2024&trade_point=erenhto",
        "period=2024&group_id=G000009", "period=2024&nonsense=1", "period=2024&by=direction",
    ],
)  # fmt: skip
def test_a_bad_question_is_refused(ledger: Ledger, admin: Caller, query: str) -> None:
    answer = admin.get(f"{REPORT}?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["errors"]


def test_each_transfer_and_each_reversal_changes_the_tag_and_a_fold_changes_no_figure(
    ledger: Ledger, admin: Caller
) -> None:
    _market(ledger, admin)
    path = f"{REPORT}?period=2024-06&by=purpose"
    tags, totals = [], []

    def look() -> None:
        answer = admin.get(path)
        assert answer.headers["Hushi-Position"] == answer.get_json()["position"]
        tags.append(answer.headers["ETag"])
        totals.append(answer.get_json()["total"]["amount_cny"]["current"])
        assert admin.get(path, headers={"If-None-Match": tags[-1]}).status_code == 304

    look()
    number = send_on(ledger, 1, "processing", JULY, {1: 1_000_000})
    look()
    assert fold_transfers(ledger) == 1
    look()
    call_back(ledger, number)
    look()
    fold_transfers(ledger)
    look()
    assert totals == ["0.00", "6000.00", "6000.00", "0.00", "0.00"]
    assert len(set(tags[:2] + tags[3:4])) == 3
    assert admin.get(path, headers={"If-None-Match": tags[1]}).status_code == 200


def test_the_files_have_the_figures_of_the_document(ledger: Ledger, admin: Caller) -> None:
    _market(ledger, admin)
    send_on(ledger, 1, "processing", JULY, {1: 1_000_000})
    query = f"{REPORT}?period=2024-06&by=enterprise_id,purpose"
    rows = list(csv.DictReader(io.StringIO(admin.get(f"{query}&format=csv").text.lstrip("\ufeff"))))
    assert rows[0]["enterprise_id"] == "E00000001"
    assert rows[0]["purpose"] == "processing"
    assert rows[0]["share_of_imports_pct.current"] == "60.00"
    assert rows[0]["share_of_imports_pct.reason"] == "base_zero", "the base had imports, and none of them went on"
    assert rows[1]["amount_cny.current"] == "6000.00"
    for on, said in (("traded", "交易日"), ("transferred", "流转日")):
        answer = admin.get(f"{query}&format=xlsx&on={on}")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
        footer = {row[0].value: row[1].value for row in sheet.iter_rows(max_col=2)}
        assert (footer["归属日"], footer["单位"]) == (said, "元、千克、笔、人、家、%")
        assert ("-transferred-" in answer.headers["Content-Disposition"]) == (on == "transferred")
