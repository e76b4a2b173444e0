"""Cursors: a cursor is one opaque text that holds a place in a list and the filters of the list."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from service.domain.errors import CursorInvalid

CURSOR_LENGTH_MAX = 60_000
"""A cursor is as long as its filters: the server takes addresses of 65,534 bytes, and a list of filters fills one."""

PAGING = frozenset({"cursor", "limit", "format"})
"""The parameters that say which part of a list is wanted and in which form. All others are filters, and the order."""


def encode_cursor(name: str, position: int, parameters: Mapping[str, str]) -> str:
    """The cursor of a place in the named list, with those of the query's parameters that are filters."""
    filters = {key: value for key, value in parameters.items() if key not in PAGING}
    return base64.urlsafe_b64encode(orjson.dumps([name, position, filters])).decode().rstrip("=")


def decode_cursor(name: str, parameters: Mapping[str, str], place_max: int) -> tuple[int | None, dict[str, str]]:
    """The place to go on from (None at the beginning) and the filters that apply.

    A cursor holds its own filters; filters that are sent beside it must be the same. Raises CursorInvalid, also for a
    place above `place_max`: no list of this kind reaches it, and no column could be compared with it.
    """
    sent = {key: value for key, value in parameters.items() if key not in PAGING}
    text = parameters.get("cursor")
    if text is None:
        return None, sent
    known_name, position, filters = _taken_apart(text)
    # The type is compared, because Python takes JSON's true as the number 1.
    is_place = type(position) is int and 0 <= position <= place_max
    sound = known_name == name and is_place and isinstance(filters, dict)
    if not sound or not all(isinstance(value, str) for value in filters.values()) or PAGING & filters.keys():
        raise _invalid("it was not given out by this list")
    if sent and sent != filters:
        raise _invalid("it belongs to other filters; send it alone, or with the filters it was given for")
    return position, filters


def _taken_apart(text: str) -> tuple[Any, Any, Any]:
    try:
        if len(text) > CURSOR_LENGTH_MAX:
            raise ValueError("longer than any cursor")
        name, position, filters = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise _invalid("it was not given out by this list") from None
    return name, position, filters


def _invalid(why: str) -> CursorInvalid:
    return CursorInvalid(f"The cursor can't be used: {why}. Leave it out to begin again.")
