"""The trades that one request wants to reverse together."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

REVERSALS_MAX = 10_000


class TradesToReverse(NamedTuple):
    """The trades that a request names by their ids, or the consignment at a trade point that they belong to.

    One of `transaction_ids` and `consignment` is None.
    """

    reason: str
    transaction_ids: Sequence[UUID] | None
    consignment: str | None
    trade_point: str
