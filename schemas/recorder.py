"""Who recorded something, on the wire: an API key by its id and its name."""

from marshmallow import fields

from schemas.strict import StrictSchema


class RecorderSchema(StrictSchema):
    """The API key under which something was done."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
