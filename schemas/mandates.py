"""Mandates on the wire."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema
from marshmallow.validate import Length

from schemas.choices import Count
from schemas.fields import BusinessDay, GroupId, Instant, ResidentId, Text, TradingDay
from schemas.recorder import RecorderSchema
from schemas.residents import MEMBERS_MAX, PAGE_LIMIT, PAGE_LIMIT_MAX, REASON_LENGTH_MAX, cursor_field
from schemas.strict import StrictSchema


def resident_ids_field(**kwargs: Any) -> fields.List[Any]:
    """A field for residents by their ids, in the order in which they are sent; each of them once."""
    number = Length(1, MEMBERS_MAX, error=f"wrong-number: Send 1 to {MEMBERS_MAX} residents.")
    return fields.List(
        ResidentId(),
        validate=[number, _each_once],
        error_messages={"invalid": "not-a-list: Send a list of resident ids."},
        **kwargs,
    )


def _each_once(ordinals: list[int]) -> None:
    if len(set(ordinals)) < len(ordinals):
        raise ValidationError("repeated: Name each resident once.")


class WhomSchema(StrictSchema):
    """Residents, either by their ids or as the members of a group."""

    group_id = GroupId(allow_none=True, load_default=None, attribute="group")
    resident_ids = resident_ids_field(allow_none=True, load_default=None, attribute="residents")

    @validates_schema
    def _one_of_both(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if (data.get("group") is None) == (data.get("residents") is None):
            raise ValidationError("one-of-both: Send either group_id or resident_ids.", "group_id")


class NewMandateSchema(WhomSchema):
    """A representative, and the residents for whom the representative may declare from a day to a day."""

    representative_id = ResidentId(required=True, attribute="representative")
    valid_from = TradingDay(required=True)
    valid_until = TradingDay(required=True, metadata={"description": "A year after valid_from at the latest."})


class MandateSchema(StrictSchema):
    """A mandate; `withdrawn_from` is the day from which it does not hold any more, null when it was not withdrawn."""

    mandate_id = fields.String(required=True, metadata={"pattern": "^M[0-9]{8}$", "examples": ["M00000001"]})
    representative_id = ResidentId(required=True, attribute="representative")
    resident_id = ResidentId(required=True, attribute="resident")
    valid_from = BusinessDay(required=True)
    valid_until = BusinessDay(required=True)
    withdrawn_from = BusinessDay(required=True, allow_none=True)
    recorded_at = Instant(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True, allow_none=True)


class MandatesSchema(StrictSchema):
    """The mandates that a request has given."""

    items = fields.List(fields.Nested(MandateSchema), required=True)


class MandatePageSchema(MandatesSchema):
    """One page of mandates, newest first; `next_cursor` is null at the end."""

    next_cursor = fields.String(required=True, allow_none=True)


class MandatesQuerySchema(StrictSchema):
    """The filters of the list of mandates, and the page."""

    representative_id = ResidentId(attribute="representative")
    resident_id = ResidentId(attribute="resident")
    day = TradingDay(metadata={"description": "Only mandates that hold on this day."})
    cursor = cursor_field()
    limit = Count(1, PAGE_LIMIT_MAX, load_default=PAGE_LIMIT)


class WithdrawalSchema(StrictSchema):
    """From which day a mandate does not hold any more (today if left out), and why."""

    effective_on = TradingDay(load_default=None)
    reason = Text(REASON_LENGTH_MAX, required=True)
