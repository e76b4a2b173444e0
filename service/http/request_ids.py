"""Request ids: the caller's own if it is a plain one, else a new one.

Request ids stand in the log and in the audit, so one that holds a citizen number is not taken either.
"""

import re

import uuid_utils

from service.domain.personal_data import has_citizen_number

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def accept_request_id(sent: str | None) -> str:
    """The id under which a request is answered and logged."""
    if sent is not None and _PLAIN.fullmatch(sent) and not has_citizen_number(sent):
        return sent
    return uuid_utils.uuid7().hex
