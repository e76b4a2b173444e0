"""Lists: where a page begins, which filters hold, and the cursor of the next one."""

from typing import Any

from flask import g

from schemas.strict import StrictSchema
from service.domain.errors import CursorInvalid, ValidationFailed
from service.http.bodies import read_query
from service.http.cursors import decode_cursor


def read_page(
    name: str, schema: type[StrictSchema], query: dict[str, Any], place_max: int
) -> tuple[int | None, dict[str, Any], int]:
    """The position after which the page begins, the filters as the domain's values, and the limit.

    `place_max` is the highest place that the list can have. The filters of a cursor go through the same schema as ones
    in the query. Raises CursorInvalid.
    """
    position, filters = decode_cursor(name, read_query(), place_max)
    g.list_filters = filters
    try:
        known = schema().read(filters)
    except ValidationFailed:
        raise CursorInvalid("The cursor was not given out by this list; leave it out to begin again.") from None
    return position, {key: value for key, value in known.items() if key not in {"cursor", "limit"}}, query["limit"]
