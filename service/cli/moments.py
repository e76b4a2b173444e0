"""An option that names a moment, with the offset of its time zone."""

import datetime

import click


class Moment(click.ParamType[datetime.datetime]):
    """An instant such as 2024-06-30T12:00:00+08:00."""

    name = "moment"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> datetime.datetime:
        """Reads it. Fails on a moment without an offset, because it would mean another one in each time zone."""
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.fail(f"'{value}' is no moment with an offset, such as 2024-06-30T12:00:00+08:00.", param, ctx)
        return moment
