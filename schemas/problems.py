"""Problems on the wire (RFC 9457)."""

from marshmallow import INCLUDE, fields

from schemas.strict import StrictSchema


class FieldErrorSchema(StrictSchema):
    """One thing that is wrong in a request, and what to send instead."""

    pointer = fields.String(required=True)
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(StrictSchema):
    """Why a request was refused. `code` is stable; further members belong to single codes."""

    class Meta:
        """Other members are allowed, because single codes have more of them."""

        unknown = INCLUDE

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldErrorSchema))
