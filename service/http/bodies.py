"""Reading what a request carries: strict JSON, query parameters, and the limits on both."""

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
"""Of one object. The longest trade that the schema takes has 135,000 bytes, with every character written as \\uXXXX."""

BATCH_BYTES_MAX = 16 * 1024 * 1024

NESTING_MAX = 32


class _Repeated(ValueError):
    """An object names a key twice."""


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
    """The whole body, unpacked; it may be as long as this address allows, and longer ones are not read to their end.

    Raises UnsupportedEncoding, MalformedEncoding, TooLarge, or werkzeug's 413.
    """
    if not is_packed(request.headers.get("Content-Encoding", "")):
        request.max_content_length = bytes_max
        return request.get_data(cache=False)
    request.max_content_length = bytes_max + PACKED_SLACK_BYTES
    packed = request.get_data(cache=False)
    note_size = request_context().note_size
    if note_size is not None:
        # Of what may become large only a few are worked on at a time, however little of it was sent.
        note_size(bytes_max)
    return unpack(packed, bytes_max)


def read_form(bytes_max: int) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises UnsupportedMediaType, and as `read_bytes`."""
    expect_media_type("application/x-www-form-urlencoded")
    fields = parse_qsl(read_bytes(bytes_max).decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(fields))


def parse_json(body: bytes) -> Any:
    """The value of a JSON text. Raises MalformedJson for anything else, repeated keys and deep nesting included."""
    plain = plain_object(body)
    return parse_with_care(body) if plain is None else plain


def parse_with_care(body: bytes) -> Any:
    """What `parse_json` does, without its short cut."""
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
        # A lone surrogate is valid in JSON's grammar, but is no character: no database could store it.
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
    """An object of texts alone, read quickly; None for everything else, which is read with all care.

    Without a backslash every quotation mark begins or ends a text. An object of n members that are texts has 4 n of
    them, and one that names a member twice has more: orjson would keep the last without a word.
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
    """The query parameters of the current request; the repeatable ones joined with commas.

    Raises ValidationFailed when another one stands twice.
    """
    try:
        # Taken apart first: werkzeug would put a replacement for what is no character once it is unquoted.
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
