"""Turns a refusal into the text that is kept under an idempotency key, and the text into the refusal again."""

from typing import Any

import orjson

from service.domain.errors import FieldError, Refusal, refusal_class


def refusal_text(refusal: Refusal, request_id: str, fingerprint: bytes) -> str:
    """The text of a refusal, with everything that the same answer needs later.

    It holds the request's fingerprint too, because no entry of the journal tells what was asked.
    """
    document = {
        "code": refusal.code,
        "detail": refusal.detail,
        "errors": refusal.errors,
        "members": refusal.members,
        "request_id": request_id,
        "fingerprint": fingerprint.hex(),
    }
    return orjson.dumps(document).decode()


def refusal_of(document: dict[str, Any]) -> Refusal:
    """Makes the refusal again from what `refusal_text` wrote; the caller has read that text as JSON.

    `first_request_id` of the refusal is the id of the request that was refused first.
    """
    errors = tuple(FieldError(**error) for error in document["errors"])
    refusal = refusal_class(document["code"])(document["detail"], errors=errors, **document["members"])
    refusal.first_request_id = document["request_id"]
    return refusal
