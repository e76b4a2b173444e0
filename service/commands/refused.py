"""Refusals as they are remembered: the text that is kept under an idempotency key, and the refusal of a text."""

from typing import Any

import orjson

from service.domain.errors import FieldError, Refusal, refusal_class


def refusal_text(refusal: Refusal, request_id: str, fingerprint: bytes) -> str:
    """The refusal as it is answered again, and what was asked: no entry of the journal tells that."""
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
    """The refusal of a text that `refusal_text` has written, read as JSON; it names the request that got it first."""
    errors = tuple(FieldError(**error) for error in document["errors"])
    refusal = refusal_class(document["code"])(document["detail"], errors=errors, **document["members"])
    refusal.first_request_id = document["request_id"]
    return refusal
