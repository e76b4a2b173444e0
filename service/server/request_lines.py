"""The log line of an answered request. There is one for each request, so it is made with little work.

It is byte for byte what structlog makes of the same values with the settings of service.server.logs
(tests/test_quick_request_lines.py).
"""

import datetime
import functools
from json.encoder import encode_basestring

NULL = "null"
TEXTS_KNOWN_MAX = 1000


def request_line(
    method: str,
    route: str | None,
    status: int,
    duration_ms: float,
    api_key: int | None,
    told: tuple[str, str] | None,
    now: datetime.datetime,
) -> str:
    """The line as JSON. `told` has the id of the request and its client; `now` is of UTC."""
    of_whom = ""
    if told is not None:
        of_whom = f', "request_id": {encode_basestring(told[0])}, "client": {_json_of(told[1])}'
    return (
        f'{{"method": {_json_of(method)}, "route": {_json_of(route)}, "status": {status}, "duration_ms": '
        f'{duration_ms!r}, "api_key": {NULL if api_key is None else api_key}, "event": "request"{of_whom}, '
        f'"level": "info", "timestamp": "{now.isoformat().replace("+00:00", "Z")}"}}'
    )


@functools.lru_cache(TEXTS_KNOWN_MAX)
def _json_of(text: str | None) -> str:
    """A text that comes again and again as JSON."""
    return NULL if text is None else encode_basestring(text)
