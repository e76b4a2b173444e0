"""Residents and groups on the wire."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length, Range

from schemas.choices import Count, OneOf
from schemas.examples import EXAMPLES
from schemas.fields import (
    BusinessDay,
    CitizenNumber,
    GroupId,
    Instant,
    ResidentId,
    ResidentName,
    SignedCny,
    SignedKg,
    Text,
    TradingDay,
)
from schemas.recorder import RecorderSchema
from schemas.strict import StrictSchema, Translated
from service.domain.name_search import parse_name_part
from service.domain.residents import NAME_LENGTH_MAX, STATUSES

SETTLEMENT_LENGTH_MAX = 60
NOT_A_SETTLEMENT = "not-a-settlement"
REASON_LENGTH_MAX = 200
MEMBERS_MAX = 1000
FOUND_MAX, FOUND_LIMIT = 50, 20
GROUP_NAME_LENGTH_MAX = 60
GROUP_KINDS = ("mutual_aid", "cooperative", "village")
"""The kinds of group that the page offers. The API takes any text."""
PAGE_LIMIT_MAX = 500
PAGE_LIMIT = 50


def settlement_field(**kwargs: Any) -> Text:
    """A field for a settlement's name. The name has no comma, because filters are lists with commas."""
    return Text(SETTLEMENT_LENGTH_MAX, validate=_no_comma, **kwargs)


def _no_comma(text: str) -> None:
    if "," in text:
        raise ValidationError(f"{NOT_A_SETTLEMENT}: Send a name without a comma.")


def cursor_field() -> fields.String:
    """A field for a cursor. It accepts any text, because a wrong cursor is refused later with its own code."""
    return fields.String(metadata={"description": "As the page before gave it in next_cursor, unchanged."})


class NamePart(Translated):
    """A name, or a part of one, that residents are searched by."""

    slug = "not-a-name"
    properties: ClassVar[dict[str, Any]] = {
        "minLength": 1,
        "maxLength": NAME_LENGTH_MAX,
        "examples": [EXAMPLES["resident_name"]],
        "description": "Case, blanks, dots and hyphens count for nothing.",
    }

    def parse(self, text: str) -> str:
        """Reads the text, and returns the form in which names are compared."""
        if len(text) > NAME_LENGTH_MAX:
            raise ValueError(f"Send 1 to {NAME_LENGTH_MAX} characters.")
        return parse_name_part(text)


class RegistrationSchema(StrictSchema):
    """A resident to be registered."""

    name = ResidentName(required=True)
    id_number = CitizenNumber(required=True)
    registered_on = BusinessDay(required=True)
    valid_until = BusinessDay(allow_none=True, load_default=None)
    settlement = settlement_field(allow_none=True, load_default=None)
    group_id = GroupId(allow_none=True, load_default=None)


class ResidentSchema(StrictSchema):
    """A resident, name and number masked."""

    resident_id = fields.String(required=True, metadata={"pattern": "^R[0-9]{8}$"})
    name = fields.String(required=True, metadata={"examples": [EXAMPLES["masked_name"]]})
    id_number = fields.String(required=True, metadata={"examples": ["1525**********1238"]})
    status = fields.String(required=True, metadata={"enum": [*STATUSES, "expired"]})
    registered_on = BusinessDay(required=True)
    valid_until = BusinessDay(required=True, allow_none=True)
    settlement = fields.String(required=True, allow_none=True)
    group_id = fields.String(required=True, allow_none=True)
    created_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class ResidentListQuerySchema(StrictSchema):
    """The filters of the list of residents, and the page."""

    status = OneOf(*STATUSES, "expired")
    settlement = settlement_field()
    group_id = GroupId()
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class ResidentPageSchema(StrictSchema):
    """One page of residents; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(ResidentSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class LookupSchema(StrictSchema):
    """A citizen number to look up."""

    id_number = CitizenNumber(required=True)


class NameSearchSchema(StrictSchema):
    """A name to search for, and how many residents to show."""

    name = NamePart(required=True)
    limit = fields.Integer(
        strict=True,
        load_default=FOUND_LIMIT,
        validate=Range(1, FOUND_MAX, error=f"not-a-count: Send a whole number from 1 to {FOUND_MAX}."),
        error_messages={"invalid": f"not-a-count: Send a whole number from 1 to {FOUND_MAX}."},
    )


class FoundResidentsSchema(StrictSchema):
    """The residents that a search has found, equal names first; `has_more` tells that the limit has cut the list."""

    items = fields.List(fields.Nested(ResidentSchema), required=True)
    has_more = fields.Boolean(required=True)


class StatusChangeSchema(StrictSchema):
    """A status and the day from which it holds; today if left out."""

    status = OneOf(*STATUSES, required=True)
    reason = Text(REASON_LENGTH_MAX, required=True)
    effective_on = BusinessDay(load_default=None)


class ReasonSchema(StrictSchema):
    """The reason for an action; the ledger keeps it with the action."""

    reason = Text(REASON_LENGTH_MAX, required=True)

    @post_load
    def unwrap(self, data: dict[str, str], **_kwargs: Any) -> str:
        """Returns the reason alone."""
        return data["reason"]


class RevealedSchema(StrictSchema):
    """A resident's name and number in full."""

    resident_id = fields.String(required=True)
    name = fields.String(required=True)
    id_number = fields.String(required=True)


class AllowanceQuerySchema(StrictSchema):
    """The business day; today if left out."""

    day = TradingDay(load_default=None)


class QuantityLimitSchema(StrictSchema):
    """The free weight of a list group, the weight that is used, and the weight that is left."""

    list_group = fields.String(required=True)
    limit_kg = SignedKg(required=True, attribute="limit_g")
    used_kg = SignedKg(required=True, attribute="used_g")
    remaining_kg = SignedKg(required=True, attribute="remaining_g")


class AllowanceSchema(StrictSchema):
    """The allowance of a resident on a business day: what is used and what is left."""

    resident_id = fields.String(required=True)
    day = BusinessDay(required=True)
    limit_cny = SignedCny(required=True, attribute="limit_fen")
    exempt_used_cny = SignedCny(required=True, attribute="exempt_used_fen")
    remaining_cny = SignedCny(required=True, attribute="remaining_fen")
    rule_version = fields.String(required=True)
    quantity_limits = fields.List(fields.Nested(QuantityLimitSchema), required=True)


class NewGroupSchema(StrictSchema):
    """A group to be made."""

    name = Text(GROUP_NAME_LENGTH_MAX, required=True)
    kind = Text(40, required=True, metadata={"description": "What it is, such as mutual_aid, cooperative or village."})


class GroupSchema(StrictSchema):
    """A group and how many residents belong to it today."""

    group_id = GroupId(required=True, attribute="ordinal")
    name = fields.String(required=True)
    kind = fields.String(required=True)
    members = fields.Integer(required=True)
    created_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class GroupPageSchema(StrictSchema):
    """One page of groups."""

    items = fields.List(fields.Nested(GroupSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PageQuerySchema(StrictSchema):
    """A place in a list, and how many to show."""

    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class MembersSchema(StrictSchema):
    """Residents to join a group.

    Without `effective_on` a first membership counts from the resident's registration, a move from today.
    """

    resident_ids = fields.List(
        ResidentId(),
        required=True,
        validate=Length(1, MEMBERS_MAX, error=f"wrong-number: Send 1 to {MEMBERS_MAX} residents."),
        error_messages={"invalid": "not-a-list: Send a list of resident ids."},
    )
    effective_on = BusinessDay(load_default=None)
