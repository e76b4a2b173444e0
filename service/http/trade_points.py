"""Keys of one trade point: what such a caller sends and asks is about that point, and what is another's is 404.

A schema with a field `trade_point` needs no more than that field: `CheckedView` (service.http.routes) and `read_page`
put the caller's own point where the request names none. What a view finds by an id, it checks with
`refuse_other_point`.
"""

import functools
from collections.abc import Mapping
from typing import Any

from schemas.strict import StrictSchema
from service.domain.errors import NotFound
from service.http.request_context import request_context

FIELD = "trade_point"


def own_trade_point() -> str | None:
    """The only trade point of the caller's key; None for a key of all trade points, and without a key."""
    api_key = request_context().api_key
    return None if api_key is None else api_key.trade_point


def refuse_other_point(trade_point: str, missing: str | None = None) -> None:
    """Raises NotFound for what is of another trade point than the caller's.

    `missing` is the sentence of a view for what does not exist. With it the caller can't tell one from the other.
    """
    own = own_trade_point()
    if own is not None and trade_point != own:
        raise NotFound(_of_another_point(own) if missing is None else missing)


@functools.cache
def is_about_a_point(schema: type[StrictSchema] | None) -> bool:
    """Whether what a schema reads names a trade point."""
    return schema is not None and FIELD in schema().fields


def at_own_point(document: Any, own: str | None) -> Any:
    """The JSON object of a body with the caller's own trade point in it, when it names none."""
    if own is None or not isinstance(document, dict) or FIELD in document:
        return document
    return {**document, FIELD: own}


def refuse_body_of_other_point(body: object, own: str | None) -> None:
    """Raises NotFound for a body, as a schema has read it, that is about another trade point than the caller's own."""
    named = body.get(FIELD) if isinstance(body, Mapping) else getattr(body, FIELD, None)
    if own is not None and named not in {None, own}:
        raise NotFound(_of_another_point(own))


def filtered_by_own_point(parameters: Mapping[str, str], own: str | None) -> Mapping[str, str]:
    """The parameters of a query with the filter by the caller's own trade point.

    Raises NotFound when they ask for another one, also beside the own one.
    """
    if own is None:
        return parameters
    if set(parameters.get(FIELD, own).split(",")) != {own}:
        raise NotFound(_of_another_point(own))
    return {**parameters, FIELD: own}


def _of_another_point(own: str) -> str:
    return f"This key is of the trade point {own}, and sees and writes no other; send {own}."
