"""Batches on the wire: many trades in one request, and an answer for each line."""

from marshmallow import fields

from schemas.choices import OneOf
from schemas.fields import SignedCny
from schemas.problems import ProblemSchema
from schemas.strict import StrictSchema
from schemas.transactions import TradeSchema
from schemas.warnings import WarningSchema

BATCH_LINES_MAX = 10_000


class BatchLineSchema(TradeSchema):
    """A trade with its own idempotency key."""

    key = fields.String(required=True, metadata={"minLength": 1, "maxLength": 255, "pattern": "^[!-~]{1,255}$"})


class BatchSchema(StrictSchema):
    """Up to 10,000 trades, judged in order; with `atomic` all of them or none."""

    atomic = fields.Boolean(
        truthy={True},
        falsy={False},
        load_default=False,
        error_messages={"invalid": "not-a-boolean: Send true or false."},
    )
    items = fields.List(
        # The schema accepts any value as a line, also null: a bad line is refused as a line, and not with the batch.
        fields.Raw(allow_none=True, metadata={"$ref": "#/components/schemas/BatchLine"}),
        required=True,
        metadata={"minItems": 1, "maxItems": BATCH_LINES_MAX},
        error_messages={"invalid": "not-a-list: Send a list of trades."},
    )


class BatchQuerySchema(StrictSchema):
    """The query of a batch of lines or of a table: their body has no place for `atomic`."""

    atomic = OneOf("true", "false", translate=lambda word: word == "true")


class BatchItemSchema(StrictSchema):
    """The result of one line: an accepted line has the transaction, a refused line has the problem."""

    index = fields.Integer(required=True)
    key = fields.String(required=True, allow_none=True)
    status = fields.Integer(required=True)
    transaction_id = fields.UUID()
    verdict = fields.String()
    exempt_cny = SignedCny(attribute="exempt_fen")
    taxable_cny = SignedCny(attribute="taxable_fen")
    rule_verified = fields.Boolean(allow_none=True)
    warnings = fields.List(fields.Nested(WarningSchema))
    problem = fields.Nested(ProblemSchema)


class BatchAnswerSchema(StrictSchema):
    """The numbers of lines that were accepted, answered again and refused, and the result of each line in order."""

    accepted = fields.Integer(required=True)
    replayed = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    items = fields.List(fields.Nested(BatchItemSchema), required=True)
