"""compare=custom over HTTP: every report names the base period that was asked for, and counts it as a recount does."""

import datetime
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.commands.folding import fold
from service.ledger import Ledger
from tests.builders import a_trade
from tests.conftest import Caller
from tests.servers import call_hushi

FIRST, LAST = datetime.date(2022, 1, 1), datetime.date(2024, 3, 31)
CUSTOM = "compare=custom&base_from=2022-01-01&base_to=2022-03-31"
NAMED = {"from": "2022-01-01", "to": "2022-03-31"}
REPORTS = (
    "trade", "trade?by=category", "trade?by=month", "residents", "residents?by=settlement", "processing",
    "processing?by=month", "processing?on=transferred&by=category", "brief",
    "series?measure=amount_cny&interval=month",
)  # fmt: skip

Trade = tuple[datetime.date, int, str]
"""A live trade as this test knows it: its day, its amount in fen, its category."""


def _path(report: str, asked: str) -> str:
    return f"/v1/reports/{report}{'&' if '?' in report else '?'}{asked}"


def _ask(caller: Caller, report: str, asked: str) -> Any:
    answer = caller.get(_path(report, asked))
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def trades() -> list[Trade]:
    """A trade on every ninth day of three years, each with another amount."""
    days = (LAST - FIRST).days + 1
    return [
        (FIRST + datetime.timedelta(days=n), 100 + n * n, ("meat", "grain", "wool")[n % 3]) for n in range(0, days, 9)
    ]


@pytest.fixture
def market(ledger: Ledger, admin: Caller, trades: Sequence[Trade]) -> Caller:
    """A caller of a market with these trades; a part of them is folded."""
    admin.register(1, registered_on="2021-06-01")
    for place, (day, fen, category) in enumerate(trades):
        body = a_trade(traded_at=f"{day}T10:00:00+08:00", amount_cny=f"{fen // 100}.{fen % 100:02d}", category=category)
        assert admin.trade(body).status_code == 201
        if place == len(trades) // 2:
            fold(ledger)
    return admin


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_names_the_base_that_was_asked_for(market: Caller, report: str) -> None:
    assert _ask(market, report, f"period=2024-Q1&{CUSTOM}")["base_period"] == NAMED
    for form in ("csv", "xlsx"):
        assert market.get(_path(report, f"period=2024-Q1&{CUSTOM}&format={form}")).status_code == 200
    workbook = market.get(_path(report, f"period=2024-Q1&{CUSTOM}&format=xlsx"))
    cells = [cell.value for row in openpyxl.load_workbook(io.BytesIO(workbook.data)).worksheets[0] for cell in row]
    assert "2022-01-01 至 2022-03-31" in cells


@pytest.mark.parametrize("report", REPORTS)
def test_reports_of_other_bases_are_told_apart(market: Caller, report: str) -> None:
    bases = [CUSTOM, CUSTOM.replace("03-31", "03-30"), CUSTOM.replace("2022-01-01", "2022-01-02"), "compare=yoy"]
    paths = [_path(report, f"period=2024-Q1&{base}") for base in bases]
    tags = [market.get(path).headers["ETag"] for path in paths]
    assert len(set(tags)) == len(bases)
    for path, base in zip(paths, bases, strict=True):
        # Each is answered from memory by now.
        told = market.get(path)
        assert told.get_json()["base_period"]["to"] in base or base == "compare=yoy"
        assert market.get(path, headers={"If-None-Match": tags[bases.index(base)]}).status_code == 304
        assert market.get(path, headers={"If-None-Match": tags[bases.index(base) - 1]}).status_code == 200


def test_the_year_before_by_its_days_is_answered_as_the_year_before(market: Caller) -> None:
    by_name = "compare=custom&base_from=2023-01-01&base_to=2023-03-31"
    for report in (*REPORTS[:-2], "trade?by=day", "trade?by=category,quarter", REPORTS[-1]):
        assert _ask(market, report, f"period=2024-Q1&{by_name}") == _ask(market, report, "period=2024-Q1"), report


_day = datetime.date.fromisoformat
days = st.dates(FIRST, LAST)


def test_every_figure_is_that_of_a_recount(market: Caller, trades: Sequence[Trade]) -> None:
    def total(start: str, end: str, category: str | None = None) -> int:
        """Fen that were traded in these days, counted one by one."""
        return sum(
            fen for day, fen, of in trades if start <= day.isoformat() <= end and (category is None or of == category)
        )

    def fen(text: str) -> int:
        return int(text.replace(".", ""))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(period=st.tuples(days, days), base=st.tuples(days, days))
    def counts(period: tuple[datetime.date, ...], base: tuple[datetime.date, ...]) -> None:
        (start, end), (first, last) = ([day.isoformat() for day in sorted(ends)] for ends in (period, base))
        asked = f"from={start}&to={end}&compare=custom&base_from={first}&base_to={last}"
        report = _ask(market, "trade?by=category", asked)
        assert report["base_period"] == {"from": first, "to": last}
        amounts = [fen(report["total"]["amount_cny"][part]) for part in ("current", "base", "change")]
        assert amounts == [total(start, end), total(first, last), total(start, end) - total(first, last)]
        for row in report["rows"]:
            now, before = (fen(row["amount_cny"][part]) for part in ("current", "base"))
            assert now == total(start, end, row["key"]["category"])
            assert before == total(first, last, row["key"]["category"])
        drawn = _ask(market, "series?measure=amount_cny&interval=day", asked)["series"][0]
        assert sum(map(fen, drawn["current"])) == total(start, end)
        assert sum(map(fen, drawn["base"])) <= total(first, last)
        is_of_other_days = start[8:] != first[8:]
        if is_of_other_days and len(drawn["current"]) >= (_day(last) - _day(first)).days + 1:
            assert sum(map(fen, drawn["base"])) == total(first, last)

    counts()


def test_a_bucket_of_another_length_is_compared_with_the_one_of_its_number(market: Caller) -> None:
    asked = "period=2023-H1&compare=custom&base_from=2022-01-10&base_to=2022-04-30"
    rows = _ask(market, "trade?by=month", asked)["rows"]
    assert [row["key"]["month"] for row in rows] == [f"2023-0{n}" for n in range(1, 7)]
    bases = [row["amount_cny"]["base"] for row in rows]
    alone = _ask(market, "trade?by=month", "from=2022-01-10&to=2022-04-30&compare=none")["rows"]
    assert bases[:4] == [row["amount_cny"]["current"] for row in alone]
    assert [row["amount_cny"]["reason"] for row in rows[4:]] == ["no_base_day"] * 2


def test_the_stock_of_registered_residents_is_compared_with_the_end_of_the_base(market: Caller) -> None:
    stocks = {}
    for end in ("2021-05-31", "2021-06-30"):
        asked = f"period=2024-Q1&compare=custom&base_from=2021-05-01&base_to={end}"
        stocks[end] = _ask(market, "residents", asked)["total"]["registered_at_end"]["base"]
    assert stocks == {"2021-05-31": 0, "2021-06-30": 1}


@pytest.mark.parametrize(
    ("lang", "named", "unsaid"),
    [
        ("zh", "较2022年第一季度", ("同比", "环比", "上年同期")),
        ("en", "the first quarter of 2022", ("year on year", "a year earlier", "previous period")),
        ("mn", "2022 оны нэгдүгээр улирлын үе", ("өмнөх оны", "өмнөх үе")),
    ],
)
def test_a_brief_names_its_base(market: Caller, lang: str, named: str, unsaid: tuple[str, ...]) -> None:
    brief = _ask(market, "brief", f"period=2024-Q1&{CUSTOM}&lang={lang}")
    assert named in brief["text"]
    assert not [words for words in unsaid if words in brief["text"]]
    assert any(named in claim["phrase"] and claim["growth_pct"] for claim in brief["claims"])


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ("compare=custom", {"/base_from": "custom-base", "/base_to": "custom-base"}),
        ("compare=custom&base_from=2022-01-01", {"/base_to": "custom-base"}),
        ("base_from=2022-01-01&base_to=2022-03-31", {"/base_from": "custom-base", "/base_to": "custom-base"}),
        ("compare=previous&base_to=2022-03-31", {"/base_to": "custom-base"}),
        ("compare=custom&base_from=2022-03-31&base_to=2022-01-01", {"/base_to": "not-a-period"}),
        ("compare=custom&base_from=2010-01-01&base_to=2020-01-01", {"/base_to": "not-a-period"}),
        ("compare=custom&base_from=2022-02-30&base_to=2022-03-31", {"/base_from": "not-a-day"}),
        ("compare=custom&base_from=1899-12-31&base_to=1900-03-31", {"/base_from": "not-a-day"}),
    ],
)
def test_a_base_that_can_not_be_compared_with_is_refused(admin: Caller, asked: str, wrong: dict[str, str]) -> None:
    for report in REPORTS:
        answer = admin.get(_path(report, f"period=2024-Q1&{asked}"))
        assert answer.status_code == 422
        problem = answer.get_json()
        assert problem["code"] == "validation-failed"
        assert {error["pointer"]: error["code"] for error in problem["errors"]} == wrong
        assert all("Send" in error["detail"] for error in problem["errors"])


def test_warnings_are_compared_with_nothing(admin: Caller) -> None:
    problem = admin.get("/v1/reports/warnings?period=2024&base_from=2022-01-01").get_json()
    assert problem["errors"][0] == {
        "pointer": "/base_from", "code": "unknown-field", "detail": "This field is not known; leave it out.",
    }  # fmt: skip


def test_the_command_line_asks_the_same(market: Caller, environment: dict[str, str]) -> None:
    base = ("--compare", "custom", "--base-from", "2022-01-01", "--base-to", "2022-03-31")
    for name, more in (("trade", ("--by", "month")), ("residents", ()), ("processing", ()), ("brief", ())):
        told = call_hushi(environment, "report", name, "--period", "2024-Q1", *more, *base, "--format", "json")
        assert told.exit_code == 0, told.stderr
        query = "trade?by=month" if more else name
        assert told.stdout.encode() == market.get(_path(query, f"period=2024-Q1&{CUSTOM}")).data
    table = call_hushi(environment, "report", "trade", "--period", "2024-Q1", *base, "--lang", "en").stdout
    assert "2022-01-01 – 2022-03-31" in table
    refused = call_hushi(environment, "report", "trade", "--period", "2024-Q1", *base[:4])
    assert (refused.exit_code, "--base-to: Send base_from and base_to with compare=custom." in refused.stderr) == (
        2,
        True,
    )
