"""Reads a JSON text strictly: the body of a request, and the file of a command that takes what the API takes."""

import json
from collections import Counter
from typing import Any

import orjson

from service.domain.errors import MalformedJson

NESTING_MAX = 32


class _Repeated(ValueError):
    """Says that an object names a key twice."""


def parse_json(body: bytes) -> Any:
    """The value of a JSON text. Raises MalformedJson for other text, for repeated keys and for deep nesting."""
    plain = plain_object(body)
    return parse_with_care(body) if plain is None else plain


def parse_with_care(body: bytes) -> Any:
    """Does what `parse_json` does, without the fast way for plain objects."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
        # JSON's grammar allows a lone surrogate, but it is no character, and no database could store it.
        text = text if "\\u" not in text else json.dumps(value, ensure_ascii=False)
        text.encode("utf-8")
    except _Repeated as error:
        raise MalformedJson(f"The key {error} stands twice in one object; send it once.") from None
    except UnicodeError:
        raise MalformedJson("The body is not UTF-8; send UTF-8.") from None
    except (ValueError, RecursionError):
        raise MalformedJson("The body is not JSON; send one JSON value, nested at most 32 deep.") from None
    if _is_deeper(value, NESTING_MAX):
        raise MalformedJson("The body is nested too deep; send at most 32 levels.")
    return value


def plain_object(text: bytes) -> dict[str, str] | None:
    """Reads an object whose values are all texts quickly; returns None for any other text.

    Without a backslash every quotation mark begins or ends a text. So an object of n members that are texts has 4 n
    quotation marks. An object that names a member twice has more: orjson would keep the last member silently.
    """
    return None if b"\\" in text else plain_object_without_backslash(text)


def plain_object_without_backslash(text: bytes) -> dict[str, str] | None:
    """Does what `plain_object` does with a text that has no backslash, for lines of a body that has none."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(found) is not dict or text.count(b'"') != 4 * len(found):
        return None
    for value in found.values():
        if type(value) is not str:
            return None
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise _Repeated(repr(twice)[:60])
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(item, levels - 1) for item in inside)
