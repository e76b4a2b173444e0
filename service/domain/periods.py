"""Periods of business days: their spelling, the base periods that they are compared with, and their time buckets.

See docs/RULES.md, Base periods.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Compare = Literal["yoy", "previous", "custom", "none"]
"""What a period is compared with; with "custom" the caller names it, see service.domain.custom_bases."""
Interval = Literal["day", "month", "quarter", "year"]

EARLIEST_DAY = date(1900, 1, 1)
"""The earliest first day of a period that a caller may ask for. It is long after year 1, so that base periods exist."""

PERIOD_YEARS_MAX = 10
MONTHS_PER_YEAR = 12

_ONE_DAY = timedelta(days=1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEAR_AND_PART = re.compile(r"([0-9]{4})(?:-([HQ0-9][0-9]))?")

_PARTS_OF_A_YEAR = (
    {"": (1, 12), "H1": (1, 6), "H2": (7, 6)}
    | {f"Q{quarter}": (3 * quarter - 2, 3) for quarter in range(1, 5)}
    | {f"{month:02d}": (month, 1) for month in range(1, 13)}
)
"""The parts that may follow the year in the spelling of a period, each with its first month and number of months."""

_MONTHS_IN = {"month": 1, "quarter": 3, "year": MONTHS_PER_YEAR}


@dataclass(frozen=True, slots=True)
class Period:
    """Business days from `start` to `end`, both included. Raises ValueError when the end lies before the start.

    `report_period` adds the limits for a period that a caller may ask for. They are not checked here, because the base
    of a period of ten years can be a day longer than ten years.
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"Send an end of the period that is not before its start, {self.start}.")

    @property
    def days(self) -> int:
        """The length in days, at least 1."""
        return (self.end - self.start).days + 1

    @property
    def whole_months(self) -> int | None:
        """The number of months when the period consists of whole months, otherwise None."""
        if self.start.day != 1 or self.end != month_end(self.end.year, self.end.month):
            return None
        return (self.end.year - self.start.year) * MONTHS_PER_YEAR + self.end.month - self.start.month + 1


@dataclass(frozen=True, slots=True)
class Bucket:
    """The part of one day, month, quarter or year that lies inside the period of a report.

    A report prints `key`, such as "2024-03-01", "2024-03", "2024-Q1" or "2024", also for a clipped bucket.
    """

    interval: Interval
    key: str
    period: Period

    def base_period(self, compare: Compare) -> Period | None:
        """The base period of the clipped bucket; None for "none", and for "yoy" when the bucket is the day 29 February.

        29 February as a day has no base day a year earlier, because 28 February is the base of the row before it. The
        day before it exists, so "previous" has a base. See docs/RULES.md, Growth, `no_base_day`.
        """
        if compare == "yoy" and self.interval == "day" and _is_leap_day(self.period.start):
            return None
        return base_period(self.period, compare)


def parse_day(text: str) -> date:
    """The calendar day of "2024-06-30". Raises ValueError that says what to send."""
    try:
        # The standard library also reads "20240630" and "2024-W26-7", but the API does not allow them.
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day < EARLIEST_DAY:
        raise ValueError(f'Send a day of the calendar, not before {EARLIEST_DAY}, such as "2024-06-30".')
    return day


def parse_period(text: str) -> Period:
    """The period of "2024", "2024-H1", "2024-Q2", "2024-06" or "2024-06-30". Raises ValueError that says what to send.

    See docs/RULES.md, Base periods.
    """
    if _DAY.fullmatch(text):
        day = parse_day(text)
        return Period(day, day)
    match = _YEAR_AND_PART.fullmatch(text)
    year, part = match.groups(default="") if match else ("0", "")
    if int(year) < EARLIEST_DAY.year or part not in _PARTS_OF_A_YEAR:
        raise ValueError(
            f'Send a period as "2024", "2024-H1", "2024-Q2", "2024-06" or "2024-06-30", not before {EARLIEST_DAY.year}.'
        )
    return _months_of(int(year), *_PARTS_OF_A_YEAR[part])


def year_to_date(day: date) -> Period:
    """The period from 1 January to the day, both included: the parameter `ytd`."""
    return Period(day.replace(month=1, day=1), day)


def report_period(start: date, end: date) -> Period:
    """A period that a caller may ask a report for. Raises ValueError that says what to send.

    Ten years from 1 March 2014 end on 29 February 2024. See docs/RULES.md, Base periods.
    """
    period = Period(start, end)
    if start < EARLIEST_DAY:
        raise ValueError(f"Send a start of the period that is not before {EARLIEST_DAY}.")
    if start <= _years_before(end, PERIOD_YEARS_MAX):
        raise ValueError(f"Send a period of at most {PERIOD_YEARS_MAX} years.")
    return period


def base_period(period: Period, compare: Compare) -> Period | None:
    """The period to compare with; None for "none", and for "custom", whose base does not follow from the period.

    See docs/RULES.md, Base periods.
    """
    if compare in {"custom", "none"}:
        return None
    return year_earlier(period) if compare == "yoy" else previous_period(period)


def year_earlier(period: Period) -> Period:
    """The year-on-year base: both ends a year earlier; 29 February becomes 28 February.

    An end on the last day of its month stays on the last day of that month, so February 2025 is compared with 1 to 29
    February 2024. See docs/RULES.md, Base periods.
    """
    end = period.end
    if end == month_end(end.year, end.month):
        return Period(_years_before(period.start, 1), month_end(end.year - 1, end.month))
    return Period(_years_before(period.start, 1), _years_before(end, 1))


def previous_period(period: Period) -> Period:
    """The period just before this one: as many months when this one has whole months, as many days otherwise.

    See docs/RULES.md, Base periods.
    """
    months = period.whole_months
    if months is None:
        return Period(period.start - timedelta(days=period.days), period.start - _ONE_DAY)
    months_since_year_0 = period.start.year * MONTHS_PER_YEAR + period.start.month - 1 - months
    year, months_into_year = divmod(months_since_year_0, MONTHS_PER_YEAR)
    return Period(date(year, months_into_year + 1, 1), period.start - _ONE_DAY)


def bucket_key(day: date, interval: Interval) -> str:
    """The key of the bucket that holds the day: "2024-03-01", "2024-03", "2024-Q1" or "2024".

    When the keys of one interval are sorted as text, they are in the order of time.
    """
    iso = day.isoformat()
    if interval == "day":
        return iso
    if interval == "quarter":
        return f"{iso[:4]}-Q{(day.month + 2) // 3}"
    return iso[:7] if interval == "month" else iso[:4]


def buckets_of(period: Period, interval: Interval) -> tuple[Bucket, ...]:
    """The buckets of a period in the order of time, without gaps; the first and the last are clipped to the period.

    See docs/RULES.md, Base periods.
    """
    buckets = []
    start = period.start
    while True:
        end = min(_bucket_end(start, interval), period.end)
        buckets.append(Bucket(interval, bucket_key(start, interval), Period(start, end)))
        # The day after the period is never computed, because there is no day after 31 December 9999.
        if end == period.end:
            return tuple(buckets)
        start = end + _ONE_DAY


def _bucket_end(day: date, interval: Interval) -> date:
    if interval == "day":
        return day
    months = _MONTHS_IN[interval]
    buckets_before = (day.month - 1) // months
    return month_end(day.year, (buckets_before + 1) * months)


def _months_of(year: int, first_month: int, months: int) -> Period:
    return Period(date(year, first_month, 1), month_end(year, first_month + months - 1))


def month_end(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def _years_before(day: date, years: int) -> date:
    """The same day of an earlier year; 29 February becomes 28 February when the earlier year has no 29 February."""
    last = month_end(day.year - years, day.month)
    return last.replace(day=min(day.day, last.day))


def _is_leap_day(day: date) -> bool:
    return (day.month, day.day) == (2, 29)


def period_so_far(period: Period, through: date) -> Period:
    """The days of a period up to `through`; the whole period when it begins later, because none of it lies before.

    See docs/RULES.md, A period that is not over.
    """
    return period if period.start > through else Period(period.start, min(period.end, through))


def day_before(day: date) -> date:
    """The day before this one."""
    return day - _ONE_DAY
