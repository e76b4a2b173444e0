"""Enterprises on the wire."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from schemas.choices import Count, OneOf
from schemas.examples import EXAMPLES
from schemas.fields import BusinessDay, Instant, Text
from schemas.recorder import RecorderSchema
from schemas.residents import PAGE_LIMIT, PAGE_LIMIT_MAX, REASON_LENGTH_MAX, cursor_field
from schemas.strict import StrictSchema, Translated
from service.domain.enterprises import (
    CREDIT_CODE_CHARACTERS,
    CREDIT_CODE_LENGTH,
    ENTERPRISE_KINDS,
    ENTERPRISE_NAME_LENGTH_MAX,
    ENTERPRISE_NAME_LENGTH_MIN,
    parse_credit_code,
    parse_enterprise_name,
)
from service.domain.residents import STATUSES

EXAMPLE_CODE = "91350100M000100Y43"


class CreditCode(Translated):
    """A unified social credit code by GB 32100-2015; lower case becomes upper case."""

    slug = "not-a-credit-code"
    properties: ClassVar[dict[str, Any]] = {
        "pattern": f"^[{CREDIT_CODE_CHARACTERS}{CREDIT_CODE_CHARACTERS[10:].lower()}]{{{CREDIT_CODE_LENGTH}}}$",
        "examples": [EXAMPLE_CODE],
        "description": "GB 32100-2015: 18 characters, the last of which is the check character of the others.",
    }

    def parse(self, text: str) -> str:
        """Reads the code, and returns it in capital letters."""
        return parse_credit_code(text)


class EnterpriseName(Text):
    """An enterprise's name in any script."""

    slug = "not-a-name"

    def __init__(self, **kwargs: Any) -> None:
        """A name has ENTERPRISE_NAME_LENGTH_MIN to ENTERPRISE_NAME_LENGTH_MAX characters."""
        told = {"minLength": ENTERPRISE_NAME_LENGTH_MIN, "examples": [EXAMPLES["enterprise_name"]]}
        super().__init__(ENTERPRISE_NAME_LENGTH_MAX, metadata=told, **kwargs)

    def parse(self, text: str) -> str:
        """Reads the name, and returns it in its normal form."""
        return parse_enterprise_name(super().parse(text))


def _each_once(kinds: list[str]) -> None:
    if len(set(kinds)) < len(kinds):
        raise ValidationError("repeated: Name each kind once.")


class NewEnterpriseSchema(StrictSchema):
    """An enterprise to be registered: from a day on, to another day or without an end."""

    name = EnterpriseName(required=True)
    credit_code = CreditCode(required=True)
    kinds = fields.List(
        OneOf(*ENTERPRISE_KINDS),
        required=True,
        validate=[Length(1, len(ENTERPRISE_KINDS), error="wrong-number: Send processor, trader, or both."), _each_once],
        error_messages={"invalid": "not-a-list: Send a list of kinds."},
    )
    valid_from = BusinessDay(required=True)
    valid_until = BusinessDay(allow_none=True, load_default=None)

    @post_load
    def _in_one_order(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Any]:
        """The order of the kinds means nothing, so it is no part of what an idempotency key means."""
        return {**data, "kinds": tuple(kind for kind in ENTERPRISE_KINDS if kind in data["kinds"])}


class EnterpriseSchema(StrictSchema):
    """An enterprise; the status is that of today."""

    enterprise_id = fields.String(required=True, metadata={"pattern": "^E[0-9]{8}$", "examples": ["E00000001"]})
    name = fields.String(required=True, metadata={"examples": [EXAMPLES["enterprise_name"]]})
    credit_code = fields.String(required=True, metadata={"examples": [EXAMPLE_CODE]})
    kinds = fields.List(fields.String(metadata={"enum": list(ENTERPRISE_KINDS)}), required=True)
    status = fields.String(required=True, metadata={"enum": [*STATUSES, "expired"]})
    valid_from = BusinessDay(required=True)
    valid_until = BusinessDay(required=True, allow_none=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class EnterprisesQuerySchema(StrictSchema):
    """The filters of the list of enterprises, and the page."""

    kind = OneOf(*ENTERPRISE_KINDS)
    status = OneOf(*STATUSES, "expired", metadata={"description": "The status of today."})
    name = Text(
        ENTERPRISE_NAME_LENGTH_MAX,
        metadata={"description": "A part of the name; case, blanks and full-width spellings count for nothing."},
    )
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class EnterprisePageSchema(StrictSchema):
    """One page of enterprises, in the order of their ids; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(EnterpriseSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class EnterpriseStatusSchema(StrictSchema):
    """A status from a day on (today if left out), and why."""

    status = OneOf(*STATUSES, required=True)
    reason = Text(REASON_LENGTH_MAX, required=True)
    effective_on = BusinessDay(load_default=None)
