"""Reads the body and the query parameters of a request strictly and within limits."""

from collections.abc import Collection
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from schemas.json_texts import parse_json
from schemas.strict import ERRORS_TOLD_MAX, NAME_TOLD_MAX
from service.domain.errors import FieldError, UnsupportedMediaType, ValidationFailed
from service.http.inflating import PACKED_SLACK_BYTES, is_packed, unpack
from service.http.request_context import request_context

JSON_BYTES_MAX = 256 * 1024
"""The limit of one object. The longest trade of the schema has 135,000 bytes, with all characters as \\uXXXX."""

REVERSALS_BYTES_MAX = 1024 * 1024
"""The limit of a request that names 10,000 trades to reverse, with room for any way to write the list."""

TRANSFER_BYTES_MAX = 2 * 1024 * 1024
"""The limit of a request that names 10,000 lines of a transfer, with room for any way to write them."""

BATCH_BYTES_MAX = 16 * 1024 * 1024


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
        return _all_bytes(bytes_max)
    packed = _all_bytes(bytes_max + PACKED_SLACK_BYTES)
    note_size = request_context().note_size
    if note_size is not None:
        # A small packed body may become large. Only a few large bodies are worked on at a time.
        note_size(bytes_max)
    return unpack(packed, bytes_max)


def _all_bytes(bytes_max: int) -> bytes:
    """The body as it was sent. Raises werkzeug's 413 when it is longer, and Unavailable or ValidationFailed."""
    request.max_content_length = bytes_max
    body = request.get_data(cache=False)
    # werkzeug cuts a body off at the limit when its head names no length. A trade before many blanks would be whole.
    if request.content_length is None and len(body) == bytes_max and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def read_form(bytes_max: int) -> dict[str, str]:
    """The fields of a form, the first of each name. Raises UnsupportedMediaType, and what `read_bytes` raises."""
    expect_media_type("application/x-www-form-urlencoded")
    fields = parse_qsl(read_bytes(bytes_max).decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(fields))


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
