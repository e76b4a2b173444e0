"""Queries that ask for the days from one to another."""

from typing import Any

from marshmallow import ValidationError, post_load

from schemas.fields import TradingDay
from schemas.strict import StrictSchema


class BetweenDaysSchema(StrictSchema):
    """The filters `from` and `to`, both included; each may be left out."""

    from_ = TradingDay(data_key="from", attribute="from_day")
    to = TradingDay(attribute="to_day")

    @post_load
    def days(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """Checks the order of the days, and returns the filters unchanged."""
        if "from_day" in data and "to_day" in data and data["to_day"] < data["from_day"]:
            raise ValidationError({"to": [f"not-a-period: Send a day not before from, {data['from_day']}."]})
        return data
