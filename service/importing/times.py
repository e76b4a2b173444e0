"""Turns a time, as a clerk or a database writes it, into RFC 3339.

A time without an offset is the market's time. A time with an offset keeps the offset, in any spelling that databases
use.
"""

import datetime
import re
import unicodedata

from service.importing.quoting import shown
from service.importing.recognised import table_of

MARKET_OFFSET = "+08:00"
MICROSECOND_DIGITS = 6
HOURS_OF_A_HALF_DAY = 12

_ADVICE = (
    'send it like "2024-04-01 09:30" where it is the market\'s time, or with its offset like "2024-04-01T01:30:00Z".'
)
_YEAR, _MONTH, _DAY = (table_of("date_signs")[part] for part in ("year", "month", "day"))
_CLOCK_SIGNS = table_of("clock_signs")
_HALVES = table_of("halves_of_the_day")
_DATE = (
    rf"(?P<year>[0-9]{{4}})(?P<sign>[-/.{_YEAR}])(?P<month>[0-9]{{1,2}})(?P<second_sign>[-/.{_MONTH}])"
    rf"(?P<day>[0-9]{{1,2}})(?P<end>[{_DAY}]?)"
)
_CLOCK = (
    rf"(?P<before>{_HALVES['morning']}|{_HALVES['afternoon']}|[AP]M)? ?(?P<hour>[0-9]{{1,2}})"
    r"(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]{1,30}))?)?"
    rf"|[{_CLOCK_SIGNS['hour']}](?:(?P<minute_zh>[0-9]{{1,2}}){_CLOCK_SIGNS['minute']}"
    rf"(?:(?P<second_zh>[0-9]{{1,2}}){_CLOCK_SIGNS['second']})?)?)"
    r"(?: ?(?P<after>[AP]M))?"
)
_OFFSET = (
    r"(?P<offset> ?(?P<utc>Z|UTC|GMT)"
    r"| ?(?:UTC|GMT)?(?P<offset_sign>[-+])(?P<offset_hour>[0-9]{1,2})(?::?(?P<offset_minute>[0-9]{2}))?)?"
)
_WRITTEN_OUT = re.compile(rf"{_DATE}(?:(?: ?T ?| +|(?<=[{_DAY}])){_CLOCK}{_OFFSET})?", re.ASCII | re.IGNORECASE)
_DIGITS_ONLY = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    rf"(?:[T ]?(?P<hour>[0-9]{{2}})(?P<minute>[0-9]{{2}})(?P<second>[0-9]{{2}})?{_OFFSET})?",
    re.ASCII | re.IGNORECASE,
)
_DATE_SIGNS = frozenset({("-", "-", ""), ("/", "/", ""), (".", ".", ""), *((_YEAR, _MONTH, end) for end in _DAY)})
_AFTERNOON = frozenset({_HALVES["afternoon"], "PM"})


def instant(cell: str) -> str:
    """A clerk's time, which is market time, in RFC 3339: "2024/4/1 9:30" is 2024-04-01T09:30:00+08:00.

    A value with an offset keeps its offset: "2024-04-01 01:30:00+00" is 2024-04-01T01:30:00+00:00. A day without a
    time becomes the first instant of the day, 00:00:00. The business day is right then. Everybody sees that midnight
    is no trading hour, but noon would look like a recorded fact. Raises a ValueError that says what to send instead.
    """
    text = unicodedata.normalize("NFKC", cell)
    match = _WRITTEN_OUT.fullmatch(text) or _DIGITS_ONLY.fullmatch(text)
    if match is None:
        raise ValueError(f"{shown(cell)} is no time; {_ADVICE}")
    found = match.groupdict()
    if "sign" in found and (found["sign"], found["second_sign"], found["end"]) not in _DATE_SIGNS:
        raise ValueError(f"{shown(cell)} is no date; {_ADVICE}")
    try:
        moment = datetime.datetime(  # noqa: DTZ001 (only asked whether it exists; the offset is written out below)
            _number(found, "year"),
            _number(found, "month"),
            _number(found, "day"),
            _hour(found),
            _number(found, "minute", "minute_zh"),
            _number(found, "second", "second_zh"),
        )
    except ValueError:
        raise ValueError(f"{shown(cell)} does not exist in the calendar or on the clock; read it again.") from None
    fraction = (found.get("fraction") or "")[:MICROSECOND_DIGITS]
    return f"{moment.isoformat()}{fraction and '.'}{fraction}{_offset(cell, found)}"


def _number(found: dict[str, str | None], *names: str) -> int:
    """The number of the first named part that was found; 0 when none was found."""
    return int(next((text for name in names if (text := found.get(name))), 0))


def _hour(found: dict[str, str | None]) -> int:
    """The hour on a 24-hour clock.

    Raises ValueError on an hour that its half of the day does not have, and when the half is there twice.
    """
    hour = _number(found, "hour")
    half = (found.get("before") or found.get("after") or "").upper()
    if not half:
        return hour
    is_afternoon = half in _AFTERNOON
    if (hour > HOURS_OF_A_HALF_DAY and not is_afternoon) or (hour == 0 and is_afternoon):
        raise ValueError(f"There is no {hour} o'clock in this half of the day.")
    if found.get("before") and found.get("after"):
        raise ValueError("The half of the day is there twice.")
    if hour > HOURS_OF_A_HALF_DAY:
        return hour
    return hour % HOURS_OF_A_HALF_DAY + (HOURS_OF_A_HALF_DAY if is_afternoon else 0)


def _offset(cell: str, found: dict[str, str | None]) -> str:
    if found["offset"] is None:
        return MARKET_OFFSET
    if found["utc"] is not None:
        return "Z" if found["utc"].upper() == "Z" else "+00:00"
    if found["offset_sign"] == "-" and not (found["second"] or found.get("second_zh")):
        # "09:30-10:00" may be a range of time or a time west of Greenwich. Databases write the seconds as well.
        raise ValueError(f"{shown(cell)} can be read in two ways; {_ADVICE}")
    return f"{found['offset_sign']}{found['offset_hour']:0>2}:{found['offset_minute'] or '00'}"
