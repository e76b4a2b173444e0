"""Request ids: a request keeps the id that the caller sent when it is a plain one, else it gets a new one.

The log and the audit hold request ids, so an id that holds a citizen number is not accepted either.
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
