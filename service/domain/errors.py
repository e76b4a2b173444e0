"""What can be refused: each refusal knows its code and status, the edge only prints them.

The codes are the contract's table. `remembered` marks the final answers: a retry with the same idempotency key
gets the same refusal, also when things have changed since.
"""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong in a payload: where it stands (a JSON pointer), a slug, and what to send instead."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """A request that Hushi answers with a problem document instead of a result."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"
    remembered: ClassVar[bool] = False
    first_request_id: str | None = None
    """The request that was refused so first, where this is the answer to a retry."""

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), **members: object) -> None:
        """`detail` is for people, `errors` name fields, `members` are further fields of the problem document."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.members = members

    def without_frames(self) -> Self:
        """Itself, for a list: with the frames through which it came, list and refusal would hold each other.

        What 10,000 lines became would then stay in memory until Python looks for cycles.
        """
        self.__traceback__ = self.__context__ = None
        return self


class MalformedJson(Refusal):
    """The body is not the JSON that it claims to be."""

    status, code, title = 400, "malformed-json", "The body is not well-formed JSON"


class MalformedEncoding(MalformedJson):
    """The body can't be unpacked; of the contract's codes this is the one for a body that is not what it says."""

    title = "The body is not what its Content-Encoding says"


class IdempotencyKeyMissing(Refusal):
    """A write of transactions came without its key."""

    status, code, title = 400, "idempotency-key-missing", "An idempotency key is needed"


class IdempotencyKeyInvalid(Refusal):
    """A key that is not 1 to 255 visible ASCII characters."""

    status, code, title = 400, "idempotency-key-invalid", "The idempotency key can't be used"


class CursorInvalid(Refusal):
    """A cursor that this list did not give out, or that belongs to other filters."""

    status, code, title = 400, "cursor-invalid", "The cursor can't be used"


class Unauthenticated(Refusal):
    """No valid key came with the request."""

    status, code, title = 401, "unauthenticated", "A valid API key is needed"


class Forbidden(Refusal):
    """The key is valid but lacks the scope."""

    status, code, title = 403, "forbidden", "The key lacks the scope"


class NotFound(Refusal):
    """Nothing stands at this address."""

    status, code, title = 404, "not-found", "Not found"


class MethodNotAllowed(Refusal):
    """The address exists, the method does not."""

    status, code, title = 405, "method-not-allowed", "Method not allowed"


class TooLarge(Refusal):
    """The body, or the number of lines in it, is over the limit."""

    status, code, title = 413, "too-large", "Too large"


class UnsupportedMediaType(Refusal):
    """The body is of a kind that this address does not take."""

    status, code, title = 415, "unsupported-media-type", "Unsupported media type"


class UnsupportedEncoding(UnsupportedMediaType):
    """The body is compressed in a way that no address takes."""

    title = "Unsupported content encoding"
    taken: ClassVar[str] = "gzip"


class ResidentExists(Refusal):
    """The citizen number is registered already."""

    status, code, title, remembered = 409, "resident-exists", "The resident is registered already", True


class GroupExists(Refusal):
    """A group of that name and kind is there already; `group_id` names it."""

    status, code, title, remembered = 409, "group-exists", "The group exists already", True


class ReferenceExists(Refusal):
    """Another transaction of the trade point bears the reference."""

    status, code, title, remembered = 409, "reference-exists", "The reference is taken", True


class AlreadyReversed(Refusal):
    """One reversal per trade, ever; `reversal_id` names it."""

    status, code, title, remembered = 409, "already-reversed", "The trade is reversed already", True


class NotReversible(Refusal):
    """A reversal can't be reversed."""

    status, code, title, remembered = 409, "not-reversible", "A reversal can't be reversed", True


class IdempotencyInProgress(Refusal):
    """Another request with the same key is still being carried out."""

    status, code, title = 409, "idempotency-in-progress", "A request with this key is in progress"


class ValidationFailed(Refusal):
    """The payload does not say what it must; `errors` name each field."""

    status, code, title = 422, "validation-failed", "The request does not pass validation"

    @classmethod
    def of(cls, pointer: str, code: str, detail: str) -> "ValidationFailed":
        """The refusal of a single field."""
        return cls(f"{pointer}: {detail}", errors=(FieldError(pointer, code, detail),))


class IdempotencyKeyReused(Refusal):
    """The key was used before, for another request."""

    status, code, title = 422, "idempotency-key-reused", "The idempotency key was used for another request"


class UnknownResident(Refusal):
    """No resident bears this number."""

    status, code, title, remembered = 422, "unknown-resident", "Unknown resident", True


class ResidentNotActive(Refusal):
    """The resident may not trade on that business day, or may not change status any more."""

    status, code, title, remembered = 422, "resident-not-active", "The resident is not active", True


class CategoryHsMismatch(Refusal):
    """The HS code does not belong to the stated category."""

    status, code, title, remembered = 422, "category-hs-mismatch", "The HS code does not fit the category", True


class PersonalData(Refusal):
    """A free text holds a citizen number, which is stored encrypted with its resident or not at all."""

    status, code, title, remembered = 422, "personal-data", "A citizen number stands in a text", True


class AllowanceExceeded(Refusal):
    """The caller would rather not pay, and a part of the trade would be taxed."""

    status, code, title, remembered = 422, "allowance-exceeded", "The allowance does not cover the trade", True


class BatchRefused(Refusal):
    """An atomic batch in which a line was refused; `items` tells which."""

    status, code, title = 422, "batch-refused", "The batch was refused as a whole"


class Unavailable(Refusal):
    """The ledger can't say now; the caller asks again after `retry_after_s` seconds, with the same key."""

    status, code, title = 503, "unavailable", "Try again later"
    retry_after_s: ClassVar[int] = 1


def refusal_class(code: str) -> type[Refusal]:
    """The class of a code: how a remembered refusal becomes one again. Raises KeyError on an unknown code."""
    return {kind.code: kind for kind in Refusal.__subclasses__()}[code]
