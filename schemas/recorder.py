"""The recorder of an entry or of an audit record on the wire: an API key with its id and its name."""

from marshmallow import fields

from schemas.strict import StrictSchema


class RecorderSchema(StrictSchema):
    """The API key under which something was done."""

    id = fields.Integer(required=True)
    name = fields.String(required=True, allow_none=True)
