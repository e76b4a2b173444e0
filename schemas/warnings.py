"""Warnings on the wire: what to check about a trade that was accepted all the same."""

from marshmallow import fields

from schemas.strict import StrictSchema
from service.domain.transactions import Transaction
from service.domain.warnings import CODES, warnings_of


class WarningSchema(StrictSchema):
    """One warning: its code, and a sentence with the figures that says what to check."""

    code = fields.String(required=True, metadata={"enum": list(CODES)})
    detail = fields.String(required=True)


def warnings_document(entry: Transaction) -> list[dict[str, str]]:
    """The warnings of an entry; an empty list without one."""
    return [warning._asdict() for warning in warnings_of(entry)]
