"""Groups (互助组, 合作社, 村集体): named sets of residents. A resident is in one group at a time at most."""

import re

ORDINAL_MAX = 999_999
_GROUP_ID = re.compile(r"G([0-9]{6})", re.ASCII)


def group_id(ordinal: int) -> str:
    """The public id of a group: ordinal 7 is "G000007"."""
    return f"G{ordinal:06d}"


def parse_group_id(text: str) -> int:
    """The ordinal of a public id. Raises ValueError that says what to send."""
    match = _GROUP_ID.fullmatch(text)
    if match is None or match[1] == "000000":
        raise ValueError('Send a group id as "G" and 6 digits, such as "G000001".')
    return int(match[1])
