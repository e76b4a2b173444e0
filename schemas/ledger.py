"""The ledger's head, blocks and proofs on the wire."""

from marshmallow import fields

from schemas.fields import Instant
from schemas.strict import StrictSchema
from schemas.transactions import ProvenTransactionSchema


class HeadSchema(StrictSchema):
    """The newest block, the numbers of entries and the last verification of the ledger.

    `block` is 0 and `hash` null before the first fold.
    """

    block = fields.Integer(required=True)
    hash = fields.String(required=True, allow_none=True)
    transactions = fields.Integer(required=True)
    tail = fields.Integer(required=True)
    verified_at = Instant(required=True, allow_none=True)


class RegisterHeadSchema(StrictSchema):
    """The newest fact of the register when a block was sealed: its number, and its MAC over all facts up to it."""

    no = fields.Integer(required=True)
    mac = fields.String(required=True)


class BlockSchema(StrictSchema):
    """A sealed block: its link to the block before, and the Merkle root over its transactions."""

    no = fields.Integer(required=True)
    previous_hash = fields.String(required=True)
    hash = fields.String(required=True)
    merkle_root = fields.String(required=True)
    count = fields.Integer(required=True)
    sealed_at = Instant(required=True)
    register = fields.Nested(RegisterHeadSchema, required=True, allow_none=True)


class SealedExtraSchema(StrictSchema):
    """The values of an entry that its block seals and that the answer for a transaction does not show."""

    exempt_quantity_g = fields.Integer(required=True)
    list_group = fields.String(required=True, allow_none=True)
    warnings = fields.String(required=True, allow_none=True)


class StepSchema(StrictSchema):
    """One step from a leaf up to the root."""

    side = fields.String(required=True, metadata={"enum": ["left", "right"]})
    hash = fields.String(required=True)


class ProofSchema(StrictSchema):
    """The Merkle path from a transaction to its block; docs/CHAIN.md says how to check it offline."""

    transaction = fields.Nested(ProvenTransactionSchema, required=True)
    sealed_extra = fields.Nested(SealedExtraSchema, required=True)
    leaf_hash = fields.String(required=True)
    path = fields.List(fields.Nested(StepSchema), required=True)
    block = fields.Nested(BlockSchema, required=True)
