"""Reports over HTTP: rows, series, filters and refusals, by docs/RULES.md."""

import pytest

from service.commands.folding import fold
from service.ledger import Ledger
from tests.builders import a_registration, a_trade
from tests.conftest import Caller


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
    """A resident who is registered for ever is often recorded as valid until 9999-12-31."""
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
