"""Periods on the wire: how a report is asked for one, and how its document names them."""

import datetime

from schemas.fields import BusinessDay
from schemas.strict import Translated
from service.domain.periods import Period, parse_day, parse_period

THROUGH = {
    "description": (
        "The last day that the figures are of: the end of the period, or the current business day while the period is "
        "not over. The base period is that of from to through. A period that has not begun is compared with none "
        "that has: its base period is null, and the reason no_base_day."
    )
}


class PeriodText(Translated):
    """A year, half, quarter, month or day."""

    slug = "not-a-period"
    properties = {"examples": ["2024", "2024-H1", "2024-Q2", "2024-06", "2024-06-30"]}  # noqa: RUF012 (as in Translated)

    def parse(self, text: str) -> Period:
        """The period."""
        return parse_period(text)


class ReportDay(BusinessDay):
    """A day that a report's period may begin or end with."""

    def parse(self, text: str) -> datetime.date:
        """The day."""
        return parse_day(text)


def period_document(period: Period | None) -> dict[str, str] | None:
    """The first and the last day of a period, or None where there is none."""
    return None if period is None else {"from": period.start.isoformat(), "to": period.end.isoformat()}
