"""Periods on the wire: how a request names a period, and how a document names periods."""

import datetime
from collections.abc import Iterable

from marshmallow import fields

from schemas.fields import BusinessDay
from schemas.strict import StrictSchema, Translated
from service.domain.periods import Period, parse_day, parse_period

THROUGH = {
    "description": (
        "The last day that the figures are of: the end of the period, or the current business day while the period is "
        "not over. The base period is that of from to through. A period that has not begun is compared with none "
        "that has: its base period is null, and the reason no_base_day."
    )
}


COMPARE = {
    "description": (
        "What the period is compared with: yoy, the same period one year earlier; previous, the period just before; "
        "custom, base_from to base_to; none, nothing. The answer names the days as base_period. Of a custom base that "
        "is as long as the period (as many whole months, as many days, or from and to the same days of their months), "
        "each time bucket is compared with its own days, moved as the period is. When the period is not over, such a "
        "base ends where the period does. A base of another length is compared whole; its first bucket is the base of "
        "the first bucket, its second of the second, and so on. A bucket without a base has the reason no_base_day; "
        "what only the base has is in the total. A base that is not over runs through the current business day."
    )
}
BASE_FROM = {"description": "The first day of the base period, required with compare=custom, and refused without it."}
BASE_TO = {"description": "The last day of the base period, at most 10 years after base_from; as base_from."}


class PeriodText(Translated):
    """A field that accepts a year, half, quarter, month or day."""

    slug = "not-a-period"
    properties = {"examples": ["2024", "2024-H1", "2024-Q2", "2024-06", "2024-06-30"]}  # noqa: RUF012 (as in Translated)

    def parse(self, text: str) -> Period:
        """Reads the period."""
        return parse_period(text)


class ReportDay(BusinessDay):
    """A field that accepts a day with which a report's period may begin or end."""

    def parse(self, text: str) -> datetime.date:
        """Reads the day."""
        return parse_day(text)


def period_document(period: Period | None) -> dict[str, str] | None:
    """The first and the last day of a period; None where there is no period."""
    return None if period is None else {"from": period.start.isoformat(), "to": period.end.isoformat()}


class PeriodDocumentSchema(StrictSchema):
    """What every document of figures says: its period, the period that it is compared with, and its position."""

    period = fields.Dict(required=True)
    base_period = fields.Dict(required=True, allow_none=True)
    position = fields.String(required=True)


class FilteredDocumentSchema(PeriodDocumentSchema):
    """What a document says in addition when a caller may filter its figures, and its period may end in the future."""

    filters = fields.Dict(required=True)
    through = fields.Date(required=True, metadata=THROUGH)


def periods_document(period: Period, base_period: Period | None) -> dict[str, object]:
    """The period of a document, and the period that it is compared with (null where there is none)."""
    return {"period": period_document(period), "base_period": period_document(base_period)}


def filters_document(filters: Iterable[tuple[str, frozenset[str]]]) -> dict[str, list[str]]:
    """The wanted values of each filter, sorted."""
    return {name: sorted(values) for name, values in filters}
