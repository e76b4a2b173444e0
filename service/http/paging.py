"""Pages of lists: where a page begins, which filters apply, and the cursor of the next page."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.strict import StrictSchema
from service.domain.errors import CursorInvalid, ValidationFailed
from service.http.bodies import read_query
from service.http.cursors import PAGING, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class PageAsked:
    """The page of a list that a request asks for.

    `position` is the place after which the page begins, None for the first page; `filters` are the domain's values.
    """

    name: str
    position: int | None
    filters: dict[str, Any]
    limit: int
    sent_filters: Mapping[str, str]
    """The filters as texts, which the next cursor holds."""

    def cursor_after(self, place: int | None) -> str | None:
        """The cursor of the page after this one, which ends at `place`; None after the last page."""
        return None if place is None else encode_cursor(self.name, place, self.sent_filters)


def read_page(
    name: str, schema: type[StrictSchema], query: dict[str, Any], place_max: int, lists: Collection[str] = ()
) -> PageAsked:
    """The page of the named list that the current request asks for.

    `place_max` is the highest place that the list can have, `lists` are the parameters that may be repeated. The same
    schema reads the filters of a cursor and those of a query. Raises CursorInvalid.
    """
    position, filters = decode_cursor(name, read_query(lists), place_max)
    try:
        known = schema().read(filters)
    except ValidationFailed:
        raise CursorInvalid("The cursor was not given out by this list; leave it out to begin again.") from None
    values = {key: value for key, value in known.items() if key not in PAGING}
    return PageAsked(name, position, values, query["limit"], filters)
