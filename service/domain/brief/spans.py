"""The shape of a period: the years, half, quarter, months or days that it is called by."""

from typing import Literal

from service.domain.periods import MONTHS_PER_YEAR, Period

Shape = Literal["years", "half", "quarter", "months", "days"]


def shape_of(period: Period) -> tuple[Shape, int]:
    """The shape, and which half or quarter it is, or how many years, months or days."""
    months, first = period.whole_months, period.start.month
    if months is None:
        return "days", period.days
    if first == 1 and months % MONTHS_PER_YEAR == 0:
        return "years", months // MONTHS_PER_YEAR
    if months == 6 and first in {1, 7}:
        return "half", 1 + first // 7
    if months == 3 and first % 3 == 1:
        return "quarter", 1 + first // 3
    return "months", months
