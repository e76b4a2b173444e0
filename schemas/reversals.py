"""The reversal of many trades on the wire: their ids, or a consignment, and the entries that reverse them."""

import re
import uuid
from typing import Any

from marshmallow import ValidationError, fields, post_load
from marshmallow.validate import Length

from schemas.fields import Slug, Text
from schemas.residents import REASON_LENGTH_MAX
from schemas.strict import StrictSchema, Translated
from schemas.transactions import MARK_LENGTH_MAX, TransactionSchema
from service.domain.reversals import REVERSALS_MAX, TradesToReverse
from service.domain.transactions import DEFAULT_TRADE_POINT

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class TransactionId(Translated):
    """A transaction: its UUID."""

    slug = "not-a-transaction-id"
    properties = {"format": "uuid", "examples": ["01900000-0000-7000-8000-000000000000"]}  # noqa: RUF012 (as in the base)

    def parse(self, text: str) -> uuid.UUID:
        """Reads the id."""
        if _UUID.fullmatch(text) is None:
            raise ValueError("Send the transaction_id of a trade, a UUID of 36 characters.")
        return uuid.UUID(text)


class ReversalsSchema(StrictSchema):
    """The reason, and either the trades to reverse or a consignment, all of whose live trades are reversed."""

    reason = Text(REASON_LENGTH_MAX, required=True)
    transaction_ids = fields.List(
        TransactionId(),
        validate=Length(1, REVERSALS_MAX, error=f"wrong-number: Send 1 to {REVERSALS_MAX:,} trades."),
        error_messages={"invalid": "not-a-list: Send a list of transaction ids."},
    )
    consignment = Text(MARK_LENGTH_MAX)
    trade_point = Slug(metadata={"default": DEFAULT_TRADE_POINT})

    @post_load
    def asked(self, data: dict[str, Any], **_kwargs: Any) -> TradesToReverse:
        """Checks that the trades are named in exactly one way, and each of them once."""
        ids, consignment = data.get("transaction_ids"), data.get("consignment")
        if (ids is None) == (consignment is None):
            raise ValidationError({"transaction_ids": ["one-way: Send either transaction_ids or a consignment."]})
        if ids is not None and "trade_point" in data:
            raise ValidationError({"trade_point": ["not-used: Send it with a consignment only."]})
        first: dict[uuid.UUID, int] = {}
        repeated = [place for place, each in enumerate(ids or ()) if first.setdefault(each, place) != place]
        if repeated:
            raise ValidationError({"transaction_ids": {repeated[0]: ["repeated: Send each trade once."]}})
        return TradesToReverse(data["reason"], ids, consignment, data.get("trade_point", DEFAULT_TRADE_POINT))


class ReversalEntriesSchema(StrictSchema):
    """The reversals, in the order in which the trades were named, or in which the ledger had accepted them."""

    items = fields.List(fields.Nested(TransactionSchema), required=True)
