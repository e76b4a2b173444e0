"""The refusals. Each class has its code and its status, and the HTTP layer only prints them.

GET /docs lists the codes. `remembered` marks final answers: a retry with the same idempotency key
gets the same refusal, also when the ledger has changed since.
"""

from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault in a payload: where it is (a JSON pointer), a short code, and what to send instead."""

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
    """When this is the answer to a retry, the id of the request that was refused first."""

    def __init__(self, detail: str, *, errors: tuple[FieldError, ...] = (), **members: object) -> None:
        """Takes `detail` for people, `errors` for the fields, and `members`: more fields of the problem document."""
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.members = members

    def without_frames(self) -> Self:
        """Drops its traceback and its context, and returns itself, so that it can be put into a list.

        With the traceback, the refusal would refer to the frames it came through, and so to the list. The results of
        10,000 lines would then stay in memory until Python looks for cycles.
        """
        self.__traceback__ = self.__context__ = None
        return self


class MalformedJson(Refusal):
    """The body is not the JSON that it claims to be."""

    status, code, title = 400, "malformed-json", "The body is not well-formed JSON"


class MalformedEncoding(MalformedJson):
    """The body can't be decompressed. All bodies that are not what they claim to be have one code."""

    title = "The body is not what its Content-Encoding says"


class IdempotencyKeyMissing(Refusal):
    """A request that writes transactions came without its key."""

    status, code, title = 400, "idempotency-key-missing", "An idempotency key is needed"


class IdempotencyKeyInvalid(Refusal):
    """The key is not 1 to 255 visible ASCII characters."""

    status, code, title = 400, "idempotency-key-invalid", "The idempotency key can't be used"


class CursorInvalid(Refusal):
    """This list has not given out the cursor, or the cursor belongs to other filters."""

    status, code, title = 400, "cursor-invalid", "The cursor can't be used"


class Unauthenticated(Refusal):
    """No valid key came with the request."""

    status, code, title = 401, "unauthenticated", "A valid API key is needed"


class Forbidden(Refusal):
    """The key is valid but lacks the scope."""

    status, code, title = 403, "forbidden", "The key lacks the scope"


class NotFound(Refusal):
    """There is nothing at this address."""

    status, code, title = 404, "not-found", "Not found"


class MethodNotAllowed(Refusal):
    """The address exists, but it does not take this method."""

    status, code, title = 405, "method-not-allowed", "Method not allowed"


class TooLarge(Refusal):
    """The body, or the number of lines in it, is over the limit."""

    status, code, title = 413, "too-large", "Too large"


class UnsupportedMediaType(Refusal):
    """This address does not take bodies of this media type."""

    status, code, title = 415, "unsupported-media-type", "Unsupported media type"


class UnsupportedEncoding(UnsupportedMediaType):
    """No address takes bodies that are compressed in this way."""

    title = "Unsupported content encoding"
    taken: ClassVar[str] = "gzip"


class ResidentExists(Refusal):
    """The citizen number is registered already."""

    status, code, title, remembered = 409, "resident-exists", "The resident is registered already", True


class GroupExists(Refusal):
    """A group of this name and kind exists already; `group_id` names it."""

    status, code, title, remembered = 409, "group-exists", "The group exists already", True


class ConsignmentExists(Refusal):
    """The trade point has a consignment of this name already."""

    status, code, title, remembered = 409, "consignment-exists", "The consignment is registered already", True


class AlreadyWithdrawn(Refusal):
    """The mandate is withdrawn already, and a mandate can be withdrawn once only; `withdrawn_from` is the day."""

    status, code, title, remembered = 409, "already-withdrawn", "The mandate is withdrawn already", True


class ReferenceExists(Refusal):
    """Another transaction of the trade point has this reference."""

    status, code, title, remembered = 409, "reference-exists", "The reference is taken", True


class AlreadyReversed(Refusal):
    """A trade, a transfer or a batch is reversed already, and it can be reversed once only.

    `reversal_id` names the reversal of a trade.
    """

    status, code, title, remembered = 409, "already-reversed", "It is reversed already", True


class NotReversible(Refusal):
    """A reversal can't be reversed."""

    status, code, title, remembered = 409, "not-reversible", "A reversal can't be reversed", True


class HasTransfers(Refusal):
    """Goods of the trade have gone on to an enterprise; `transfer_ids` names the live transfers."""

    status, code, title, remembered = 409, "has-transfers", "Goods of the trade have gone on", True


class EnterpriseExists(Refusal):
    """The unified social credit code is registered already; `enterprise_id` names the enterprise."""

    status, code, title, remembered = 409, "enterprise-exists", "The enterprise is registered already", True


class TransferInBatch(Refusal):
    """A live processing batch has the transfer: so no other batch takes it, and it can't be reversed.

    `processing_batch_id` names the batch.
    """

    status, code, title, remembered = 409, "transfer-in-batch", "The transfer is in a processing batch", True


class IdempotencyInProgress(Refusal):
    """Another request with the same key is still running."""

    status, code, title = 409, "idempotency-in-progress", "A request with this key is in progress"


class ValidationFailed(Refusal):
    """Fields of the payload are missing or wrong; `errors` names each of them."""

    status, code, title = 422, "validation-failed", "The request does not pass validation"

    @classmethod
    def of(cls, pointer: str, code: str, detail: str) -> "ValidationFailed":
        """The refusal of a payload in which one field is wrong, or with an empty pointer the payload itself."""
        return cls(f"{pointer}: {detail}" if pointer else detail, errors=(FieldError(pointer, code, detail),))


class IdempotencyKeyReused(Refusal):
    """The key was used before, for another request."""

    status, code, title = 422, "idempotency-key-reused", "The idempotency key was used for another request"


class UnknownResident(Refusal):
    """No resident has this number."""

    status, code, title, remembered = 422, "unknown-resident", "Unknown resident", True


class ResidentNotActive(Refusal):
    """The resident may not trade on that business day, or may not change status any more."""

    status, code, title, remembered = 422, "resident-not-active", "The resident is not active", True


class CategoryHsMismatch(Refusal):
    """The HS code does not belong to the stated category."""

    status, code, title, remembered = 422, "category-hs-mismatch", "The HS code does not fit the category", True


class HsCodeRequired(Refusal):
    """The category's rule says that an import needs an HS code, and the trade has none."""

    status, code, title, remembered = 422, "hs-code-required", "An HS code is needed", True


class PersonalData(Refusal):
    """A free text contains a citizen number. The ledger stores those with their residents only, and encrypted."""

    status, code, title, remembered = 422, "personal-data", "A citizen number stands in a text", True


class AllowanceExceeded(Refusal):
    """A part of the trade would be taxed, and the caller has asked to refuse it in that case."""

    status, code, title, remembered = 422, "allowance-exceeded", "The allowance does not cover the trade", True


class NotMandated(Refusal):
    """The declarant is not the buyer, and the buyer has given no mandate that covers the business day."""

    status, code, title, remembered = 422, "not-mandated", "The declarant has no mandate", True


class EnterpriseNotActive(Refusal):
    """The enterprise is not registered, not active on the business day, or not of the kind that the purpose needs."""

    status, code, title, remembered = 422, "enterprise-not-active", "The enterprise can't take the goods", True


class QuantityExceeded(Refusal):
    """More of a trade would go on than there is; `transaction_id` names the trade, `left_kg` says what is left."""

    status, code, title, remembered = 422, "quantity-exceeded", "More would go on than there is", True


class SplitOutdated(Refusal):
    """What is left of the consignment or of the allowances is not what it was when the split was proposed."""

    status, code, title = 422, "split-outdated", "The proposal of the split is outdated"


class ConsignmentNotCovered(Refusal):
    """The residents have no room for a part of the consignment, and the caller has not said what becomes of it."""

    status, code, title = 422, "consignment-not-covered", "The residents have no room for the whole consignment"


class BatchRefused(Refusal):
    """A line of an atomic batch was refused, and so the whole batch; `items` tells which line."""

    status, code, title = 422, "batch-refused", "The batch was refused as a whole"


class Unavailable(Refusal):
    """The ledger can't answer now; the caller asks again after `retry_after_s` seconds, with the same key."""

    status, code, title = 503, "unavailable", "Try again later"
    retry_after_s: ClassVar[int] = 1


def refusal_class(code: str) -> type[Refusal]:
    """The class of a code, to build a remembered refusal from its text. Raises KeyError on an unknown code."""
    return {kind.code: kind for kind in Refusal.__subclasses__()}[code]
