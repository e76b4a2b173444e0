"""Base periods that a caller names: which days of them a period, a part of it, or one of its buckets is compared with.

See docs/RULES.md, Base periods.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest

from service.domain.periods import MONTHS_PER_YEAR, Bucket, Period, buckets_of, month_end, period_so_far


@dataclass(frozen=True, slots=True)
class Move:
    """How the days of a period become those of a base that is as long: by whole months, or else by days."""

    months: int = 0
    days: int = 0

    def of(self, period: Period) -> Period:
        """The moved period. An end on the last day of its month stays on the last day of a month."""
        if not self.months:
            by_days = timedelta(days=self.days)
            return Period(period.start + by_days, period.end + by_days)
        end = period.end
        if end == month_end(end.year, end.month):
            year, month = self._month_of(end)
            return Period(self._day_of(period.start), month_end(year, month))
        return Period(self._day_of(period.start), self._day_of(end))

    def of_bucket(self, bucket: Bucket) -> Period | None:
        """The moved bucket; None for a day such as the 31st, when the month that it is moved to has no such day."""
        moved = self.of(bucket.period)
        is_another_day = self.months and bucket.interval == "day" and moved.start.day != bucket.period.start.day
        return None if is_another_day else moved

    def _month_of(self, day: date) -> tuple[int, int]:
        year, months_into_year = divmod(day.year * MONTHS_PER_YEAR + day.month - 1 + self.months, MONTHS_PER_YEAR)
        return year, months_into_year + 1

    def _day_of(self, day: date) -> date:
        year, month = self._month_of(day)
        return date(year, month, min(day.day, month_end(year, month).day))


def move_between(period: Period, base: Period) -> Move | None:
    """How a period becomes its base; None when the base has another length, so that no day belongs to a day.

    Periods between the same days of their months are as long, such as two quarters, or 10 February to 5 March of a leap
    year and of another year; and so are periods of as many days. A single day is compared with any other one.
    """
    by_months = Move(months=_months_from(period.start, base.start))
    # The ends are looked at first, because a move past the year 9999 is none.
    is_by_months = _months_from(period.end, base.end) == by_months.months and by_months.of(period) == base
    if is_by_months and period.days > 1:
        return by_months
    return Move(days=(base.start - period.start).days) if period.days == base.days else None


def _months_from(day: date, other: date) -> int:
    return (other.year - day.year) * MONTHS_PER_YEAR + other.month - day.month


def compared_base(period: Period, base: Period, not_after: date | None) -> Period | None:
    """The days of a named base that `period` is compared with; None when it has begun and the base has not.

    `not_after` is the current business day when one of the two periods is not over. A base that is as long as the
    period then ends where the period does, so that a part is not compared with a whole. No base goes beyond today.
    """
    if not_after is None:
        return base
    if base.start > not_after:
        return None if period.start <= not_after else base
    move = move_between(period, base)
    if move is not None and period.start <= not_after:
        base = move.of(period_so_far(period, not_after))
    return period_so_far(base, not_after)


def paired_buckets(
    buckets: Sequence[Bucket], period: Period, named: Period, base: Period
) -> list[tuple[Bucket, Period | None]]:
    """Each bucket with the days that it is compared with, or None.

    `period` and the `named` base are whole, as they were asked for; `base` is the part of it that is compared. When
    they are as long as each other, a bucket is moved as the period is. Otherwise the first bucket belongs to the first
    bucket of the base, the second to the second, and so on.
    """
    move = move_between(period, named)
    if move is not None:
        moved = [(bucket, move.of_bucket(bucket)) for bucket in buckets]
        return [(bucket, _clipped(days, base)) for bucket, days in moved]
    of_base = [bucket.period for bucket in buckets_of(base, buckets[0].interval)]
    return list(zip_longest(buckets, of_base[: len(buckets)]))


def _clipped(days: Period | None, base: Period) -> Period | None:
    """The part of the days that lies in the base; a base that is not over has none of a bucket to come."""
    return None if days is None or days.start > base.end else Period(days.start, min(days.end, base.end))
