"""Reports as CSV and XLSX: the same figures as in JSON, readable by a spreadsheet, harmless in it."""

import csv
import datetime
import io
from typing import Any

import openpyxl
import pytest

from service.domain.errors import ValidationFailed
from service.queries.reports import Reporter
from service.rendering.exports import csv_of, xlsx_of
from tests.builders import a_registration, a_trade
from tests.conftest import Caller

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LAST_DAY = datetime.date(2024, 12, 31)
PATH = "/v1/reports/trade?period=2024&by=category,settlement"


@pytest.fixture
def market(admin: Caller) -> Caller:
    """Two residents, one of a settlement whose name is a formula."""
    admin.post("/v1/residents", a_registration(0, settlement="=1+1"))
    admin.post("/v1/residents", a_registration(1, settlement="东社区"))
    for resident, category, amount in ((1, "meat", "1234.56"), (2, "wool", "7999.99"), (2, "wool", "0.02")):
        admin.trade(a_trade(resident_id=f"R0000000{resident}", category=category, amount_cny=amount, quantity_kg="1.5"))
    return admin


def _csv(text: bytes) -> list[list[str]]:
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.endswith(b"\r\n")
    return list(csv.reader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def _sheet(data: bytes) -> list[tuple[Any, ...]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


def test_csv_has_the_figures_of_the_json_document(market: Caller) -> None:
    document = market.get(PATH).get_json()
    answer = market.get(PATH + "&format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hushi-trade-2024-01-01-2024-12-31.csv"'
    headings, *rows, total = _csv(answer.data)
    assert headings[:4] == ["category", "settlement", "share_pct", "amount_cny.current"]
    amount = headings.index("amount_cny.current")
    people = headings.index("residents.growth_pct")
    assert [row[amount] for row in rows] == [row["amount_cny"]["current"] for row in document["rows"]]
    assert [row[people] for row in rows] == ["", ""]
    assert total[:4] == ["total", "", "", document["total"]["amount_cny"]["current"]]


def test_a_settlement_that_looks_like_a_formula_stays_text(market: Caller) -> None:
    rows = _csv(market.get(PATH + "&format=csv").data)
    assert {row[1] for row in rows[1:-1]} == {"'=1+1", "东社区"}
    cells = {row[1] for row in _sheet(market.get(PATH + "&format=xlsx").data)[2:4]}
    assert cells == {"=1+1", "东社区"}
    workbook = openpyxl.load_workbook(io.BytesIO(market.get(PATH + "&format=xlsx").data))
    assert all(cell.data_type != "f" for row in workbook.worksheets[0].iter_rows() for cell in row)


def test_the_figures_of_a_brief_have_the_formats_of_their_measures(market: Caller) -> None:
    book = openpyxl.load_workbook(io.BytesIO(market.get("/v1/reports/brief?period=2024&format=xlsx").data))
    formats = {row[1].value: row[2].number_format for row in book.worksheets[0].iter_rows(min_row=3) if row[2].value}
    assert formats["交易额（元）"] == "#,##0.00"
    assert formats["人次"] == formats["期末备案人数"] == "#,##0"


def test_xlsx_has_chinese_headings_real_numbers_and_a_footer(market: Caller) -> None:
    answer = market.get(PATH + "&category=meat,wool&format=xlsx")
    assert answer.content_type == XLSX
    rows = _sheet(answer.data)
    assert rows[0][:4] == ("品类", "社区（嘎查）", "占比（%）", "交易额（元）")
    assert rows[1][3:9] == ("本期", "基期", "增减", "增长（%）", "倍数", "说明")
    assert rows[2][0] == "绒毛"
    assert rows[2][3] == 8000.01
    assert isinstance(rows[2][3], float)
    assert rows[2][8] == "基期为零"
    assert rows[4][0] == "合计"
    assert rows[4][3] == 9234.57
    footer = {row[0]: row[1] for row in rows[5:] if row[0]}
    assert footer["统计期"] == "2024-01-01 至 2024-12-31"
    assert footer["对比期"] == "2023-01-01 至 2023-12-31"
    assert footer["数据位置"] == answer.headers["Hushi-Position"] == "0.3"
    assert footer["筛选"] == "品类：肉类、绒毛"


def test_the_same_state_gives_the_same_bytes(market: Caller) -> None:
    assert market.get(PATH + "&format=xlsx").data == market.get(PATH + "&compare=yoy&format=xlsx").data


def test_accept_chooses_unless_format_does(market: Caller) -> None:
    types = {
        accept: market.get(PATH, headers={"Accept": accept}).content_type.partition(";")[0]
        for accept in (
            "text/csv", XLSX, "application/json", "*/*", "text/html", "text/csv;q=0.1, application/json",
            "text/csv; charset=utf-8",
        )
    }  # fmt: skip
    assert types == {
        "text/csv; charset=utf-8": "text/csv",
        "text/csv": "text/csv", XLSX: XLSX, "application/json": "application/json", "*/*": "application/json",
        "text/html": "application/json", "text/csv;q=0.1, application/json": "application/json",
    }  # fmt: skip
    assert market.get(PATH + "&format=json", headers={"Accept": "text/csv"}).content_type == "application/json"


def test_each_representation_has_its_own_tag(market: Caller) -> None:
    tags = {}
    for accept in ("application/json", "text/csv", XLSX):
        tags[accept] = market.get(PATH, headers={"Accept": accept}).headers["ETag"]
        again = market.get(PATH, headers={"Accept": accept, "If-None-Match": tags[accept]})
        assert again.status_code == 304
    assert len(set(tags.values())) == 3
    assert market.get(PATH, headers={"Accept": "text/csv", "If-None-Match": tags[XLSX]}).status_code == 200


def test_residents_series_and_brief_are_files_as_well(market: Caller) -> None:
    residents = _csv(market.get("/v1/reports/residents?period=2024&format=csv").data)
    assert residents[0][:2] == ["row", "registered_at_start.current"]
    assert residents[1][0] == "total"
    path = "/v1/reports/series?period=2024-Q2&measure=amount_cny&interval=month&by=category"
    series = _csv(market.get(path + "&format=csv").data)
    assert series[0] == [
        "month", "category=wool.current", "category=wool.base", "category=meat.current", "category=meat.base"
    ]  # fmt: skip
    assert series[3] == ["2024-06", "8000.01", "0.00", "1234.56", "0.00"]
    sheet = _sheet(market.get(path + "&format=xlsx").data)
    assert sheet[0][:2] == ("月份", "绒毛")
    assert sheet[4][1] == 8000.01
    brief = _csv(market.get("/v1/reports/brief?period=2024&format=csv").data)
    assert brief[0] == ["phrase", "measure", "current", "base", "growth_pct", "ratio"]
    assert _sheet(market.get("/v1/reports/brief?period=2024&format=xlsx").data)[0][0] == "表述"
    english = _sheet(market.get("/v1/reports/brief?period=2024&format=xlsx&lang=en").data)
    assert english[0][:2] == ("Phrase", "Indicator")


def test_a_number_with_more_digits_than_a_spreadsheet_has_is_text() -> None:
    document: dict[str, Any] = {
        "period": {"from": "2024-01-01", "to": "2024-12-31"}, "base_period": None, "by": [], "filters": {},
        "total": {"amount_cny": {"current": "12345678901234.56"}}, "rows": [], "position": "1.0",
    }  # fmt: skip
    assert _sheet(xlsx_of(document, LAST_DAY))[2][1] == "12345678901234.56"


def test_the_total_is_the_same_in_every_format(market: Caller) -> None:
    """Each figure of the total, and not only those that a reader looks at first."""
    total = market.get(PATH).get_json()["total"]
    flat = {f"{measure}.{part}": value for measure, parts in total.items() for part, value in parts.items()}
    names, *_, last = _csv(market.get(PATH + "&format=csv").data)
    assert dict(zip(names[3:], last[3:], strict=True)) == {
        name: "" if value is None else str(value) for name, value in flat.items()
    }
    row = next(row for row in _sheet(market.get(PATH + "&format=xlsx").data) if row[0] == "合计")
    for (name, value), shown in zip(flat.items(), row[3:], strict=True):
        if not name.endswith("reason") and value is not None:
            assert shown == float(value), name


@pytest.mark.parametrize("form", ["json", "csv", "xlsx"])
def test_304_is_answered_without_computing(market: Caller, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    tag = market.get(f"{PATH}&format={form}").headers["ETag"]
    monkeypatch.setattr(Reporter, "trade", lambda *_: pytest.fail("The report was computed."))
    assert market.get(f"{PATH}&format={form}", headers={"If-None-Match": tag}).status_code == 304


def test_what_a_sheet_can_not_hold_is_refused_and_not_cut() -> None:
    """XlsxWriter drops cells beyond the last column silently; CSV has no such limit."""
    lines = [{"key": {"group_id": f"G{number:06d}"}, "current": [1]} for number in range(17_000)]
    document = {
        "period": {"from": "2024-01-01", "to": "2024-01-31"}, "base_period": None, "filters": {}, "series": lines,
        "measure": "transactions", "interval": "month", "buckets": ["2024-01"], "position": "1.0",
    }  # fmt: skip
    assert len(_csv(csv_of(document))[0]) == 17_001
    with pytest.raises(ValidationFailed):
        xlsx_of(document, LAST_DAY)


def test_columns_are_as_wide_as_their_texts(admin: Caller) -> None:
    admin.post("/v1/residents", a_registration(0, settlement="东" * 20))
    admin.trade(a_trade(resident_id="R00000001"))
    data = admin.get("/v1/reports/trade?period=2024&by=settlement&format=xlsx").data
    assert openpyxl.load_workbook(io.BytesIO(data)).worksheets[0].column_dimensions["A"].width > 40
