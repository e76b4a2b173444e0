"""Base periods that a caller names: which days are compared with which, also when one of the two is not over."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from service.domain.custom_bases import move_between
from service.domain.periods import Interval, Period, base_period, buckets_of, month_end, parse_period
from service.domain.reports import INTERVALS, Question, question_so_far

LONG_AFTER = date(2100, 1, 1)


def days_of(text: str) -> Period:
    """The period of "2024-H1", or of "2024-02-10..2024-03-05"."""
    start, dots, end = text.partition("..")
    return Period(date.fromisoformat(start), date.fromisoformat(end)) if dots else parse_period(start)


def asked(period: Period, base: Period, today: date = LONG_AFTER, by: tuple[str, ...] = ()) -> Question:
    return question_so_far(Question(period, "custom", by, custom_base=base), today)


def pairs(question: Question) -> list[tuple[str, str | None]]:
    """The key of each bucket, and the days that it is compared with."""
    return [
        (bucket.key, None if base is None else f"{base.start.isoformat()}..{base.end.isoformat()}")
        for bucket, base in question.compared_buckets
    ]


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any days of some years, and whole months as often."""
    start, end = sorted(draw(st.dates(date(2019, 1, 1), date(2025, 1, 31))) for _ in range(2))
    whole = Period(start.replace(day=1), month_end(end.year, end.month))
    return whole if draw(st.booleans()) else Period(start, end)


todays = st.dates(date(2018, 12, 1), date(2026, 1, 1))
intervals = st.sampled_from(INTERVALS)

# The base of the whole.


@pytest.mark.parametrize(
    ("period", "base", "today", "compared"),
    [
        ("2024", "2022", "2024-12-31", "2022"),
        ("2024", "2022", "2024-04-12", "2022-01-01..2022-04-12"),
        ("2024", "2022", "2024-02-29", "2022-01-01..2022-02-28"),
        ("2025", "2024", "2025-02-28", "2024-01-01..2024-02-29"),
        ("2024-06", "2024-04", "2024-06-30", "2024-04"),
        ("2024-06", "2023-10", "2024-06-12", "2023-10-01..2023-10-12"),
        ("2024-03-04..2024-03-10", "2024-01-01..2024-01-07", "2024-03-06", "2024-01-01..2024-01-03"),
        ("2024-02-10..2024-03-05", "2022-02-10..2022-03-05", "2024-03-01", "2022-02-10..2022-03-01"),
        # A base of another length stays as it was named.
        ("2024", "2023-H1", "2024-04-12", "2023-H1"),
        ("2024-04", "2023", "2024-04-12", "2023"),
        # A base that is not over runs through today; a base that has not begun is none.
        ("2023", "2024", "2024-04-12", "2024-01-01..2024-04-12"),
        ("2024-03", "2024-04", "2024-04-12", "2024-04-01..2024-04-12"),
        ("2024-03", "2024-05", "2024-04-12", None),
        # A period that has not begun is compared with none that has.
        ("2024-06", "2023-06", "2024-04-12", None),
        ("2024-06", "2024-04", "2024-04-12", None),
        ("2024-06", "2024-07", "2024-04-12", "2024-07"),
    ],
)
def test_what_a_period_is_compared_with(period: str, base: str, today: str, compared: str | None) -> None:
    question = asked(days_of(period), days_of(base), date.fromisoformat(today))
    assert question.base_period == (compared and days_of(compared))
    assert question.through == min(days_of(period).end, date.fromisoformat(today))


@given(periods(), periods(), todays)
def test_no_base_is_of_other_days_than_those_named_or_of_days_to_come(
    period: Period, named: Period, today: date
) -> None:
    question = asked(period, named, today)
    base = question.base_period
    if base is None:
        assert (period.start > today) != (named.start > today)
        return
    assert base.start == named.start
    assert base.end <= named.end
    assert base.end <= today or (base == named and period.start > today)


@given(periods(), st.integers(-800, 800), todays)
def test_a_part_of_a_period_is_compared_with_as_many_days(period: Period, move: int, today: date) -> None:
    by = timedelta(days=move)
    named = Period(period.start + by, period.end + by)
    assume(period.start <= today and named.end <= today)
    assume(move == 0 or period.start.day != named.start.day)
    base = asked(period, named, today).base_period
    assert base == Period(named.start, min(period.end, today) + by)


# The base of each bucket.


@pytest.mark.parametrize(
    ("period", "base", "interval", "expected"),
    [
        ("2024-Q1", "2022-Q2", "month", ["2022-04", "2022-05", "2022-06"]),
        ("2024-Q1", "2022-Q1", "month", ["2022-01", "2022-02-01..2022-02-28", "2022-03"]),
        # The month of the base is longer: it is whole beside a whole month.
        ("2023-02", "2024-02", "month", ["2024-02-01..2024-02-29"]),
        # Quarters are moved as the period is, though the base lies in other quarters.
        ("2024-02-01..2024-04-30", "2023-03-01..2023-05-31", "quarter", ["2023-03-01..2023-04-30", "2023-05"]),
        # As many days: a day belongs to a day.
        ("2024-01-31..2024-02-01", "2023-06-01..2023-06-02", "month", ["2023-06-01", "2023-06-02"]),
        # Another length: first to first, second to second.
        ("2024-Q1", "2023-02-10..2023-03-05", "month", ["2023-02-10..2023-02-28", "2023-03-01..2023-03-05", None]),
        ("2024-01", "2023", "month", ["2023-01"]),
        ("2024-H1", "2023-Q4", "quarter", ["2023-Q4", None]),
    ],
)  # fmt: skip
def test_the_base_of_each_bucket(period: str, base: str, interval: Interval, expected: list[str | None]) -> None:
    question = asked(days_of(period), days_of(base), by=(interval,))
    assert [compared for _, compared in question.compared_buckets] == [each and days_of(each) for each in expected]


def test_a_day_that_the_month_of_the_base_does_not_have_is_compared_with_none() -> None:
    january = asked(days_of("2024-01"), days_of("2023-02"), by=("day",))
    assert pairs(january)[27:] == [
        ("2024-01-28", "2023-02-28..2023-02-28"), ("2024-01-29", None), ("2024-01-30", None), ("2024-01-31", None),
    ]  # fmt: skip
    assert pairs(asked(days_of("2024-01-31"), days_of("2023-02-28"), by=("day",)))[0][1] == "2023-02-28..2023-02-28"
    assert dict(pairs(asked(days_of("2024"), days_of("2022"), by=("day",))))["2024-02-29"] is None
    assert dict(pairs(asked(days_of("2024"), days_of("2020"), by=("day",))))["2024-02-29"] == "2020-02-29..2020-02-29"


def test_buckets_of_a_base_that_is_not_over_end_today() -> None:
    question = asked(days_of("2023-Q1"), days_of("2024-Q1"), date(2024, 2, 10), by=("month",))
    assert pairs(question) == [
        ("2023-01", "2024-01-01..2024-01-31"), ("2023-02", "2024-02-01..2024-02-10"), ("2023-03", None),
    ]  # fmt: skip


@given(periods(), todays, intervals)
@example(Period(date(2024, 1, 1), date(2024, 12, 31)), date(2024, 3, 1), "day")
@example(Period(date(2025, 1, 1), date(2025, 12, 31)), date(2025, 2, 28), "month")
def test_the_year_before_by_its_days_is_the_year_before(period: Period, today: date, interval: Interval) -> None:
    # 29 February alone is compared with the day that is named.
    assume(period.days > 1)
    named = base_period(period, "yoy")
    assert named is not None
    yoy = question_so_far(Question(period, "yoy", (interval,)), today)
    custom = asked(period, named, today, (interval,))
    assert (custom.base_period, custom.through) == (yoy.base_period, yoy.through)
    if period.start <= today:
        assert pairs(custom) == pairs(yoy)


@given(periods(), st.integers(-40, 40), intervals)
def test_the_buckets_of_a_base_that_is_as_long_have_all_of_its_days_once(
    period: Period, months: int, interval: Interval
) -> None:
    assume(period.whole_months is not None and interval != "day")
    first, last = (day.year * 12 + day.month - 1 + months for day in (period.start, period.end))
    named = Period(date(first // 12, first % 12 + 1, 1), month_end(last // 12, last % 12 + 1))
    bases = [base for _, base in asked(period, named, by=(interval,)).compared_buckets]
    assert None not in bases
    days = [base.start + timedelta(days=n) for base in bases if base for n in range(base.days)]
    assert days == [named.start + timedelta(days=n) for n in range(named.days)]


@given(periods(), periods(), intervals)
def test_buckets_of_another_length_belong_together_by_their_number(
    period: Period, named: Period, interval: Interval
) -> None:
    assume(move_between(period, named) is None)
    of_base = [bucket.period for bucket in buckets_of(named, interval)]
    compared = asked(period, named, by=(interval,)).compared_buckets
    assert [bucket for bucket, _ in compared] == list(buckets_of(period, interval))
    for number, (_, base) in enumerate(compared):
        assert base == (of_base[number] if number < len(of_base) else None)


def test_the_last_years_have_bases() -> None:
    period, base = days_of("9990-01-01..9999-12-31"), days_of("9995-01-01..9999-12-31")
    compared = pairs(asked(period, base, date.max, by=("year",)))
    assert compared[4:6] == [("9994", "9999-01-01..9999-12-31"), ("9995", None)]
    assert pairs(asked(days_of("1900"), days_of("9999"), date.max, ("year",))) == [("1900", "9999-01-01..9999-12-31")]
