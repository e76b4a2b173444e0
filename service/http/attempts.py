"""The attempt of a request that may have an idempotency key and makes no entry of the journal."""

from service.commands.once import Attempt
from service.domain.idempotency import key_digest, request_fingerprint
from service.domain.personal_data import redacted
from service.http.request_context import request_context


def attempt_of(route: str, *meaning: object) -> Attempt | None:
    """The current request under its idempotency key, if it has one; `meaning` must be the same in a retry.

    A text with a citizen number is refused, and the fingerprint that is kept of the request does not tell the number.
    """
    context = request_context()
    if context.idempotency_key is None:
        return None
    fingerprint = request_fingerprint(*(_without_numbers(value) for value in meaning))
    digest = key_digest(context.caller.id, route, context.idempotency_key)
    return Attempt(digest, fingerprint, context.request_id)


def replayed(attempt: Attempt | None) -> dict[str, str]:
    """The header of an answer that an earlier request has got as well."""
    return {"Idempotency-Replayed": "true"} if attempt is not None and attempt.told is not None else {}


def _without_numbers(meaning: object) -> object:
    if isinstance(meaning, str):
        return redacted(meaning)
    if isinstance(meaning, dict):
        return {name: _without_numbers(value) for name, value in meaning.items()}
    if isinstance(meaning, list | tuple):
        return [_without_numbers(value) for value in meaning]
    return meaning
