"""Reads the body and the query parameters of a request strictly and within limits."""

import json
from collections import Counter
from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import orjson
from flask import request

from schemas.strict import ERRORS_TOLD_MAX, NAME_TOLD_MAX
from service.domain.errors import FieldError, MalformedJson, UnsupportedMediaType, ValidationFailed
from service.http.inflating import PACKED_SLACK_BYTES, is_packed, unpack
from service.http.request_context import request_context

JSON_BYTES_MAX = 256 * 1024
"""The limit of one object. The longest trade of the schema has 135,000 bytes, with all characters as \\uXXXX."""

REVERSALS_BYTES_MAX = 1024 * 1024
"""The limit of a request that names 10,000 trades to reverse, with room for any way to write the list."""

TRANSFER_BYTES_MAX = 2 * 1024 * 1024
"""The limit of a request that names 10,000 lines of a transfer, with room for any way to write them."""

BATCH_BYTES_MAX = 16 * 1024 * 1024

NESTING_MAX = 32


class _Repeated(ValueError):
    """Says that an object names a key twice."""


def read_json(bytes_max: int) -> Any:
    """The JSON body of the current request. Raises UnsupportedMediaType, MalformedJson, or werkzeug's 413."""
    expect_media_type("application/json")
    return parse_json(read_bytes(bytes_max))


def expect_media_type(*accepted: str) -> str:
    """The media type of the body. Raises UnsupportedMediaType unless it is one of these, in UTF-8."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype not in accepted or charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}, in UTF-8.")
    return request.mimetype


def read_bytes(bytes_max: int) -> bytes:
    """The whole body, unpacked. It may have up to `bytes_max` bytes; a longer body is not read to its end.

    Raises UnsupportedEncoding, MalformedEncoding, TooLarge, or werkzeug's 413.
    """
    if not is_packed(request.headers.get("Content-Encoding", "")):
        request.max_content_length = bytes_max
        return request.get_data(cache=False)
    request.max_content_length = bytes_max + PACKED_SLACK_BYTES
    packed = request.get_data(cache=False)
    note_size = request_context().note_size
    if note_size is not None:
        # A small packed body may become large. Only a few large bodies are worked on at a time.
        note_size(bytes_max)
    return unpack(packed, bytes_max)


def read_form(bytes_max: int) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises UnsupportedMediaType, and what `read_bytes` raises."""
    expect_media_type("application/x-www-form-urlencoded")
    fields = parse_qsl(read_bytes(bytes_max).decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(fields))


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
    if b"\\" in text:
        return None
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


def read_query(repeatable: Collection[str] = ()) -> dict[str, str]:
    """The query parameters of the current request; the values of a repeatable parameter are joined with commas.

    Raises ValidationFailed when a parameter that is not repeatable is sent twice, and for a query that is not UTF-8.
    """
    try:
        # This is checked before werkzeug reads the query: werkzeug would silently replace bytes that are not UTF-8.
        unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise ValidationFailed.of("/", "not-utf-8", "Send the query in UTF-8, percent-encoded.") from None
    parameters = request.args.to_dict(flat=False)
    repeated = tuple(
        FieldError(f"/{name[:NAME_TOLD_MAX]}", "repeated", "Send this query parameter once.")
        for name, values in parameters.items()
        if len(values) > 1 and name not in repeatable
    )[:ERRORS_TOLD_MAX]
    if repeated:
        raise ValidationFailed("A query parameter stands more than once.", errors=repeated)
    return {name: ",".join(values) for name, values in parameters.items()}
