"""A period that is not over: every report, figure, series and sentence is of its days so far, and so is its base.

See docs/RULES.md, A period that is not over.
"""

import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.periods import Compare, Period, base_period, month_end, year_to_date
from service.domain.reports import Question, TradeReport, question_so_far
from service.domain.totals import Totals
from service.ledger import Ledger
from service.queries.reports import Reporter
from service.rendering.brief import write_brief
from tests.builders import a_trade
from tests.conftest import Caller
from tests.recounting import PlainPeople, PlainRecount, read_journal

TODAY = datetime.date(2024, 4, 12)
TRADED_ON = [
    "2022-02-28", "2022-04-13", "2023-02-28", "2023-03-01", "2023-04-12", "2023-04-13", "2023-12-31",
    "2024-01-01", "2024-02-29", "2024-03-19", "2024-03-20", "2024-03-31", "2024-04-01", "2024-04-12",
]  # fmt: skip


def _ask(caller: Caller, path: str) -> Any:
    answer = caller.get(f"/v1/reports/{path}")
    assert answer.status_code == 200, answer.text
    return answer.get_json()


@pytest.fixture
def market(ledger: Ledger, admin: Caller) -> Caller:
    """A caller on 12 April 2024, of a market whose days each have another amount."""
    admin.register(2, registered_on="2022-01-01", settlement="东")
    admin.post("/v1/residents", _late_resident())
    for place, day in enumerate(TRADED_ON):
        body = a_trade(
            traded_at=f"{day}T10:00:00+08:00", amount_cny=f"{100 + 2**place}.00", resident_id=f"R0000000{place % 2 + 1}"
        )
        assert admin.trade(body).status_code == 201
    _set_today(ledger, TODAY)
    return admin


def _late_resident() -> dict[str, Any]:
    from tests.builders import a_registration

    return a_registration(2, registered_on="2023-06-01", valid_until="2024-04-12", settlement="西")


def _set_today(ledger: Ledger, today: datetime.date) -> None:
    noon = datetime.datetime(today.year, today.month, today.day, 4, tzinfo=datetime.UTC)
    object.__setattr__(ledger, "clock", lambda: noon)


def test_a_year_that_is_not_over_is_compared_with_the_same_days_of_the_year_before(market: Caller) -> None:
    report = _ask(market, "trade?period=2024&by=month")
    assert report["period"] == {"from": "2024-01-01", "to": "2024-12-31"}
    assert report["through"] == "2024-04-12"
    assert report["base_period"] == {"from": "2023-01-01", "to": "2023-04-12"}
    # The trade of 13 April 2023 is on a day of the base year that has not come yet in this one.
    assert report["total"]["amount_cny"]["base"] == f"{3 * 100 + 2**2 + 2**3 + 2**4}.00"
    assert [row["key"]["month"] for row in report["rows"]] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert report["rows"][-1]["amount_cny"]["base"] == f"{100 + 2**4}.00"
    drawn = _ask(market, "series?period=2024&measure=amount_cny&interval=month")
    assert drawn["buckets"] == ["2024-01", "2024-02", "2024-03", "2024-04"]
    assert (drawn["through"], drawn["base_period"]) == (report["through"], report["base_period"])
    assert _ask(market, "brief?period=2024")["through"] == "2024-04-12"


def test_a_month_that_is_not_over_is_compared_with_as_many_days_before_it(market: Caller) -> None:
    report = _ask(market, "trade?period=2024-04&compare=previous")
    assert report["base_period"] == {"from": "2024-03-20", "to": "2024-03-31"}
    assert report["total"]["amount_cny"]["base"] == f"{2 * 100 + 2**10 + 2**11}.00"
    bulletin = _ask(market, "bulletin?month=2024-04")
    assert bulletin["base_period"] == {"from": "2023-04-01", "to": "2023-04-12"}
    assert bulletin["previous_period"] == report["base_period"]
    assert bulletin["year_to_date_base"] == {"from": "2023-01-01", "to": "2023-04-12"}
    assert bulletin["cut_off"] == "2024-04-12"
    assert "month=2024-03&" in market.get("/v1/reports/bulletin?month=2024-04&format=html").text.replace("&amp;", "&")


def test_the_last_day_of_a_month_is_the_last_day_of_its_base_month(ledger: Ledger, market: Caller) -> None:
    _set_today(ledger, datetime.date(2023, 2, 28))
    assert _ask(market, "trade?period=2023-Q1")["base_period"] == {"from": "2022-01-01", "to": "2022-02-28"}
    _set_today(ledger, datetime.date(2025, 2, 28))
    assert _ask(market, "trade?period=2025-Q1")["base_period"] == {"from": "2024-01-01", "to": "2024-02-29"}


def test_a_stock_is_that_of_the_current_day_and_never_of_a_day_to_come(market: Caller) -> None:
    total = _ask(market, "residents?period=2024")["total"]
    assert total["registered_at_end"]["current"] == 3  # Until the 12th, which is today, the third is registered.
    assert total["registered_at_end"]["base"] == 2  # On 12 April 2023, and not at that year's end.
    assert _ask(market, "residents?period=2024")["through"] == "2024-04-12"


def test_a_period_that_has_not_begun_is_answered_whole(market: Caller) -> None:
    report = _ask(market, "trade?period=2024-06")
    assert (report["through"], report["rows"]) == ("2024-04-12", [])
    assert report["total"]["amount_cny"]["current"] == "0.00"
    people = _ask(market, "residents?period=2024-06")["total"]
    stocks = [people[name]["current"] for name in ("registered_at_start", "registered_at_end")]
    assert stocks == [2, 2]  # By then the third will have expired.
    for path in ("series?period=2024-06&measure=residents&interval=day", "bulletin?month=2024-06"):
        _ask(market, path)


@pytest.mark.parametrize(
    "asked",
    [
        "period=2025",
        "period=2024-12",
        "from=2024-04-20&to=2024-04-30&compare=previous",
        "period=2024-05&compare=previous",
    ],
)
def test_a_period_that_has_not_begun_is_compared_with_none_that_has(market: Caller, asked: str) -> None:
    """Its days have no trade because they lie ahead: a fall by 100 % would be true of nothing."""
    uncompared = {"growth_pct": None, "ratio": None, "reason": "no_base_day"}
    for kind in ("trade", "trade?by=category", "trade?by=month", "residents", "residents?by=settlement"):
        report = _ask(market, f"{kind}{'&' if '?' in kind else '?'}{asked}")
        assert report["base_period"] is None, kind
        for measures in (report["total"], *report["rows"]):
            told = [measure for name, measure in measures.items() if name not in ("key", "share_pct")]
            assert all(measure.items() >= uncompared.items() for measure in told), kind
    drawn = _ask(market, f"series?{asked}&measure=amount_cny&interval=month")
    assert (drawn["base_period"], "base" in drawn["series"][0]) == (None, False)
    for lang in ("zh", "en", "mn"):
        brief = _ask(market, f"brief?{asked}&lang={lang}")
        assert brief["base_period"] is None
        assert {(c["base"], c["growth_pct"], c["ratio"]) for c in brief["claims"]} == {(None, None, None)}
    for form in ("csv", "xlsx"):
        answer = market.get(f"/v1/reports/trade?{asked}&format={form}")
        assert (answer.status_code, b"-100" in answer.data) == (200, False)


def test_of_two_periods_that_lie_ahead_the_base_is_named_and_nothing_is_said_to_grow(market: Caller) -> None:
    """The golden report of 2031 has the whole of 2030 for its base, and zeros on both sides."""
    report = _ask(market, "trade?period=2031&by=category")
    base = {"from": "2030-01-01", "to": "2030-12-31"}
    assert report["base_period"] == _ask(market, "brief?period=2031")["base_period"] == base
    assert {measure["reason"] for measure in report["total"].values()} == {"both_zero"}
    people = _ask(market, "residents?period=2031")
    assert people["base_period"] == base
    assert {measure["growth_pct"] for measure in people["total"].values()} == {None}


def test_the_bulletin_of_a_month_that_has_not_begun_is_compared_with_none_that_has(market: Caller) -> None:
    for month, is_year_begun in (("2024-05", True), ("2025-01", False)):
        bulletin = _ask(market, f"bulletin?month={month}")
        assert bulletin["base_period"] is None
        assert (bulletin["year_to_date_base"] is not None) == is_year_begun
        for row in bulletin["main_indicators"]:
            assert (row["month"]["growth_pct"], row["month"]["reason"]) == (None, "no_base_day")
        for form in ("html", "xlsx"):
            answer = market.get(f"/v1/reports/bulletin?month={month}&format={form}&lang=en")
            assert (answer.status_code, b"-100.00" in answer.data) == (200, False)
    assert _ask(market, "bulletin?month=2024-05")["previous_period"] is None


def test_a_report_is_tagged_anew_when_the_day_changes(ledger: Ledger, market: Caller) -> None:
    path = "/v1/reports/trade?period=2024"
    before = market.get(path)
    _set_today(ledger, datetime.date(2024, 4, 13))
    after = market.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.get_json()["base_period"]["to"] == "2023-04-13"
    assert Decimal(after.get_json()["total"]["amount_cny"]["base"]) == 4 * 100 + 2**2 + 2**3 + 2**4 + 2**5


days = st.dates(datetime.date(2023, 12, 20), datetime.date(2024, 5, 3))


def _compare_bulletin(reporter: Reporter, today: datetime.date) -> None:
    """The spans of a bulletin are reports of the same spans."""
    month = Period(today.replace(day=1), month_end(today.year, today.month))
    bulletin = reporter.bulletin(month, today).answer
    spans: tuple[tuple[TradeReport, Period, Compare], ...] = (
        (bulletin.parts.trade.month, month, "yoy"),
        (bulletin.parts.trade.previous, month, "previous"),
        (bulletin.parts.trade.year, year_to_date(month.end), "yoy"),
    )
    for span, whole_span, how in spans:
        told = reporter.trade(question_so_far(Question(whole_span, how), today)).answer
        assert span.total == told.total


def test_all_reports_say_the_same_whatever_the_period_and_the_day(ledger: Ledger, market: Caller) -> None:
    reporter = Reporter(ledger)
    recount, people = PlainRecount(read_journal(ledger)), PlainPeople(ledger)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(ends=st.tuples(days, days), today=days, compare=st.sampled_from(["yoy", "previous"]), whole=st.booleans())
    def say_the_same(ends: tuple[Any, Any], today: datetime.date, compare: Any, whole: bool) -> None:
        """Asks everything for one period on one day."""
        start, end = sorted(ends)
        if whole:
            start, end = start.replace(day=1), month_end(end.year, end.month)
        start = min(start, today)
        _set_today(ledger, today)
        asked = question_so_far(Question(Period(start, end), compare), today)
        # By the words of the rule, without the code that is tested.
        through = min(end, today)
        base = base_period(Period(start, through), compare)
        assert base is not None
        current, before = (
            recount.totals(p, asked.selection(rows=False)).get((), Totals()) for p in (Period(start, through), base)
        )
        amounts = (current.amount_fen, before.amount_fen)

        report = reporter.trade(asked).answer
        assert report.question.base_period == base
        assert report.question.through == through
        assert report.total["amount_fen"][:2] == amounts  # type: ignore[index] # (it is compared)
        monthly = question_so_far(Question(Period(start, end), compare, ("month",)), today)
        drawn = reporter.series(monthly, "amount_fen").answer.lines[0]
        assert sum(drawn.current) == amounts[0]
        if compare == "yoy":
            assert drawn.base is not None
            assert sum(drawn.base) == amounts[1]
        stock = people.stock(asked, (), through), people.stock(asked, (), base.end)
        registered = reporter.residents(asked).answer.total["registered_at_end"]
        assert registered[:2] == stock  # type: ignore[index] # (it is compared)
        facts = reporter.brief(Question(Period(start, end), compare), today).answer
        assert facts.base_period == base
        claims = {claim.measure: claim for claim in write_brief(facts, "zh").claims}
        assert (claims["amount_cny"].current, claims["amount_cny"].base) == amounts
        assert claims["registered_at_end"].current == stock[0]
        _compare_bulletin(reporter, today)

    say_the_same()
