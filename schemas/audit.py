"""The audit on the wire: which API key revealed or changed what about which resident, when and why."""

from marshmallow import fields

from schemas.choices import Count, OneOf
from schemas.fields import Instant, ResidentId
from schemas.recorder import RecorderSchema
from schemas.strict import StrictSchema
from schemas.transactions import statement_query
from service.domain.residents import STATUSES

ACTIONS = ("reveal", *(f"status:{status}" for status in STATUSES), "rules:add", "signals:read")
KEY_ID_MAX = 999_999_999

AuditQuerySchema = statement_query(
    "AuditQuerySchema",
    {
        "resident_id": ResidentId(attribute="resident"),
        "action": OneOf(*ACTIONS),
        "recorded_by": Count(1, KEY_ID_MAX, attribute="api_key"),
    },
)


class AuditRecordSchema(StrictSchema):
    """One record of the audit; it holds no name and no citizen number.

    A rule file and a reading of signals are about no resident in particular.
    """

    audit_id = fields.Integer(required=True)
    at = Instant(required=True)
    action = fields.String(required=True, metadata={"enum": list(ACTIONS)})
    resident_id = ResidentId(required=True, allow_none=True, attribute="resident")
    reason = fields.String(required=True)
    recorded_by = fields.Nested(RecorderSchema, required=True)
    request_id = fields.String(required=True)


class AuditPageSchema(StrictSchema):
    """One page of the audit, newest first; `next_cursor` is null at the end."""

    items = fields.List(fields.Nested(AuditRecordSchema), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
