"""Reports over HTTP: the golden history, before and after folding and in between, and the rules of the contract."""

import datetime
import io
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from service.commands.folding import fold, fold_all
from service.ledger import Ledger
from tests.builders import a_key, a_registration, a_trade
from tests.cases import read_cases
from tests.conftest import Caller

RESIDENTS, STEPS, REPORTS = read_cases("history")


def _play(caller: Caller, steps: list[Any], after_each: Callable[[int], object] = lambda _: None) -> None:
    accepted: list[str] = []
    for number, step in enumerate(steps):
        answer = caller.reverse(accepted[step["reverse"]]) if "reverse" in step else caller.trade(step["post"])
        if "post" in step and answer.status_code == 201:
            accepted.append(answer.get_json()["transaction_id"])
        after_each(number)


def _query(report: dict[str, Any]) -> dict[str, str]:
    return {
        "from": report["from"],
        "to": report["to"],
        "by": ",".join(report["by"]),
        "compare": report["compare"],
        **{name: ",".join(values) for name, values in report["filters"].items()},
    }


def _compare_with_golden_reports(caller: Caller) -> None:
    for expected in REPORTS["reports"]:
        answer = caller.get("/v1/reports/trade", query_string=_query(expected))
        assert answer.status_code == 200, answer.text
        document = answer.get_json()
        base = document["base_period"]
        assert (None if base is None else [base["from"], base["to"]]) == expected["base_period"]
        assert document["total"] == expected["total"]
        rows = [{name: value for name, value in row.items() if name != "share_pct"} for row in document["rows"]]
        assert sorted(rows, key=lambda row: sorted(row["key"].items())) == sorted(
            expected["rows"], key=lambda row: sorted(row["key"].items())
        )


@pytest.mark.parametrize("moment", ["never folded", "folded at the end", "folded every ten steps", "folded every step"])
def test_the_golden_reports_are_the_same_whenever_the_tail_is_folded(
    ledger: Ledger, admin: Caller, moment: str
) -> None:
    admin.register(RESIDENTS["residents"])
    every = {"folded every ten steps": 10, "folded every step": 1}.get(moment)
    _play(admin, STEPS["steps"], lambda number: every and number % every == 0 and fold(ledger))
    if moment == "folded at the end":
        _compare_with_golden_reports(admin)
        fold_all(ledger)
    _compare_with_golden_reports(admin)


def test_a_report_that_was_asked_before_each_step_follows_the_ledger(ledger: Ledger, admin: Caller) -> None:
    """The cube of the process is brought up to date from wherever it stood, prepared or not."""
    admin.register(RESIDENTS["residents"])
    reporter = admin.client.application.extensions["hushi"].reporter

    def ask_and_fold(number: int) -> None:
        admin.get("/v1/reports/trade?period=2024&by=category,origin")
        if number % 7 == 0:
            fold(ledger)
        if number % 5 == 0:
            reporter.stay_warm()
            reporter.stay_warm()

    _play(admin, STEPS["steps"], ask_and_fold)
    _compare_with_golden_reports(admin)


def test_rows_stand_in_the_order_of_the_contract_with_their_share(admin: Caller) -> None:
    admin.register(3)
    for resident, category, amount in (("1", "meat", "100.00"), ("2", "wool", "250.00"), ("3", "grain", "50.00")):
        admin.trade(a_trade(resident_id=f"R0000000{resident}", category=category, amount_cny=amount))
    document = admin.get("/v1/reports/trade?period=2024&by=category").get_json()
    assert [(row["key"]["category"], row["share_pct"]) for row in document["rows"]] == [
        ("wool", "62.50"),
        ("meat", "25.00"),
        ("grain", "12.50"),
    ]


def test_time_rows_ascend_and_bear_no_share(admin: Caller) -> None:
    admin.register(1)
    for day in ("2024-03-05", "2024-01-05", "2024-02-05"):
        admin.trade(a_trade(traded_at=f"{day}T10:00:00+08:00"))
    rows = admin.get("/v1/reports/trade?period=2024-Q1&by=month").get_json()["rows"]
    assert [row["key"] for row in rows] == [{"month": "2024-01"}, {"month": "2024-02"}, {"month": "2024-03"}]
    assert all("share_pct" not in row for row in rows)


def test_residents_are_counted_once_over_months_categories_and_points(admin: Caller) -> None:
    admin.register(1)
    for month, category in ((1, "meat"), (2, "grain"), (2, "wool")):
        admin.trade(a_trade(traded_at=f"2024-0{month}-05T10:00:00+08:00", category=category))
    total = admin.get("/v1/reports/trade?period=2024&compare=none").get_json()["total"]
    assert (total["transactions"], total["participations"], total["residents"]) == (
        {"current": 3},
        {"current": 2},
        {"current": 1},
    )


def test_an_unchanged_report_is_answered_with_304(ledger: Ledger, admin: Caller) -> None:
    admin.register(1)
    path = "/v1/reports/trade?period=2024&by=category"
    first = admin.get(path)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert not first.headers["ETag"].startswith("W/")
    assert admin.get(path, headers=tag).status_code == 304
    assert admin.get(path + "&compare=none", headers=tag).status_code == 200
    admin.trade(a_trade())
    changed = admin.get(path, headers=tag)
    assert changed.status_code == 200
    assert changed.headers["Hushi-Position"] == changed.get_json()["position"] == "0.1"
    fold(ledger)
    assert admin.get(path).get_json()["position"] == "1.0"


@pytest.mark.parametrize(
    "query",
    [
        "", "period=2024&ytd=2024-04-30", "from=2024-01-01", "from=2024-02-01&to=2024-01-01", "period=2024-13",
        "from=2014-01-01&to=2024-06-30", "period=2024&by=color", "period=2024&by=day,month",
        "period=2024&category=fish", "period=2024&by=category,origin,direction", "period=2024&origin=XX",
        "period=2024&group_id=G000009", "period=2024&compare=last", "period=2024&nonsense=1",
        "period=2024&direction=sideways", "period=2024&format=pdf", "period=2024&period=2023",
        "period=2024&by=category,category", "period=２０２４",
    ],
)  # fmt: skip
def test_a_bad_question_is_refused(admin: Caller, query: str) -> None:
    answer = admin.get(f"/v1/reports/trade?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.get_json()["code"] == "validation-failed"
    assert answer.get_json()["errors"]


def test_places_that_nothing_in_the_ledger_bears_are_refused_until_something_does(
    ledger: Ledger, admin: Caller
) -> None:
    """A misspelled trade point must not look like one without trade; the first trade there makes it known at once."""
    admin.register(1, settlement="东")
    for report in ("trade?", "residents?", "brief?", "series?measure=residents&interval=month&"):
        path = f"/v1/reports/{report}period=2024"
        assert admin.get(f"{path}&trade_point=erenhot&settlement=东").status_code == 200
        for name, value in (("trade_point", "erenhot-2"), ("trade_point", "erenhot,erenhto"), ("settlement", "西")):
            refused = admin.get(f"{path}&{name}={value}")
            assert refused.status_code == 422, refused.text
            assert refused.get_json()["errors"][0]["pointer"] == f"/{name}"
    path = "/v1/reports/trade?period=2024&compare=none"
    for number, folding in enumerate((False, True), start=2):
        admin.trade(a_trade(trade_point=f"erenhot-{number}"))
        if folding:
            fold(ledger)
        for more in ("", "&settlement=东", "&by=group_id"):
            found = admin.get(f"{path}&trade_point=erenhot-{number}{more}").get_json()["total"]["transactions"]
            assert found == {"current": 1}
    admin.post("/v1/residents", a_registration(1, settlement="西"))
    assert admin.get(f"{path}&settlement=西").get_json()["total"]["transactions"] == {"current": 0}


@pytest.mark.parametrize("period", ["period=9999-12-31", "period=1900-01-01", "from=1900-01-01&to=1909-12-31"])
def test_the_ends_of_the_calendar_are_days_like_others(admin: Caller, period: str) -> None:
    """Who is registered for ever is often written as valid until 9999-12-31."""
    admin.register(1, valid_until="9999-12-31", registered_on="1999-12-31")
    for report in ("trade?", "residents?", "brief?", "series?measure=residents&interval=month&"):
        for compare in ("yoy", "previous", "none"):
            answer = admin.get(f"/v1/reports/{report}{period}&compare={compare}")
            assert answer.status_code == 200, answer.text
    stock = admin.get(f"/v1/reports/residents?{period}&compare=none").get_json()["total"]["registered_at_end"]
    assert stock == {"current": 1 if "9999" in period else 0}
    for month in ("1900-01", "9999-12"):
        assert admin.get(f"/v1/reports/bulletin?month={month}").status_code == 200


@pytest.mark.parametrize(
    ("query", "says", "says_not"),
    [
        ("trade?period=2024&by=category,origin,direction", "up to 1 of day, month, quarter, year", None),
        ("residents?period=2024&by=settlement,group_id", "up to 1 of settlement, group_id", "month"),
        ("series?period=2024&measure=residents&interval=day&by=category,origin,direction", "up to 2 of", "month"),
        ("bulletin?month=2024-13", "YYYY-MM", "H1"),
        ("bulletin?month=2024-4", "YYYY-MM", "H1"),
        ("bulletin?month=2024-H1", "YYYY-MM", "H1"),
    ],
)
def test_a_refusal_speaks_of_what_this_report_takes(admin: Caller, query: str, says: str, says_not: str | None) -> None:
    detail = admin.get(f"/v1/reports/{query}").get_json()["errors"][0]["detail"]
    assert says in detail
    assert says_not is None or says_not not in detail


def test_filters_may_be_repeated_or_have_commas(admin: Caller) -> None:
    admin.register(1)
    for category in ("meat", "grain", "wool"):
        admin.trade(a_trade(category=category))
    with_commas = admin.get("/v1/reports/trade?period=2024&category=meat,wool").get_json()
    repeated = admin.get("/v1/reports/trade?period=2024&category=wool&category=meat").get_json()
    assert with_commas == repeated
    assert with_commas["total"]["transactions"]["current"] == 2


def test_the_residents_report_counts_stocks_flows_and_who_took_part(admin: Caller) -> None:
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    admin.register(2, registered_on="2023-05-01", settlement="东")
    for ordinal, day in ((2, "2024-02-01"), (3, "2024-06-01")):
        admin.post("/v1/residents", a_registration(ordinal, registered_on=day, settlement="西", group_id=group))
    admin.post("/v1/residents/R00000001/status", {"status": "cancelled", "reason": "x", "effective_on": "2024-03-01"})
    admin.trade(a_trade(resident_id="R00000003", traded_at="2024-03-05T10:00:00+08:00", amount_cny="100.01"))
    admin.trade(a_trade(resident_id="R00000003", traded_at="2024-03-06T10:00:00+08:00", amount_cny="100.00"))

    document = admin.get("/v1/reports/residents?period=2024-Q1&by=settlement").get_json()

    current = {name: value["current"] for name, value in document["total"].items()}
    assert current == {
        "registered_at_start": 2, "registered_at_end": 2, "registered_in_period": 1, "cancelled_in_period": 1,
        "participating": 1, "participations": 2, "amount_per_participation_cny": "100.01",
    }  # fmt: skip
    assert document["total"]["registered_at_end"]["base"] == 0
    assert [(row["key"]["settlement"], row["registered_at_end"]["current"]) for row in document["rows"]] == [
        ("东", 1),
        ("西", 1),
    ]
    by_group = admin.get("/v1/reports/residents?period=2024&by=group_id").get_json()["rows"]
    assert {row["key"]["group_id"]: row["registered_at_end"]["current"] for row in by_group} == {group: 2, None: 1}


def test_a_series_has_no_gaps(admin: Caller) -> None:
    admin.register(1)
    admin.trade(a_trade(traded_at="2024-02-05T10:00:00+08:00"))
    path = "/v1/reports/series?period=2024-Q1&measure=amount_cny&interval=month"
    document = admin.get(path).get_json()
    assert document["buckets"] == ["2024-01", "2024-02", "2024-03"]
    assert document["series"] == [{"key": {}, "current": ["0.00", "1000.00", "0.00"], "base": ["0.00", "0.00", "0.00"]}]
    by_category = admin.get(path + "&by=category&compare=none").get_json()["series"]
    assert by_category == [{"key": {"category": "meat"}, "current": ["0.00", "1000.00", "0.00"]}]


def test_the_base_of_the_leap_day_is_zero_in_a_series_as_in_the_report(admin: Caller) -> None:
    admin.register(1)
    for day in ("2023-02-28", "2024-02-28", "2024-02-29"):
        admin.trade(a_trade(traded_at=f"{day}T10:00:00+08:00"))
    asked = "from=2024-02-28&to=2024-02-29"
    rows = admin.get(f"/v1/reports/trade?{asked}&by=day").get_json()["rows"]
    for measure in ("amount_cny", "transactions"):
        line = admin.get(f"/v1/reports/series?{asked}&measure={measure}&interval=day").get_json()["series"][0]
        assert line["base"] == [row[measure]["base"] for row in rows]
    assert line["base"] == [1, 0]


def test_the_residents_report_follows_each_registration_status_and_membership(admin: Caller) -> None:
    """A process keeps the registry in memory, and brings it up to date before each question."""
    path = "/v1/reports/residents?period=2024&compare=none&by=group_id"

    def registered() -> dict[str | None, int]:
        rows = admin.get(path).get_json()["rows"]
        return {row["key"]["group_id"]: row["registered_at_end"]["current"] for row in rows}

    assert registered() == {}
    admin.register(2, registered_on="2023-05-01")
    assert registered() == {None: 2}
    group = admin.post("/v1/groups", {"name": "a", "kind": "village"}).get_json()["group_id"]
    admin.post(f"/v1/groups/{group}/members", {"resident_ids": ["R00000002"]})
    assert registered() == {None: 1, group: 1}
    admin.post("/v1/residents/R00000002/status", {"status": "cancelled", "reason": "x", "effective_on": "2024-03-01"})
    assert admin.get(path).get_json()["total"]["cancelled_in_period"] == {"current": 1}
    assert admin.get(path).get_json()["total"]["registered_at_end"] == {"current": 1}


def test_the_brief_says_what_its_figures_allow(admin: Caller) -> None:
    admin.register(2, registered_on="2023-02-01")
    for ordinal in range(2, 8):
        admin.post("/v1/residents", a_registration(ordinal, registered_on="2024-02-01"))
    admin.trade(a_trade(traded_at="2023-03-05T10:00:00+08:00", amount_cny="500.00"))
    for resident in range(1, 4):
        admin.trade(
            a_trade(resident_id=f"R0000000{resident + 2}", traded_at="2024-03-05T10:00:00+08:00", amount_cny="2500.00")
        )
    admin.trade(a_trade(traded_at="2024-04-05T10:00:00+08:00", category="wool", amount_cny="500.00"))
    path = "/v1/reports/brief?ytd=2024-04-30"
    document = admin.get(path).get_json()
    assert "8000元" in document["text"]
    assert "同比增长15倍" in document["text"]
    assert "翻两番" in document["text"]
    claims = {claim["measure"]: claim for claim in document["claims"]}
    assert claims["amount_cny"]["current"] == "8000.00"
    assert claims["amount_cny"]["base"] == "500.00"
    assert claims["registered_at_end"]["current"] == 8
    assert claims["registered_at_end"]["base"] == 2
    assert claims["category:wool"]["current"] == 1
    assert all(claim["phrase"] in document["text"] for claim in document["claims"])
    assert document["registered_on"] == "2024-04-30"
    assert document["registered_base_on"] == "2023-12-31"
    for lang in ("en", "mn"):
        other = admin.get(f"{path}&lang={lang}").get_json()
        assert [claim["measure"] for claim in other["claims"]] == [claim["measure"] for claim in document["claims"]]
    narrowed = admin.get(f"{path}&category=meat&lang=en").get_json()
    assert narrowed["text"].endswith("(Only category: meat.)")
    assert admin.get(f"{path}&lang=fr").status_code == 422


def test_a_brief_of_a_period_that_is_not_over_ends_today_and_so_does_its_base(ledger: Ledger, admin: Caller) -> None:
    """Eleven months are not compared with twelve."""
    admin.register(1, registered_on="2023-05-01")
    today = ledger.today()
    document = admin.get(f"/v1/reports/brief?period={today.year}").get_json()
    so_far = admin.get(f"/v1/reports/brief?ytd={today}").get_json()
    assert document["registered_on"] == document["period"]["to"] == today.isoformat()
    assert document["base_period"]["to"][:4] == str(today.year - 1)
    assert {**document, "position": ""} == {**so_far, "position": ""}


@pytest.mark.parametrize("lang", ["zh", "en", "mn"])
def test_a_brief_of_a_future_period_states_the_stock_of_today_and_compares_nothing(
    ledger: Ledger, admin: Caller, lang: str
) -> None:
    admin.register(1, registered_on="2023-05-01")
    admin.trade(a_trade())
    document = admin.get(f"/v1/reports/brief?period={ledger.today().year + 1}&lang={lang}").get_json()
    assert document["registered_on"] == ledger.today().isoformat()
    assert document["base_period"] is None
    assert {claim["base"] for claim in document["claims"]} == {None}
    for path in ("trade?period=9999&format=xlsx", "bulletin?month=9999-12&format=xlsx"):
        book = openpyxl.load_workbook(io.BytesIO(admin.get(f"/v1/reports/{path}").data))
        cells = [str(cell) for row in book.worksheets[0].iter_rows(values_only=True) for cell in row]
        assert any(ledger.today().isoformat() in cell for cell in cells), path


def test_a_brief_compares_residents_with_the_end_of_the_year_before_its_cut_off(admin: Caller) -> None:
    admin.register(1, registered_on="2023-05-01")
    document = admin.get("/v1/reports/brief?from=2023-12-01&to=2024-02-29").get_json()
    assert (document["registered_on"], document["registered_base_on"]) == ("2024-02-29", "2023-12-31")
    stock = next(claim for claim in document["claims"] if claim["measure"] == "registered_at_end")
    assert (stock["current"], stock["base"]) == (1, 1)


def test_a_good_of_the_season_is_not_new_against_the_previous_period(admin: Caller) -> None:
    admin.register(1)
    for day, category in (("2023-05-05", "wool"), ("2024-04-05", "meat"), ("2024-05-05", "wool")):
        admin.trade(a_trade(traded_at=f"{day}T10:00:00+08:00", category=category))
    path = "/v1/reports/brief?period=2024-05&lang=en&compare="
    assert "new" not in admin.get(path + "previous").get_json()["text"]
    admin.trade(a_trade(traded_at="2024-05-05T10:00:00+08:00", category="grain"))
    assert "grain is a new category" in admin.get(path + "yoy").get_json()["text"]


def _postable(amount: str) -> Iterator[str]:
    """An amount in parts that one trade may have; none of nothing."""
    left, most = Decimal(amount), Decimal("9999999999.99")
    while left:
        yield f"{min(left, most):.2f}"
        left -= min(left, most)


def test_the_golden_comparisons_are_met_by_posted_trades(admin: Caller) -> None:
    """Each case on a day of its own and a year before; what no live trade can be, a negative sum, is a pure test's."""
    admin.register(1)
    cases = [case for case in read_cases("growth") if "-" not in case["current"] + case["base"]]
    first = datetime.date(2023, 3, 1)
    days = [first + datetime.timedelta(days=number) for number in range(len(cases))]
    assert len(cases) >= 10
    trades = [
        a_trade(key=a_key(), traded_at=f"{when}T10:00:00+08:00", amount_cny=part)
        for day, case in zip(days, cases, strict=True)
        for when, amount in ((day, case["base"]), (day.replace(year=2024), case["current"]))
        for part in _postable(amount)
    ]
    posted = admin.post("/v1/transactions/batch", {"items": trades})
    assert posted.get_json()["accepted"] == len(trades), posted.text
    for day, case in zip(days, cases, strict=True):
        total = admin.get(f"/v1/reports/trade?period={day.replace(year=2024)}").get_json()["total"]
        assert total["amount_cny"] == case


@pytest.mark.parametrize("compare", ["yoy", "previous"])
def test_the_golden_base_periods_are_met(admin: Caller, compare: str) -> None:
    for case in read_cases("base_periods"):
        path = f"/v1/reports/trade?from={case['from']}&to={case['to']}&compare={compare}"
        assert list(admin.get(path).get_json()["base_period"].values()) == case[compare]
