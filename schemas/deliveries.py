"""A row of a table of deliveries, as the import of transfers reads it."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from schemas.choices import OneOf
from schemas.fields import BusinessDay, Cny, Kg, Slug, Text
from schemas.strict import StrictSchema
from schemas.transactions import COMMODITY_LENGTH_MAX, MARK_LENGTH_MAX
from service.domain.transactions import DEFAULT_TRADE_POINT
from service.domain.transfers import PURPOSES


class DeliveryRowSchema(StrictSchema):
    """A trade or a truck that goes on to an enterprise, with the papers of its delivery."""

    enterprise = Text(COMMODITY_LENGTH_MAX, load_default=None)
    credit_code = Text(MARK_LENGTH_MAX, load_default=None)
    purpose = OneOf(*PURPOSES, required=True)
    transferred_on = BusinessDay(required=True)
    trade_point = Slug(load_default=DEFAULT_TRADE_POINT)
    consignment = Text(MARK_LENGTH_MAX, load_default=None)
    transaction_id = Text(MARK_LENGTH_MAX, load_default=None)
    reference = Text(MARK_LENGTH_MAX, load_default=None)
    quantity_kg = Kg(attribute="quantity_g", load_default=None)
    paid_cny = Cny(attribute="paid_fen", load_default=None)
    contract = Text(MARK_LENGTH_MAX, load_default=None)
    invoice = Text(MARK_LENGTH_MAX, load_default=None)

    @validates_schema(skip_on_field_errors=False)
    def _names_what_goes_where(self, data: dict[str, Any], **_kwargs: Any) -> None:
        wrong: dict[str, str] = {}
        if data.get("enterprise") is None and data.get("credit_code") is None:
            wrong["enterprise"] = "required: Send the enterprise by its id, its credit code or its name."
        if data.get("transaction_id") is None and data.get("reference") is None:
            if data.get("consignment") is None:
                wrong["transaction_id"] = "required: Send a trade by its id or its document number, or a whole truck."
            elif data.get("quantity_g") is not None:
                wrong["quantity_kg"] = "no-trade: A whole truck goes on without a quantity; name the trade as well."
        if wrong:
            raise ValidationError({name: [message] for name, message in wrong.items()})
