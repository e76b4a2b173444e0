"""Periods: spellings, base periods by the golden cases, and buckets that leave no day out."""

import json
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from service.domain.periods import (
    EARLIEST_DAY,
    Bucket,
    Compare,
    Interval,
    Period,
    base_period,
    bucket_key,
    buckets_of,
    parse_day,
    parse_period,
    previous_period,
    report_period,
    year_earlier,
    year_to_date,
)

CASES = Path(__file__).parent.parent / "cases"
GOLDEN: list[dict[str, Any]] = json.loads((CASES / "base_periods.json").read_text(encoding="utf-8"))["cases"]
ONE_DAY = timedelta(days=1)
INTERVALS: tuple[Interval, ...] = get_args(Interval)

intervals = st.sampled_from(INTERVALS)


def period(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


@st.composite
def periods(draw: st.DrawFn) -> Period:
    """Any span and spans of whole months, of a day to ten years, from the first day to the calendar's last."""
    start = draw(st.dates(EARLIEST_DAY, date.max))
    length = timedelta(days=draw(st.integers(0, 40) | st.integers(0, 3_600)))
    end = start + min(length, date.max - start)
    return Period(start.replace(day=1), parse_period(f"{end:%Y-%m}").end) if draw(st.booleans()) else Period(start, end)


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['from']} to {case['to']}")
def test_golden_base_periods_are_met(case: dict[str, Any]) -> None:
    current = report_period(parse_day(case["from"]), parse_day(case["to"]))

    assert base_period(current, "yoy") == period(*case["yoy"])
    assert base_period(current, "previous") == period(*case["previous"])
    assert base_period(current, "none") is None


def test_base_periods_of_the_golden_history_are_met() -> None:
    cases = json.loads((CASES / "history.json").read_text(encoding="utf-8"))["cases"]
    reports = [report for case in cases for report in case.get("reports", ())]

    assert reports
    for report in reports:
        expected = None if report["base_period"] is None else period(*report["base_period"])
        assert base_period(period(report["from"], report["to"]), report["compare"]) == expected


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-H1", "2024-01-01", "2024-06-30"),
        ("2024-H2", "2024-07-01", "2024-12-31"),
        ("2024-Q2", "2024-04-01", "2024-06-30"),
        ("2024-Q4", "2024-10-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-06-30", "2024-06-30", "2024-06-30"),
        ("1900", "1900-01-01", "1900-12-31"),
        ("9999-Q4", "9999-10-01", "9999-12-31"),
    ],
)
def test_period_is_read_as_the_contract_spells_it(text: str, start: str, end: str) -> None:
    assert parse_period(text) == period(start, end)


OTHER_SPELLINGS = [
    *["", "24", "02024", "2024-", "2024-H0", "2024-H3", "2024-Q0", "2024-Q5", "2024-h1", "2024-q2", "2024Q2"],
    *["2024-6", "2024-00", "2024-13", "2024-06-", "2024-6-30", "2024-06-31", "2023-02-29", "20240630", "2024-W26-7"],
    *[" 2024", "2024 ", "2024\n", "2024-06\n", "2024-06-30\n", "+2024", "-2024", "2024/06", "2_24", "2024-H1-01"],
    *["２０２４", "2024-0６", "٢٠٢٤", "2024-06-３0", "2024-06-30T00:00:00"],
    *["1899", "1899-12", "1899-12-31", "0000", "0000-01-01", "10000"],
]


@pytest.mark.parametrize("text", OTHER_SPELLINGS, ids=ascii)
def test_other_spelling_of_a_period_is_refused_with_what_to_send(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Send a (period|day) .*2024-06-30"):
        parse_period(text)


@pytest.mark.parametrize("text", [*OTHER_SPELLINGS, "2024", "2024-06", "2024-Q2"], ids=ascii)
def test_other_spelling_of_a_day_is_refused_with_what_to_send(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Send a day of the calendar, not before 1900-01-01, such as"):
        parse_day(text)


@given(st.text("0189HQ-０٤ ", max_size=11) | st.from_regex(r"\d{4}(-(\d{2}|[HQ]\d)(-\d{2})?)?", fullmatch=True))
def test_accepted_spelling_is_plain_ascii_and_any_other_is_a_value_error(text: str) -> None:
    try:
        parsed = parse_period(text)
    except ValueError:
        return
    assert text.isascii()
    assert text.startswith(f"{parsed.start.year}")


def test_year_to_date_runs_from_the_first_of_january() -> None:
    assert year_to_date(date(2024, 4, 30)) == period("2024-01-01", "2024-04-30")
    assert year_to_date(date(2024, 2, 29)) == period("2024-01-01", "2024-02-29")


def test_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="Send an end of the period that is not before its start, 2024-03-02"):
        period("2024-03-02", "2024-03-01")


@pytest.mark.parametrize(
    ("start", "last_end"),
    [
        ("2014-01-01", "2023-12-31"),
        ("2014-06-15", "2024-06-14"),
        ("2014-03-01", "2024-02-29"),
        ("2015-03-01", "2025-02-28"),
        ("2016-02-29", "2026-02-28"),
    ],
)
def test_period_of_ten_years_is_taken_and_a_day_more_is_refused(start: str, last_end: str) -> None:
    first, last = date.fromisoformat(start), date.fromisoformat(last_end)

    assert report_period(first, last) == Period(first, last)
    with pytest.raises(ValueError, match="Send a period of at most 10 years"):
        report_period(first, last + ONE_DAY)


def test_period_that_starts_before_the_first_year_is_refused() -> None:
    with pytest.raises(ValueError, match="not before 1900-01-01"):
        report_period(EARLIEST_DAY - ONE_DAY, EARLIEST_DAY)


@pytest.mark.parametrize("compare", ["yoy", "previous", "none"])
@pytest.mark.parametrize("first_year", [1900, 9990])
def test_first_and_last_ten_years_have_their_bases_and_buckets(first_year: int, compare: Compare) -> None:
    widest = report_period(date(first_year, 1, 1), date(first_year + 9, 12, 31))

    assert (base_period(widest, compare) is None) == (compare == "none")
    for interval in INTERVALS:
        buckets = buckets_of(widest, interval)
        assert buckets[-1].period.end == widest.end
        without_base = [bucket.key for bucket in buckets if bucket.base_period(compare) is None]
        assert compare == "none" or all(key.endswith("-02-29") for key in without_base)


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2024-02-01", "2024-02-29", 1),
        ("2024-02-01", "2024-02-28", None),
        ("2024-02-02", "2024-03-31", None),
        ("2020-01-01", "2024-12-31", 60),
        ("9999-12-01", "9999-12-31", 1),
    ],
)
def test_whole_months_are_counted_and_other_spans_are_not(start: str, end: str, months: int | None) -> None:
    assert period(start, end).whole_months == months


@given(periods())
def test_previous_period_ends_on_the_eve_and_is_as_long(current: Period) -> None:
    previous = previous_period(current)

    assert previous.end == current.start - ONE_DAY
    assert previous.whole_months == current.whole_months or current.whole_months is None
    assert previous.days == current.days or current.whole_months is not None


@given(periods())
@example(period("2024-02-29", "2024-02-29"))
@example(period("2025-02-28", "2025-02-28"))
def test_year_on_year_base_moves_both_ends_back_by_one_year_in_the_same_month(current: Period) -> None:
    base = year_earlier(current)

    for moved, day in ((base.start, current.start), (base.end, current.end)):
        assert (moved.year, moved.month) == (day.year - 1, day.month)
        assert moved.day == day.day or {moved.day, day.day} == {28, 29}
    assert base.whole_months == current.whole_months or current.whole_months is None


@given(periods(), intervals)
def test_buckets_partition_the_period(current: Period, interval: Interval) -> None:
    buckets = buckets_of(current, interval)

    assert (buckets[0].period.start, buckets[-1].period.end) == (current.start, current.end)
    assert all(left.period.end + ONE_DAY == right.period.start for left, right in pairwise(buckets))
    assert sum(bucket.period.days for bucket in buckets) == current.days


@given(periods(), intervals)
def test_bucket_keys_ascend_and_name_the_days_they_hold(current: Period, interval: Interval) -> None:
    buckets = buckets_of(current, interval)

    assert all(left.key < right.key for left, right in pairwise(buckets))
    for bucket in buckets:
        whole = parse_period(bucket.key)
        clipped = Period(max(whole.start, current.start), min(whole.end, current.end))
        assert bucket.period == clipped
        assert bucket_key(bucket.period.end, interval) == bucket.key


@given(periods(), intervals)
@example(period("2024-02-28", "2024-03-01"), "day")
@example(period("2025-02-28", "2025-03-01"), "day")
def test_year_on_year_bases_of_the_buckets_partition_the_base_of_the_period(
    current: Period, interval: Interval
) -> None:
    starts_on_a_row_without_base = interval == "day" and (current.start.month, current.start.day) == (2, 29)
    assume(not starts_on_a_row_without_base)
    bases = [base for bucket in buckets_of(current, interval) if (base := bucket.base_period("yoy")) is not None]

    base = year_earlier(current)
    assert (bases[0].start, bases[-1].end) == (base.start, base.end)
    assert all(left.end + ONE_DAY == right.start for left, right in pairwise(bases))


@given(periods(), intervals)
def test_base_of_a_bucket_stays_inside_the_bucket_of_a_year_earlier(current: Period, interval: Interval) -> None:
    for bucket in buckets_of(current, interval):
        base = bucket.base_period("yoy")
        if base is not None and interval != "day":
            year = int(bucket.key[:4])
            assert {bucket_key(day, interval) for day in (base.start, base.end)} == {f"{year - 1:04d}{bucket.key[4:]}"}


def test_new_year_opens_a_bucket_of_every_kind() -> None:
    keys = [[bucket.key for bucket in buckets_of(period("2023-12-31", "2024-01-01"), kind)] for kind in INTERVALS]

    assert keys == [["2023-12-31", "2024-01-01"], ["2023-12", "2024-01"], ["2023-Q4", "2024-Q1"], ["2023", "2024"]]


def test_daily_row_of_29_february_has_no_base_a_year_earlier_but_a_previous_day() -> None:
    eve, leap_day, day_after = buckets_of(period("2024-02-28", "2024-03-01"), "day")

    assert eve.base_period("yoy") == period("2023-02-28", "2023-02-28")
    assert leap_day.base_period("yoy") is None
    assert leap_day.base_period("previous") == period("2024-02-28", "2024-02-28")
    assert day_after.base_period("yoy") == period("2023-03-01", "2023-03-01")


def test_daily_row_of_28_february_after_a_leap_year_has_two_base_days() -> None:
    (bucket,) = buckets_of(period("2025-02-28", "2025-02-28"), "day")

    assert bucket.base_period("yoy") == period("2024-02-28", "2024-02-29")


def test_month_clipped_to_29_february_is_compared_with_28_february() -> None:
    (bucket,) = buckets_of(period("2024-02-29", "2024-02-29"), "month")

    assert bucket == Bucket("month", "2024-02", period("2024-02-29", "2024-02-29"))
    assert bucket.base_period("yoy") == period("2023-02-28", "2023-02-28")


def test_clipped_bucket_is_compared_with_the_clipped_bucket_of_a_year_earlier() -> None:
    first, last = buckets_of(period("2024-02-10", "2024-05-20"), "quarter")

    assert (first.key, first.period) == ("2024-Q1", period("2024-02-10", "2024-03-31"))
    assert first.base_period("yoy") == period("2023-02-10", "2023-03-31")
    assert (last.key, last.period) == ("2024-Q2", period("2024-04-01", "2024-05-20"))
    assert last.base_period("yoy") == period("2023-04-01", "2023-05-20")
    assert last.base_period("previous") == period("2024-02-11", "2024-03-31")
